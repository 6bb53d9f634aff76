"""Switches, masters and arrears at the same moment: nothing is lost, recorded twice, or waited for in a circle."""

from __future__ import annotations

import threading
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import OperationalError, transaction

from partner_console.access.actor import system_actor
from partner_console.copying import copy_in
from quota.services import enforcing
from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.quota.support import move
from tests.support.races import run_together
from uids import hooks, locks, services
from uids.errors import ChangedSince, NotFrozen
from uids.models import ControlChange, LinkedAccount
from uids.services import control_batches
from uids.states import Control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from partner_console.access.models import Partner

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

ACTOR = system_actor("race")
FREEZE = Control.PAYG_FREEZE


@pytest.fixture
def partner(monkeypatch: pytest.MonkeyPatch) -> Partner:
    """Orders wait in the outbox: nothing here is about sending them."""
    monkeypatch.setattr("partner_console.cloud.tasks.send_commands.delay", lambda uid: None)
    return make_partner("acme")


def switch(account: LinkedAccount, value: str = "frozen", operation_id: uuid.UUID | None = None) -> None:
    services.set_control(
        actor=ACTOR, account_pk=account.pk, what=FREEZE, value=value, reason="late", operation_id=operation_id
    )


def undo(account: LinkedAccount, operation_id: uuid.UUID) -> None:
    batch = services.undo_controls(
        actor=ACTOR, operation_id=operation_id, account_pks=[account.pk], reason="mistake", undo_id=uuid.uuid4()
    )
    for _account, error in batch.refused:
        raise error


