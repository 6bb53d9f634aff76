"""Asking for a second person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from partner_console.access.policy import Permission, require
from partner_console.approvals import mailing
from partner_console.approvals.errors import AlreadyAsked
from partner_console.approvals.models import Approval
from partner_console.approvals.registry import get_checked
from partner_console.audit import services as audit
from partner_console.audit.actions import Action

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor
    from partner_console.approvals.rules import Need

WAITS = timedelta(days=7)


def ask(
    *,
    actor: Actor,
    action: Action,
    subject: Any,
    subject_label: str,
    payload: dict[str, Any],
    reason: str = "",
    blind_answer: str = "",
    because: Need | None = None,
    involved: Iterable[int] = (),
    waits: timedelta = WAITS,
) -> Approval:
    """Ask that somebody else let `action` on `subject` (a saved row with `partner_id`) happen; mail who may decide.

    In the caller's transaction (RuntimeError outside one), under the caller's lock of the subject: the caller has
    checked that the actor may do the action at all. `payload` is JSON; neither it nor `subject_label` may tell
    `blind_answer`, which the second person has to type. `involved` are the pks of others who had a hand in it and so
    cannot decide either. 409 `already_asked` while the same is being waited for.
    """
    require(actor, Permission.APPROVAL_VIEW)
    if not transaction.get_connection().in_atomic_block:
        msg = "A second person is asked inside the transaction that keeps what they are asked for."
        raise RuntimeError(msg)
    get_checked(action)
    hands = sorted({pk for pk in (actor.user_pk, *involved) if pk is not None})
    approval = Approval(
        partner_id=subject.partner_id,
        action=action,
        subject_type=f"{subject._meta.app_label}.{subject._meta.model_name}",
        subject_pk=subject.pk,
        subject_label=subject_label[:200],
        payload=payload,
        reason=reason,
        because=because.as_json() if because else {},
        blind_answer=blind_answer,
        asked_by_id=actor.user_pk,
        asked_label=actor.label[:254],
        involved=hands,
        expires_at=timezone.now() + waits,
    )
    try:
        with transaction.atomic():
            approval.save(force_insert=True)
    except IntegrityError as error:  # the constraint decided: one waiting request of an action on a subject
        raise AlreadyAsked from error
    audit.record(actor, Action.APPROVAL_ASKED, approval, note=reason)
    mailing.tell_second_people(actor, approval)
    return approval
