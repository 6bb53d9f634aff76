"""Confirm ∥ withdraw ∥ the worker after 10 days, and several workers on one end: the account's row lock decides."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from linking import tasks
from linking.contacts import contact_actor
from linking.errors import CannotTerminate, CannotUndo
from linking.models import Termination
from linking.services import settling, terminating, wrong_link
from linking.states import TerminationState
from partner_console.access.actor import system_actor
from partner_console.access.policy import Role
from partner_console.audit.models import AuditEntry
from partner_console.cloud import tasks as cloud_tasks
from partner_console.cloud.models import CloudCommand, Operation
from partner_console.cloud.services import send_due
from partner_console.errors import Conflict
from tests.factories import make_account, make_member, make_partner
from tests.personas import Persona, persona_of
from tests.support.races import run_together
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_console.access.actor import Actor

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

ROUNDS = 6
T = TerminationState
WORKER = system_actor("test worker")
REASON = "We change suppliers."
ENDS = {
    "uids.account.termination_confirmed": Relationship.IN_PROCESS,
    "uids.account.termination_proceeded": Relationship.IN_PROCESS,
    "uids.account.termination_withdrawn": Relationship.NORMAL,
}


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Persona:
    """No worker runs by itself."""
    monkeypatch.setattr(tasks.settle_termination, "delay", lambda pk: None)
    monkeypatch.setattr(cloud_tasks.send_commands, "delay", lambda uid: None)
    return persona_of("acme_master", make_member(make_partner("acme"), Role.OWNER, email="owner@acme.example"))


class Race:
    """One request whose answer is due, and the three who want to decide it differently."""

    def __init__(self, owner: Persona, number: int) -> None:
        self.owner = owner
        email = f"c{number}@x.example"
        self.account = make_account(owner.partner, email=email, quota=Decimal(100), nickname=f"Kaito {number}")
        self.customer = contact_actor(email)
        self.request = terminating.ask(actor=owner.actor, account_pk=self.account.pk, reason=REASON)
        Termination.objects.filter(pk=self.request.pk).update(answer_due_at=timezone.now())
        self.acts: list[Callable[[], object]] = [self.confirm, self.withdraw, self.proceed]

    def confirm(self) -> object:
        return terminating.confirm(actor=self.customer, termination_pk=self.request.pk)

    def withdraw(self) -> object:
        return terminating.withdraw(actor=self.owner.actor, termination_pk=self.request.pk)

    def proceed(self) -> object:
        return terminating.proceed_due(actor=WORKER)

    def run(self) -> list[Exception | None]:
        return run_together(len(self.acts), lambda number: self.acts[number]())

    def ends(self) -> list[str]:
        rows = AuditEntry.objects.filter(subject_type="uids.linkedaccount", subject_pk=self.account.pk)
        return [row.action for row in rows.order_by("pk") if row.action in ENDS]

    def relationship(self) -> str:
        return LinkedAccount.objects.values_list("relationship", flat=True).get(pk=self.account.pk)


def test_without_the_lock_two_decisions_are_made(owner: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is real: reading the account unlocked, a request is confirmed and withdrawn."""
    race = Race(owner, 0)
    both_have_read = threading.Barrier(2, timeout=30)

    def read(_actor: Actor, pk: int) -> Termination:
        rows = Termination.objects.select_related("account__partner", "unlink")
        termination: Termination = rows.get(pk=pk)
        both_have_read.wait()
        return termination

    monkeypatch.setattr(terminating, "lock_termination", read)
    race.acts = [race.confirm, race.withdraw]

    assert race.run() == [None, None]

    assert sorted(race.ends()) == [
        "uids.account.termination_confirmed",
        "uids.account.termination_withdrawn",
    ]


def test_of_confirm_withdraw_and_the_worker_one_decides(owner: Persona) -> None:
    winners = set()
    for number in range(1, ROUNDS + 1):
        race = Race(owner, number)

        answers = race.run()

        (end,) = race.ends()
        winners.add(end)
        assert race.relationship() == ENDS[end]
        refused = [answer for answer in answers if answer is not None]
        assert all(isinstance(answer, Conflict) for answer in refused), refused
        # Whoever came second was told; the worker finds nothing left and says nothing.
        assert len(refused) == (2 if end.endswith("proceeded") else 1)
        race.request.refresh_from_db()
        assert race.request.state == (T.WITHDRAWN if end.endswith("withdrawn") else T.IN_PROCESS)
    assert winners


def test_both_sides_ask_at_once_and_one_request_is_open(owner: Persona) -> None:
    for number in range(1, ROUNDS + 1):
        account = make_account(owner.partner, email=f"d{number}@x.example", quota=Decimal(1))
        actors = [owner.actor, contact_actor(account.email)]

        def ask(which: int, pk: int = account.pk, actors: list[Actor] = actors) -> object:
            return terminating.ask(actor=actors[which], account_pk=pk, reason=REASON)

        answers = run_together(2, ask)

        assert [type(answer) for answer in answers if answer is not None] == [CannotTerminate]
        assert Termination.objects.filter(account=account).count() == 1


def test_many_workers_settle_and_end_once(owner: Persona) -> None:
    race = Race(owner, 1)
    race.confirm()

    assert run_together(4, lambda _number: settling.settle(actor=WORKER, termination_pk=race.request.pk)) == [None] * 4
    assert CloudCommand.objects.filter(operation=Operation.UNLINK).count() == 1
    run_together(3, lambda _number: send_due(uid=race.account.uid))
    assert run_together(4, lambda _number: settling.settle(actor=WORKER, termination_pk=race.request.pk)) == [None] * 4

    assert race.relationship() == Relationship.TERMINATED
    ended = AuditEntry.objects.filter(action="uids.account.terminated", subject_pk=race.account.pk)
    assert ended.count() == 1


def test_recorded_by_hand_while_the_cloud_confirms_ends_once(owner: Persona) -> None:
    race = Race(owner, 1)
    race.confirm()
    settling.settle(actor=WORKER, termination_pk=race.request.pk)

    def confirm_and_end() -> None:
        send_due(uid=race.account.uid)
        settling.settle(actor=WORKER, termination_pk=race.request.pk)

    acts: list[Callable[[], object]] = [
        confirm_and_end,
        lambda: settling.record_unlinked(actor=owner.actor, termination_pk=race.request.pk, note="Ticket 1"),
    ]

    answers = run_together(2, lambda number: acts[number]())

    assert answers[0] is None
    assert answers[1] is None or isinstance(answers[1], Conflict)
    assert race.relationship() == Relationship.TERMINATED
    assert AuditEntry.objects.filter(action="uids.account.terminated").count() == 1


def test_undo_and_ask_at_once_one_of_them_counts(owner: Persona) -> None:
    for number in range(1, ROUNDS + 1):
        account = make_account(owner.partner, email=f"e{number}@x.example", quota=Decimal(1))
        acts: list[Callable[[int], object]] = [
            lambda pk: wrong_link.undo(actor=owner.actor, account_pk=pk, reason=REASON),
            lambda pk: terminating.ask(actor=owner.actor, account_pk=pk, reason=REASON),
        ]

        def act(which: int, pk: int = account.pk, acts: list[Callable[[int], object]] = acts) -> object:
            return acts[which](pk)

        answers = run_together(2, act)

        refused = [answer for answer in answers if answer is not None]
        assert len(refused) == 1
        assert isinstance(refused[0], CannotTerminate | CannotUndo)
        assert Termination.objects.filter(account=account).count() == 1
