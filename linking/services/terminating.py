"""Distribution Relationship Termination: one side asks, the other answers or lets 10 days pass (design §5).

Staff come in as owners of the partner; a customer by the address they proved (`linking.contacts`). The account's row
is locked first in every move, so of two at once one wins and the other is told how things stand. What follows *in
process* is the worker's: `linking.services.settling`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from linking import blockers, locks, tasks
from linking.contacts import lock_own_account
from linking.endings import ANSWER_WITHIN, RELATIONSHIP, REMIND_BEFORE, ensure_move
from linking.errors import CannotTerminate, NotYours
from linking.models import Termination
from linking.services import ending_mails as mails
from linking.states import Side, TerminationState
from partner_console.access.actor import system_actor
from partner_console.access.policy import Permission, Role, require
from partner_console.audit.actions import Action
from partner_console.errors import NotFound
from partner_console.waking import after_commit
from uids.errors import ReasonMissing
from uids.services import set_relationship
from uids.services.accounts import clean_text
from uids.states import Relationship

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

REASON_CHARACTERS = 500
BATCH = 100
T = TerminationState


def side_of(actor: Actor) -> Side:
    return Side.CUSTOMER if actor.role is Role.CUSTOMER else Side.PARTNER


def permit(actor: Actor) -> None:
    """Owners of the partner for the partner, whoever proved the account's address for the customer."""
    require(actor, Permission.LINK_OWN if actor.role is Role.CUSTOMER else Permission.LINK_TERMINATE)


@transaction.atomic
def ask(*, actor: Actor, account_pk: int, reason: str) -> Termination:
    """Ask the other side to end the relationship; they have 10 days, then it goes on without an answer.

    Refused with `CannotTerminate` (409), `data["blockers"]` naming everything in the way at once: already ending,
    3 requests of this side within 90 days, arrears, a freeze, financial trusteeship either way. `ReasonMissing`.
    """
    permit(actor)
    reason = clean_reason(reason)
    account, side = lock_account(actor, account_pk), side_of(actor)
    if found := blockers.to_ask(account, side):
        raise CannotTerminate(found)
    now = timezone.now()
    termination = Termination.objects.create(
        account=account,
        side=side,
        asked_by_id=actor.user_pk,
        reason=reason,
        asked_at=now,
        answer_due_at=now + ANSWER_WITHIN,
    )
    set_relationship(
        actor=actor, account=account, to=Relationship.TO_BE_CONFIRMED, action=Action.TERMINATION_ASKED, reason=reason
    )
    mails.tell_asked(termination)
    return termination


@transaction.atomic
def confirm(*, actor: Actor, termination_pk: int) -> Termination:
    """The other side agrees: the worker ends the relationship as soon as everything is settled.

    `NotYours` (409) for the side that asked; 409 too when it was answered, withdrawn or went on meanwhile.
    """
    termination = _lock(actor, termination_pk, answered=True)
    return _move(actor, termination, T.IN_PROCESS, Action.TERMINATION_CONFIRMED)


@transaction.atomic
def reject(*, actor: Actor, termination_pk: int, reason: str) -> Termination:
    """The other side says no, and why: the relationship is *normal* again."""
    reason = clean_reason(reason)
    termination = _lock(actor, termination_pk, answered=True)
    return _move(actor, termination, T.REJECTED, Action.TERMINATION_REJECTED, reason=reason)


@transaction.atomic
def withdraw(*, actor: Actor, termination_pk: int, reason: str = "") -> Termination:
    """The side that asked takes it back while it is not answered: the relationship is *normal* again."""
    termination = _lock(actor, termination_pk, answered=False)
    if termination.state == T.IN_PROCESS:
        # Agreed by both, or on its way at the cloud: not one side's to take back.
        raise NotYours
    return _move(actor, termination, T.WITHDRAWN, Action.TERMINATION_WITHDRAWN, reason=clean_text(reason))


