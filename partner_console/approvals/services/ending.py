"""Requests that end without a decision: withdrawn, or their time over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.utils import timezone

from partner_console.access.policy import Permission, require
from partner_console.approvals import locks, mailing, selectors
from partner_console.approvals.errors import NotWaiting
from partner_console.approvals.models import Approval
from partner_console.approvals.registry import CHECKED, get_checked
from partner_console.approvals.states import ApprovalState
from partner_console.audit import services as audit
from partner_console.audit.actions import Action

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)
BATCH = 500


@transaction.atomic
def withdraw(*, actor: Actor, approval_pk: int, note: str = "") -> Approval:
    """Take a request back: whoever asked may, and everybody who may decide. 409 `not_waiting` once it has ended."""
    require(actor, Permission.APPROVAL_VIEW)
    approval = locks.lock_approval(actor, approval_pk)
    ensure_may_withdraw(actor, approval)
    _end(actor, approval, ApprovalState.WITHDRAWN, Action.APPROVAL_WITHDRAWN, note=note.strip())
    if approval.asked_by_id != actor.user_pk:
        mailing.tell_asker(actor, approval)
    return approval


def ensure_may_withdraw(actor: Actor, approval: Approval) -> None:
    """Raise unless the request waits, and the actor asked for it or may decide it. Our own programs may."""
    if not (selectors.may_withdraw(actor, approval) or actor.is_system):
        require(actor, Permission.APPROVAL_DECIDE)
    if not approval.is_waiting:
        raise NotWaiting(approval)


def withdraw_for(*, actor: Actor, subject: Any, note: str = "") -> bool:
    """Withdraw whatever waits on this subject; False when nothing does. Call it before locking the subject."""
    waiting = Approval.objects.visible_to(actor).waiting().filter(
        subject_type=f"{subject._meta.app_label}.{subject._meta.model_name}", subject_pk=subject.pk
    )  # fmt: skip
    pks = list(waiting.order_by("pk").values_list("pk", flat=True))
    for pk in pks:
        withdraw(actor=actor, approval_pk=pk, note=note)
    return bool(pks)


def expire_due(*, actor: Actor) -> int:
    """Make final what nobody decided in time, one by one, each in its own transaction; says how many.

    Safe to run twice and at once: a request somebody is deciding right now is left to them.
    """
    require(actor, Permission.PLATFORM)
    due = Approval.objects.visible_to(actor).due_to_expire().order_by("expires_at", "pk")
    return sum(_expire(actor, pk) for pk in list(due.values_list("pk", flat=True)[:BATCH]))


@transaction.atomic
def _expire(actor: Actor, pk: int) -> bool:
    approval = locks.lock_due(actor, pk)
    if approval is None:
        return False
    _end(actor, approval, ApprovalState.EXPIRED, Action.APPROVAL_EXPIRED)
    mailing.tell_asker(actor, approval)
    logger.info("approval_expired", approval=pk)
    return True


def _end(actor: Actor, approval: Approval, state: ApprovalState, action: Action, *, note: str = "") -> None:
    before = approval.audit_state()
    approval.state, approval.note, approval.decided_at = state, note, timezone.now()
    approval.save(update_fields=["state", "note", "decided_at"])
    audit.record(actor, action, approval, before=before, note=note)
    if approval.action in CHECKED:  # an action that a later version no longer checks ends all the same
        get_checked(approval.action).refuse(actor=actor, approval=approval)