def reads_unlocked(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """What the services would do without the lock: everybody has read before anybody writes."""
    everybody_has_read = threading.Barrier(times, timeout=30)

    def read(actor: object, pks: Iterable[int]) -> dict[int, LinkedAccount]:
        rows: dict[int, LinkedAccount] = LinkedAccount.objects.select_related("trustee").in_bulk(list(pks))
        everybody_has_read.wait()
        return rows

    monkeypatch.setattr(locks, "lock_accounts", read)


def join_while_frozen(master: LinkedAccount, sub: LinkedAccount) -> list[tuple[str, str, int]]:
    """The master is frozen while the sub-account is put under it; what the sub-account's records say of its freeze."""

    def act(number: int) -> None:
        if number:
            services.set_trustee(actor=ACTOR, account_pk=sub.pk, trustee_pk=master.pk, reason="joined")
        else:
            switch(master)

    assert run_together(2, act) == [None, None]
    return list(ControlChange.objects.filter(account=sub, what=FREEZE).values_list("before", "after", "cause"))


def test_without_the_masters_lock_a_joining_account_is_frozen_and_nobody_wrote_it_down(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    master, sub = make_account(partner), make_account(partner)
    reads_unlocked(monkeypatch, 2)
    everybody_has_written = threading.Barrier(2, timeout=30)
    for name in ("controls_changed", "trustee_changed"):
        monkeypatch.setattr(hooks, name, lambda **_values: everybody_has_written.wait())

    assert join_while_frozen(master, sub) == []
    assert LinkedAccount.objects.select_related("trustee").get(pk=sub.pk).effective_payg_status == "frozen"


def test_an_account_that_joins_while_its_master_is_frozen_is_recorded_once(partner: Partner) -> None:
    for _round in range(4):
        master, sub = make_account(partner), make_account(partner)

        assert join_while_frozen(master, sub) == [("normal", "frozen", master.pk)]


def take_back_and_thaw(account: LinkedAccount) -> list[Exception | None]:
    """Somebody undoes a freeze while somebody else unfreezes."""
    frozen = uuid.uuid4()
    switch(account, operation_id=frozen)
    acts: list[Callable[[], None]] = [lambda: undo(account, frozen), lambda: switch(account, "normal")]
    return run_together(2, lambda number: acts[number]())


def test_without_the_lock_a_freeze_is_lifted_twice(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_account(partner)
    frozen = uuid.uuid4()
    switch(account, operation_id=frozen)
    reads_unlocked(monkeypatch, 2)
    monkeypatch.setattr(control_batches, "why_not_undo", lambda *_: None)  # it looked at the records before, too

    acts: list[Callable[[], None]] = [lambda: undo(account, frozen), lambda: switch(account, "normal")]
    assert run_together(2, lambda number: acts[number]()) == [None, None]

    assert ControlChange.objects.filter(account=account, after="normal").count() == 2


def test_undo_and_a_change_at_once_one_of_them_learns_of_the_other(partner: Partner) -> None:
    for _round in range(4):
        account = make_account(partner)

        answers = [answer for answer in take_back_and_thaw(account) if answer is not None]

        assert len(answers) == 1
        assert isinstance(answers[0], ChangedSince | NotFrozen)
        story = list(ControlChange.objects.filter(account=account).order_by("pk").values_list("before", "after"))
        assert story == [("normal", "frozen"), ("frozen", "normal")]


def stopped_and_paid(partner: Partner) -> LinkedAccount:
    """Stopped by arrears; it has been paid since, and nobody has let it run again yet."""
    account = make_account(partner, quota=Decimal(10))
    move(account, EntryKind.USAGE, undeducted="20")
    enforcing.enforce(actor=ACTOR, account_pk=account.pk)
    assert LinkedAccount.objects.get(pk=account.pk).payg_stopped_at is not None
    return account


def recover(account: LinkedAccount) -> None:
    move(account, EntryKind.QUOTA_ADJUST, amount="90")
    enforcing.enforce(actor=ACTOR, account_pk=account.pk)


def facts(account: LinkedAccount) -> tuple[bool, bool]:
    row = LinkedAccount.objects.get(pk=account.pk)
    return row.payg_frozen, row.payg_stopped_at is not None


def test_without_the_lock_a_freeze_writes_an_old_stop_back(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row read before and written as a whole takes the recovery away."""
    account = stopped_and_paid(partner)
    it_has_read, it_recovered = threading.Event(), threading.Event()

    def read(actor: object, pks: Iterable[int]) -> dict[int, LinkedAccount]:
        rows: dict[int, LinkedAccount] = LinkedAccount.objects.in_bulk(list(pks))
        it_has_read.set()
        it_recovered.wait(30)
        return rows

    monkeypatch.setattr(locks, "lock_accounts", read)

    def write_whole_rows(_why: object, moves: Iterable[Any]) -> None:
        for moved in moves:
            moved.account.payg_frozen = True
            moved.account.save()

    monkeypatch.setattr(control_batches, "_write", write_whole_rows)

    def act(number: int) -> None:
        if number:
            it_has_read.wait(30)
            recover(account)
            it_recovered.set()
        else:
            switch(account)

    assert run_together(2, act) == [None, None]
    assert facts(account) == (True, True)


def test_a_freeze_and_a_recovery_at_once_are_both_kept(partner: Partner) -> None:
    """Frozen by the partner and stopped by arrears are separate facts (acpn.md §8.2)."""
    for _round in range(3):
        account = stopped_and_paid(partner)

        assert run_together(2, lambda number, account=account: (switch, recover)[number](account)) == [None, None]  # type: ignore[misc]

        assert facts(account) == (True, False)
        records = ControlChange.objects.filter(account=account).order_by("what", "pk")
        assert [(row.what, row.after) for row in records] == [
            ("payg_freeze", "frozen"), ("payg_shutdown", "stopped"), ("payg_shutdown", "normal"),
        ]  # fmt: skip


def cascade_against_one_who_waits(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> list[Exception | None]:
    """Somebody has the sub-account in hand and wants its master; the master is frozen and writes the sub's records."""
    master = make_account(partner)
    sub = make_account(partner, trustee=master)
    both_hold_one = threading.Barrier(2, timeout=30)

    def copy_when_both_hold(rows: Any) -> None:
        both_hold_one.wait()
        copy_in(rows)

    monkeypatch.setattr(control_batches, "copy_in", copy_when_both_hold)

    @transaction.atomic
    def sub_then_master() -> None:
        locks.lock_accounts(ACTOR, [sub.pk])
        both_hold_one.wait()
        locks.lock_accounts(ACTOR, [master.pk])

    return run_together(2, lambda number: sub_then_master() if number else switch(master))


def test_locks_against_references_would_wait_in_a_circle(partner: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    def lock_for_update(actor: object, pks: Iterable[int]) -> dict[int, LinkedAccount]:
        rows = LinkedAccount.objects.filter(pk__in=list(pks)).order_by("pk").select_for_update(of=("self",))
        return {row.pk: row for row in rows}

    monkeypatch.setattr(locks, "lock_accounts", lock_for_update)

    answers = cascade_against_one_who_waits(partner, monkeypatch)

    assert [type(answer) for answer in answers if answer] == [OperationalError]


def test_a_cascade_waits_for_nobody_who_has_a_sub_account_in_hand(
    partner: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cascade_against_one_who_waits(partner, monkeypatch) == [None, None]
