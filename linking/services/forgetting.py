"""Contact data is kept for 90 days after the end, also of an invitation that never became a link (design §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from linking.endings import KEPT_FOR
from linking.models import BatchRow, Invitation, InvitationMail, LinkAttempt
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor

BATCH = 500
BATCHES_A_RUN = 20  # the next run goes on


def forget_due(*, actor: Actor) -> int:
    """Forget whom the invitations were for that ended 90 days ago without a link; how many.

    Set-based, in batches each in its own transaction; rows somebody holds are left for the next run. A refused link
    nobody tried again for that long has ended, too. The record stays: UID, company, what was asked and what came of it.
    """
    require(actor, Permission.LINK_INVITE)
    done = 0
    for _number in range(BATCHES_A_RUN):
        forgotten = _forget_batch(actor)
        done += forgotten
        if forgotten < BATCH:
            break
    return done


@transaction.atomic
def _forget_batch(actor: Actor) -> int:
    due = Invitation.objects.visible_to(actor).due_to_forget(timezone.now() - KEPT_FOR)
    held = list(due.select_for_update(skip_locked=True, of=("self",)).order_by("closed_at", "pk")[:BATCH])
    forget(held)
    audit.record_all(audit.entry(actor, Action.LINK_FORGOTTEN, one) for one in held)
    return len(held)


def forget(invitations: Sequence[Invitation]) -> None:
    """Wherever a copy of the contact stands: in mails sent, rows of files, and rounds at the cloud.

    The caller holds the rows locked, and has set `company` to what may stay. What customers agreed to, and the trail,
    stay as they are.
    """
    pks = [one.pk for one in invitations]
    InvitationMail.objects.filter(invitation__in=pks).update(to="")
    for invitation in invitations:
        invitation.email = invitation.note_to_customer = ""
    Invitation.objects.bulk_update(invitations, ["email", "note_to_customer", "company"], batch_size=BATCH)
    company = Invitation.objects.filter(pk=OuterRef("invitation_id")).values("company")
    BatchRow.objects.filter(invitation__in=pks).update(email="", company=Subquery(company), cells=[])
    attempts = list(LinkAttempt.objects.filter(invitation__in=pks).select_related("invitation"))
    for attempt in attempts:
        attempt.asked |= {"email": "", "company": attempt.invitation.company}
    LinkAttempt.objects.bulk_update(attempts, ["asked"], batch_size=BATCH)