def proceed_due(*, actor: Actor) -> int:
    """Let requests go on whose 10 days are over; returns how many. Bounded, each its own transaction, repeatable."""
    require(actor, Permission.LINK_TERMINATE)
    due = Termination.objects.visible_to(actor).filter(state=T.TO_BE_CONFIRMED, answer_due_at__lte=timezone.now())
    pks = list(due.order_by("answer_due_at", "pk").values_list("pk", flat=True)[:BATCH])
    return sum(_proceed(actor, pk) for pk in pks)


def remind_due(*, actor: Actor) -> int:
    """Write once more to who has not answered, 3 days before it goes on without them; returns how many."""
    require(actor, Permission.LINK_TERMINATE)
    soon = timezone.now() + REMIND_BEFORE
    waiting = Termination.objects.visible_to(actor).filter(state=T.TO_BE_CONFIRMED, reminded_at__isnull=True)
    due = waiting.filter(answer_due_at__lte=soon, answer_due_at__gt=timezone.now())
    pks = list(due.order_by("answer_due_at", "pk").values_list("pk", flat=True)[:BATCH])
    return sum(_remind(actor, pk) for pk in pks)


@transaction.atomic
def _proceed(actor: Actor, pk: int) -> bool:
    """False when it was answered or withdrawn meanwhile."""
    termination = _lock_if(actor, pk, T.TO_BE_CONFIRMED)
    if termination is None or termination.answer_due_at > timezone.now():
        return False
    worker = system_actor(actor.label, partner=termination.account.partner)
    _move(worker, termination, T.IN_PROCESS, Action.TERMINATION_PROCEEDED)
    return True


@transaction.atomic
def _remind(actor: Actor, pk: int) -> bool:
    termination = _lock_if(actor, pk, T.TO_BE_CONFIRMED)
    if termination is None or termination.reminded_at is not None:
        return False
    termination.reminded_at = timezone.now()
    termination.save(update_fields=["reminded_at"])
    mails.tell_asked(termination, again=True)
    return True


def clean_reason(reason: str) -> str:
    """Both sides read it, and it stays in the records."""
    text = clean_text(reason)[:REASON_CHARACTERS]
    if not text:
        raise ReasonMissing
    return text


def lock_account(actor: Actor, account_pk: int) -> LinkedAccount:
    """The account with its partner, locked, through the door of the actor's side."""
    if actor.role is Role.CUSTOMER:
        return lock_own_account(actor, account_pk)
    return locks.lock_account(actor, account_pk)


def lock_termination(actor: Actor, pk: int) -> Termination:
    """A request with its account locked, read after the lock; `NotFound` when it is not the actor's."""
    account_pk = Termination.objects.filter(pk=pk).values_list("account_id", flat=True).first()
    account = lock_account(actor, account_pk or -1)
    termination: Termination = Termination.objects.select_related("unlink", "asked_by").get(pk=pk)
    termination.account = account
    return termination


def _lock(actor: Actor, pk: int, *, answered: bool) -> Termination:
    """For an answer the other side's request, otherwise one's own."""
    permit(actor)
    termination = lock_termination(actor, pk)
    if (side_of(actor) == termination.side) is answered:
        raise NotYours
    return termination


def _lock_if(actor: Actor, pk: int, state: TerminationState) -> Termination | None:
    """For the worker: None when it is gone or no longer in that state."""
    try:
        termination = lock_termination(actor, pk)
    except NotFound:
        return None
    return termination if termination.state == state else None


def _move(
    actor: Actor, termination: Termination, to: TerminationState, action: Action, *, reason: str = ""
) -> Termination:
    ensure_move(termination.state, to)
    now = timezone.now()
    termination.state = to
    termination.answered_at, termination.answer_reason = now, reason
    if to in (T.REJECTED, T.WITHDRAWN):
        termination.ended_at = now
    termination.version += 1
    termination.save(update_fields=["state", "answered_at", "answer_reason", "ended_at", "version"])
    set_relationship(actor=actor, account=termination.account, to=RELATIONSHIP[to], action=action, reason=reason)
    mails.tell_moved(termination, action)
    if to is T.IN_PROCESS:
        after_commit(tasks.settle_termination, termination.pk)
    return termination
