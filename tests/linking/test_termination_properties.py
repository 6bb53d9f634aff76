"""Whatever both sides, the worker and the cloud do in whatever order, repeated or lost: the end of a relationship takes
legal steps only, ends at the cloud before it ends here, and is settled when it does."""

from __future__ import annotations

import itertools
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from linking.contacts import contact_actor
from linking.endings import MOST_REQUESTS, RELATIONSHIP, REQUESTS_WITHIN
from linking.models import Termination
from linking.services import settling, terminating, wrong_link
from linking.states import TERMINATING, Side, TerminationState
from partner_console.access.actor import system_actor
from partner_console.access.policy import Role
from partner_console.audit.models import AuditEntry
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.port import CloudRefused
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.adapter import SimulatedCloud
from partner_console.cloud.simulated.models import FaultKind, SimAccount
from partner_console.errors import DomainError
from quota.models import CreditAccount
from quota.services import edit_quota
from quota.services.usage import apply_credit_figures
from tests.factories import make_account, make_member, make_partner
from tests.personas import Persona, persona_of
from tests.quota.support import set_payg
from uids.models import LinkedAccount
from uids.states import MOVES, Relationship

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

T = TerminationState
WORKER = system_actor("test worker")
BEGAN = datetime(2026, 11, 2, 8, tzinfo=UTC)


class World:
    """One account, its owner, its customer, the worker and the cloud. Refusals are answers; the invariants judge."""

    def __init__(self, owner: Persona, clock: Any) -> None:
        self.clock = clock
        self.account = make_account(owner.partner, email="it@kaito.example", quota=Decimal(50), is_enterprise=True)
        self.actors: tuple[Actor, Actor] = (owner.actor, contact_actor("it@kaito.example"))
        self.owner = owner.actor

    def latest(self) -> int:
        return Termination.objects.order_by("-pk").values_list("pk", flat=True).first() or -1

    def ask(self, side: int) -> None:
        terminating.ask(actor=self.actors[side], account_pk=self.account.pk, reason="x")

    def confirm(self, side: int) -> None:
        terminating.confirm(actor=self.actors[side], termination_pk=self.latest())

    def reject(self, side: int) -> None:
        terminating.reject(actor=self.actors[side], termination_pk=self.latest(), reason="x")

    def withdraw(self, side: int) -> None:
        terminating.withdraw(actor=self.actors[side], termination_pk=self.latest())

    def work(self, _side: int) -> None:
        """A message, delivered twice."""
        for _time in range(2):
            settling.settle(actor=WORKER, termination_pk=self.latest())

    def send(self, _side: int) -> None:
        CloudCommand.objects.update(next_attempt_at=timezone.now())
        cloud.send_due(uid=self.account.uid)

    def sweep(self, _side: int) -> None:
        for pk in settling.due_terminations(actor=WORKER):
            settling.settle(actor=WORKER, termination_pk=pk)
        terminating.remind_due(actor=WORKER)
        terminating.proceed_due(actor=WORKER)
        settling.delete_due(actor=WORKER)

    def by_hand(self, _side: int) -> None:
        settling.record_unlinked(actor=self.owner, termination_pk=self.latest(), note="Ticket 1")

    def undo(self, _side: int) -> None:
        wrong_link.undo(actor=self.owner, account_pk=self.account.pk, reason="x")

    def keep(self, _side: int) -> None:
        wrong_link.keep(actor=self.owner, termination_pk=self.latest())

    def consume(self, _side: int) -> None:
        simulated.report_usage(uid=self.account.uid, amount=Decimal(30))
        apply_credit_figures(actor=WORKER, credit=SimulatedCloud().credit(uid=self.account.uid))

    def deduct(self, _side: int) -> None:
        simulated.settle(uid=self.account.uid)

    def raise_quota(self, _side: int) -> None:
        credit = CreditAccount.objects.get(pk=self.account.pk)
        edit_quota(
            actor=self.owner,
            account_pk=self.account.pk,
            version=credit.version,
            amount=credit.amount + 50,
            reason="x",
        )

    def freeze(self, side: int) -> None:
        set_payg(self.owner, self.account.pk, ("frozen", "normal")[side])

    def cannot(self, side: int) -> None:
        """The next unlinking is refused, or done without an answer."""
        kind = (FaultKind.REFUSE, FaultKind.TIMEOUT_AFTER)[side]
        simulated.add_fault(operation="unlink", kind=kind, code="3040")

    def days(self, side: int) -> None:
        self.clock.shift(timedelta(days=(4, 31)[side]))


