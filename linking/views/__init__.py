"""Pages of linking: staff's under /links/, the customer's under /invite/."""

from __future__ import annotations

from linking.views.customer import invite_decide as invite_decide
from linking.views.customer import invite_decline as invite_decline
from linking.views.customer import invite_done as invite_done
from linking.views.customer import invite_proof as invite_proof
from linking.views.customer import invite_start as invite_start
