"""Mails about requests: to who may decide, and back to who asked. Each in the reader's own language and zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_console.access.models import Membership
from partner_console.access.policy import Role
from partner_console.web.mail import absolute_url, queue_mail

from . import selectors
from .registry import get_checked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor

    from .models import Approval


def tell_second_people(actor: Actor, approval: Approval) -> None:
    """Everybody who may decide, and nobody who had a hand in it."""
    _tell(selectors.second_people(actor, approval), approval, "approval_asked")


def tell_asker(actor: Actor, approval: Approval) -> None:
    """What became of their request, unless they ended it themselves or are gone."""
    if approval.asked_by_id is None or approval.asked_by_id == actor.user_pk:
        return
    people = Membership.objects.filter(partner_id=approval.partner_id, user_id=approval.asked_by_id)
    _tell(people.active().select_related("user", "partner"), approval, "approval_ended")


def tell_owners(_actor: Actor, approval: Approval) -> None:
    """That somebody decided alone, the owner who did so included: a mail stays when a session was not theirs."""
    people = Membership.objects.filter(partner_id=approval.partner_id, role=Role.OWNER)
    _tell(people.active().select_related("user", "partner").order_by("pk"), approval, "approval_alone")


def _tell(people: Iterable[Membership], approval: Approval, template: str) -> None:
    for one in people:
        queue_mail(
            to=one.user.email,
            template=template,
            context={
                "approval": approval,
                "partner": one.partner,
                "title": get_checked(approval.action).title,
                "by": approval.asked_by or approval.asked_label,
                "decider": approval.decided_by or "",
                "url": absolute_url("approvals:approval_detail", approval.pk),
            },
            language=one.user.language or one.partner.language,
            zone=one.user.time_zone or one.partner.time_zone,
            partner_code=one.partner.code,
        )
