"""Pages of linked accounts."""

from uids.views.bulk import bulk_cancel as bulk_cancel
from uids.views.bulk import bulk_detail as bulk_detail
from uids.views.bulk import bulk_edit as bulk_edit
from uids.views.bulk import bulk_undo as bulk_undo
from uids.views.controls import account_freeze as account_freeze
from uids.views.controls import account_policy as account_policy
from uids.views.controls import account_unfreeze as account_unfreeze
from uids.views.controls import control_undo as control_undo
from uids.views.controls import purchases_disable as purchases_disable
from uids.views.controls import purchases_enable as purchases_enable
from uids.views.details import account_detail as account_detail
from uids.views.details import account_edit as account_edit
from uids.views.dry_run import control_preview as control_preview
from uids.views.labelling import account_labels as account_labels
from uids.views.lists import account_list as account_list
from uids.views.own_words import label_edit as label_edit
from uids.views.own_words import label_list as label_list
from uids.views.own_words import label_remove as label_remove
from uids.views.own_words import view_remove as view_remove
from uids.views.own_words import view_save as view_save
from uids.views.quotas import bulk_quotas as bulk_quotas
from uids.views.records import control_list as control_list
from uids.views.trusteeship import account_trusteeship as account_trusteeship
