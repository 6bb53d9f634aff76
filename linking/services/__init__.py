"""What can be done with an invitation: by staff, by the customer who holds its link, and by the worker."""

from __future__ import annotations

from linking.services.alert import keep_address as keep_address
from linking.services.alert import prove_address as prove_address
from linking.services.alert import save_alert as save_alert
from linking.services.alert import send_alert_code as send_alert_code
from linking.services.answering import approve as approve
from linking.services.answering import customer_actor as customer_actor
from linking.services.answering import decline as decline
from linking.services.answering import prove as prove
from linking.services.answering import record_opened as record_opened
from linking.services.checking_links import confirm_by_hand as confirm_by_hand
from linking.services.checking_links import due_checks as due_checks
from linking.services.checking_links import recheck as recheck
from linking.services.checking_links import run_checks as run_checks
from linking.services.codes import code_sent_at as code_sent_at
from linking.services.codes import prove_code as prove_code
from linking.services.codes import send_code as send_code
from linking.services.drafting import save_draft as save_draft
from linking.services.executing import due_links as due_links
from linking.services.executing import execute_link as execute_link
from linking.services.executing import retry as retry
from linking.services.expiring import expire_due as expire_due
from linking.services.extending import copy_link as copy_link
from linking.services.extending import extend as extend
from linking.services.granting import close_grant as close_grant
from linking.services.granting import grant as grant
from linking.services.granting import repeat_order as repeat_order
from linking.services.granting import withdraw_scopes as withdraw_scopes
from linking.services.inviting import invite as invite
from linking.services.inviting import resend as resend
from linking.services.inviting import send as send
from linking.services.inviting import withdraw as withdraw
from linking.services.reminding import remind as remind
from linking.services.reminding import remind_due as remind_due
from linking.services.signin import ask_code as ask_code
from linking.services.signin import asked_address as asked_address
from linking.services.signin import due_codes as due_codes
from linking.services.signin import forget_old as forget_old
from linking.services.signin import send_customer_code as send_customer_code
from linking.services.signin import session_of as session_of
from linking.services.signin import sign_in as sign_in
from linking.services.signin import sign_out as sign_out
