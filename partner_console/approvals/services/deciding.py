"""Deciding: a second person, never the first; and alone, where there is nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.approvals import blind, locks, mailing, selectors
from partner_console.approvals.errors import (
    EntryDiffers,
    FirstPerson,
    NotAPerson,
    NoTriesLeft,
    NotWaiting,
    SomebodyElseCan,
)
from partner_console.approvals.registry import get_checked
from partner_console.approvals.states import ApprovalState
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import DomainError, Invalid

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval

TRIES = 3


def decide(*, actor: Actor, approval_pk: int, approve: bool, typed: str = "", note: str = "") -> Approval:
    """Approve, and the action happens in the same transaction; or reject, saying why in `note`.

    403 `first_person` for everybody who had a hand in the request, `not_a_person` for a program; 409 `not_waiting`
    once it has ended (deciding twice included); 422 `entry_differs` with the places that differ, and after three
    wrong entries of this person 409 `no_tries_left`. What the executor refuses comes through, and the request waits on.
    """
    require(actor, Permission.APPROVAL_DECIDE)
    outcome = _decide(actor, approval_pk, approve=approve, typed=typed, note=note.strip())
    if isinstance(outcome, DomainError):  # raised out here: the count of wrong entries must stay
        raise outcome
    return outcome


@transaction.atomic
def _decide(actor: Actor, approval_pk: int, *, approve: bool, typed: str, note: str) -> Approval | DomainError:
    approval = locks.lock_approval(actor, approval_pk)
    if not approval.is_waiting:
        raise NotWaiting(approval)
    ensure_second_person(actor, approval)
    if not approve:
        if not note:
            raise Invalid("note_missing", _("Say why, so that whoever asked can put it right."), field="note")
        return _finish(actor, approval, ApprovalState.REJECTED, Action.APPROVAL_REJECTED, note=note)
    if (wrong := _check_entry(actor, approval, typed)) is not None:
        return wrong
    return _finish(actor, approval, ApprovalState.APPROVED, Action.APPROVAL_APPROVED, note=note)


def break_glass(*, actor: Actor, approval_pk: int, reason: str, typed: str = "") -> Approval:
    """Approve one's own request where nobody else may decide; logged as that, and the owners are mailed.

    The blind entry is asked for here too: typing it twice still finds a slip. 409 `somebody_else_can` otherwise.
    """
    require(actor, Permission.APPROVAL_DECIDE)
    outcome = _decide_alone(actor, approval_pk, reason=reason.strip(), typed=typed)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


@transaction.atomic
def _decide_alone(actor: Actor, approval_pk: int, *, reason: str, typed: str) -> Approval | DomainError:
    approval = locks.lock_approval(actor, approval_pk)
    if not approval.is_waiting:
        raise NotWaiting(approval)
    if actor.user_pk is None:
        raise NotAPerson
    if selectors.second_people(actor, approval):
        raise SomebodyElseCan
    if not reason:
        raise Invalid("reason_missing", _("Say why this cannot wait for a second person."), field="reason")
    if (wrong := _check_entry(actor, approval, typed)) is not None:
        return wrong
    approval.is_break_glass = True
    return _finish(actor, approval, ApprovalState.APPROVED, Action.APPROVAL_DECIDED_ALONE, note=reason)


def ensure_second_person(actor: Actor, approval: Approval) -> None:
    """Raise unless the actor is a person with no hand in the request, under any login (design §5)."""
    if actor.user_pk is None:
        raise NotAPerson
    verdict = selectors.may_decide(actor, approval)
    if not verdict:
        raise FirstPerson(verdict.reason)


def _check_entry(actor: Actor, approval: Approval, typed: str) -> DomainError | None:
    """What is wrong with the blind entry, counted and recorded; None when it is right or nothing is asked."""
    if not approval.blind_answer:
        return None
    person = str(actor.user_pk)
    n_wrong = approval.wrong_tries.get(person, 0)
    if n_wrong >= TRIES:
        return NoTriesLeft()
    if not typed.strip():
        return Invalid("entry_missing", _("Type it to approve."), field="typed")
    if blind.is_same(typed, approval.blind_answer):
        return None
    approval.wrong_tries[person] = n_wrong + 1
    approval.save(update_fields=["wrong_tries"])
    audit.record(actor, Action.APPROVAL_ENTRY_DIFFERED, approval)
    return EntryDiffers(blind.marks(typed, approval.blind_answer), TRIES - n_wrong - 1)


def _finish(actor: Actor, approval: Approval, state: ApprovalState, action: Action, *, note: str) -> Approval:
    before = {"state": approval.state, "is_break_glass": False}
    approval.state, approval.note = state, note
    approval.decided_by_id, approval.decided_at = actor.user_pk, timezone.now()
    approval.save(update_fields=["state", "note", "decided_by", "decided_at", "is_break_glass"])
    audit.record(actor, action, approval, before=before, note=note)
    checked = get_checked(approval.action)
    hook = checked.execute if state == ApprovalState.APPROVED else checked.refuse
    hook(actor=actor, approval=approval)
    if approval.is_break_glass:
        mailing.tell_owners(actor, approval)
    else:
        mailing.tell_asker(actor, approval)
    return approval
