"""Pages of linking: staff's under /links/, the customer's under /invite/."""

from __future__ import annotations

from linking.views.customer import invite_decide as invite_decide
from linking.views.customer import invite_decline as invite_decline
from linking.views.customer import invite_done as invite_done
from linking.views.customer import invite_proof as invite_proof
from linking.views.customer import invite_start as invite_start
from linking.views.details import invitation_detail as invitation_detail
from linking.views.details import invitation_resend as invitation_resend
from linking.views.details import invitation_retry as invitation_retry
from linking.views.details import invitation_withdraw as invitation_withdraw
from linking.views.inviting import invitation_new as invitation_new
from linking.views.inviting import invitation_uid as invitation_uid
from linking.views.lists import invitation_list as invitation_list
