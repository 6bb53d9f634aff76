"""Invitations whose time is over become EXPIRED for good; pages have shown them so since the moment itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from linking.models import Invitation
from linking.states import InvitationState
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

BATCH = 1000


def expire_due(*, actor: Actor) -> int:
    """Close what is overdue, set-based, in batches of 1,000 each in its own transaction; one audit row per invitation.

    Rows somebody holds (a customer answering at this moment) are left for the next run. Returns how many.
    """
    require(actor, Permission.LINK_INVITE)
    total = 0
    while done := _expire_batch(actor):
        total += done
    return total


@transaction.atomic
def _expire_batch(actor: Actor) -> int:
    now = timezone.now()
    due = Invitation.objects.visible_to(actor).due_to_expire(now).order_by("pk")
    batch = list(due.select_for_update(skip_locked=True, of=("self",))[:BATCH])
    Invitation.objects.filter(pk__in=[one.pk for one in batch]).update(
        state=InvitationState.EXPIRED, closed_at=now, updated_at=now
    )
    audit.record_all(
        audit.entry(actor, Action.LINK_EXPIRED, one, changes={"state": [one.state, InvitationState.EXPIRED.value]})
        for one in batch
    )
    return len(batch)
