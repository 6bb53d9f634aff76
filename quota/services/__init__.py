"""Writes on quota. The ledger's own writer is `quota.services.ledger`: other apps come through these."""

from quota.services.alarms import evaluate_warning as evaluate_warning
from quota.services.controls import change_control as change_control
from quota.services.controls import undo as undo
from quota.services.edits import edit_quota as edit_quota
from quota.services.notices import send_recovery as send_recovery
from quota.services.notices import send_warning as send_warning
from quota.services.opening import Opening as Opening
from quota.services.opening import open_credit as open_credit
from quota.services.opening import open_credits as open_credits
from quota.services.usage import apply_credit_figures as apply_credit_figures
from quota.services.usage import sync_partner as sync_partner
from quota.services.warning_rules import set_account_lines as set_account_lines
from quota.services.warning_rules import set_label_lines as set_label_lines
from quota.services.warning_rules import set_partner_lines as set_partner_lines
from quota.services.warning_rules import set_threshold as set_threshold