ACTS = (
    "ask", "confirm", "reject", "withdraw", "work", "send", "sweep", "by_hand", "undo", "keep", "consume", "deduct",
    "raise_quota", "freeze", "cannot", "days",
)  # fmt: skip
# Mostly what leads somewhere: a wholly random walk rarely gets beyond asking.
FORWARD = ("ask", "confirm", "work", "send", "sweep", "days")
STEP = st.tuples(st.one_of(st.sampled_from(ACTS), st.sampled_from(FORWARD)), st.integers(0, 1))


def check(world: World) -> None:
    account = LinkedAccount.objects.get(pk=world.account.pk)
    rows = list(Termination.objects.filter(account=account).select_related("unlink").order_by("pk"))
    open_ones = [row for row in rows if row.state in TERMINATING]
    assert len(open_ones) <= 1
    ended = [row for row in rows if row.state == T.TERMINATED]
    if ended:
        assert account.relationship in (Relationship.TERMINATED, Relationship.DELETED)
    else:
        assert account.relationship == (RELATIONSHIP[T(open_ones[0].state)] if open_ones else Relationship.NORMAL)
    for row in ended:
        assert row.unlink is not None
        assert row.unlink.state == CommandState.CONFIRMED
        if row.unlink.vendor_code != "by_hand":
            assert SimAccount.objects.get(uid=account.uid).partner_uid == ""
    for side in Side:
        asked = [row.asked_at for row in rows if row.side == side and not row.is_undo]
        assert all(late - early >= REQUESTS_WITHIN for early, late in zip(asked, asked[MOST_REQUESTS:], strict=False))
    check_trail(account)


def check_trail(account: LinkedAccount) -> None:
    entries = AuditEntry.objects.filter(subject_type="uids.linkedaccount", subject_pk=account.pk).order_by("pk")
    moves: list[list[Any]] = [row.changes["relationship"] for row in entries if "relationship" in row.changes]
    path = [Relationship.NORMAL.value, *(after for _before, after in moves)]
    assert [before for before, _after in moves] == path[:-1]
    assert all(after in MOVES[Relationship(before)] for before, after in itertools.pairwise(path))
    assert path[-1] == account.relationship
    if account.relationship == Relationship.DELETED:
        assert (account.email, account.login_name) == ("", "")


@pytest.mark.django_db
def test_no_order_of_acts_breaks_the_end_of_a_relationship() -> None:
    owner = persona_of("owner", make_member(make_partner("walk"), Role.OWNER, email="owner@walk.example"))

    @settings(max_examples=25, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEP, min_size=10, max_size=24))
    def walk(steps: list[tuple[str, int]]) -> None:
        start = transaction.savepoint()
        with time_machine.travel(BEGAN, tick=False) as clock:
            world = World(owner, clock)
            for act, side in steps:
                with suppress(DomainError, CloudRefused):
                    getattr(world, act)(side)
                check(world)
                clock.shift(timedelta(minutes=7))
        transaction.savepoint_rollback(start)  # every example begins with nothing

    walk()


@pytest.mark.django_db
def test_the_walk_can_reach_every_status() -> None:
    """The acts are enough: otherwise the test above proves little."""
    owner = persona_of("owner", make_member(make_partner("walk"), Role.OWNER, email="owner@walk.example"))
    seen = set()
    with time_machine.travel(BEGAN, tick=False) as clock:
        world = World(owner, clock)
        steps = ["ask", "consume", "days", "days", "days", "sweep", "work", "deduct", "days", "sweep", "send", "sweep"]
        for act in [*steps, *["days"] * 30, "sweep"]:
            getattr(world, act)(0)
            check(world)
            seen.add(LinkedAccount.objects.get().relationship)

    assert seen == {one.value for one in Relationship} - {Relationship.NORMAL.value}
    assert CloudCommand.objects.filter(operation=Operation.UNLINK).count() == 1
