"""More time for the customer, and a link to be sent by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking import locks
from linking.errors import NothingToResend
from linking.services.mailing import issue_link, plan_reminder
from linking.states import WITH_CUSTOMER
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid

if TYPE_CHECKING:
    from linking.models import Invitation
    from partner_console.access.actor import Actor

CHOICES = (7, 15, 30)  # days from now; 30 is the most a link may be valid (design §5)


@transaction.atomic
def extend(*, actor: Actor, invitation_pk: int, days: int) -> Invitation:
    """Let the customer answer until `days` from now: 7 to 30, and later than the present end. No mail goes out.

    409 unless it is the customer's turn; an invitation that is over is sent anew instead.
    """
    require(actor, Permission.LINK_INVITE)
    invitation = _with_customer(actor, invitation_pk)
    until = timezone.now() + timedelta(days=days)
    if not min(CHOICES) <= days <= max(CHOICES):
        raise Invalid("days_out_of_range", _("A link is valid for 7 to 30 days."), field="days")
    if invitation.expires_at is None or until <= invitation.expires_at:
        raise Invalid("not_longer", _("The link is already valid for that long. Choose more days."), field="days")
    changes = {"expires_at": [str(invitation.expires_at), str(until)]}
    invitation.expires_at, invitation.updated_at = until, timezone.now()
    invitation.version += 1
    invitation.save(update_fields=["expires_at", "version", "updated_at"])
    plan_reminder(invitation)
    audit.record(actor, Action.LINK_EXTENDED, invitation, changes=changes)
    return invitation


@transaction.atomic
def copy_link(*, actor: Actor, invitation_pk: int) -> Invitation:
    """A fresh link to be sent by hand; every earlier one dies. The object carries it once, as `fresh_token`.

    The plain link is never stored, so handing one out is making a new one. 409 unless it is the customer's turn.
    """
    require(actor, Permission.LINK_INVITE)
    invitation = _with_customer(actor, invitation_pk)
    invitation.updated_at = timezone.now()
    invitation.version += 1
    invitation.save(update_fields=["version", "updated_at"])
    audit.record(actor, Action.LINK_COPIED, invitation)
    invitation.fresh_token = issue_link(invitation)
    return invitation


def _with_customer(actor: Actor, invitation_pk: int) -> Invitation:
    invitation = locks.lock_invitation(actor, invitation_pk)
    if invitation.current_state not in WITH_CUSTOMER:
        raise NothingToResend(invitation)
    return invitation
