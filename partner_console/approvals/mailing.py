"""Mails about requests: to who may decide, and back to who asked. Each in the reader's own language and zone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from partner_console.access.models import Membership
from partner_console.access.policy import Role
from partner_console.web.mail import absolute_url, queue_mail

from . import selectors
from .models import Approval
from .states import ApprovalState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor


QUIET = timedelta(minutes=10)


def tell_second_people(actor: Actor, approval: Approval) -> None:
    """Everybody who may decide, and nobody who had a hand in it.

    One mail for what the same people ask within ten minutes while the first of it still waits: a file of 5,000
    customers is one mail, and the list it leads to has them all.
    """
    same = Approval.objects.visible_to(actor).waiting().exclude(pk=approval.pk)
    if same.filter(
        partner_id=approval.partner_id,
        action=approval.action,
        involved=approval.involved,
        asked_at__gt=approval.asked_at - QUIET,
    ).exists():
        return
    _tell(selectors.second_people(actor, approval), approval, "approval_asked")


def tell_asker(actor: Actor, approval: Approval) -> None:
    """What became of their request, unless they ended it themselves or are gone.

    When many run out of time together, one mail tells of the first.
    """
    if approval.asked_by_id is None or approval.asked_by_id == actor.user_pk or _is_one_of_many(approval):
        return
    people = Membership.objects.filter(partner_id=approval.partner_id, user_id=approval.asked_by_id)
    _tell(people.active().select_related("user", "partner"), approval, "approval_ended")


def tell_owners(_actor: Actor, approval: Approval) -> None:
    """That somebody decided alone, the owner who did so included: a mail stays when a session was not theirs."""
    people = Membership.objects.filter(partner_id=approval.partner_id, role=Role.OWNER)
    _tell(people.active().select_related("user", "partner").order_by("pk"), approval, "approval_alone")


def _is_one_of_many(approval: Approval) -> bool:
    if approval.state != ApprovalState.EXPIRED:
        return False
    same = Approval.objects.filter(partner_id=approval.partner_id, action=approval.action, state=ApprovalState.EXPIRED)
    recent = timezone.now() - QUIET
    return same.filter(asked_by_id=approval.asked_by_id, decided_at__gt=recent).exclude(pk=approval.pk).exists()


def _tell(people: Iterable[Membership], approval: Approval, template: str) -> None:
    for one in people:
        queue_mail(
            to=one.user.email,
            template=template,
            context={
                "approval": approval,
                "partner": one.partner,
                "by": approval.asked_by or approval.asked_label,
                "decider": approval.decided_by or "",
                "url": absolute_url("approvals:approval_detail", approval.pk),
            },
            language=one.user.language or one.partner.language,
            zone=one.user.time_zone or one.partner.time_zone,
            partner_code=one.partner.code,
        )
