"""Time passes at the simulated cloud: instances follow the facts, consumption and bills arrive, terms end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from partner_console.cloud import clock
from partner_console.cloud.simulated import instances, playing, services
from partner_console.cloud.simulated.adapter import SimulatedCloud
from partner_console.cloud.simulated.models import (
    InstanceKind,
    InstanceState,
    PlayState,
    SimAccount,
    SimBill,
    SimInstance,
    SimPlay,
)
from partner_console.errors import Forbidden

if TYPE_CHECKING:
    from pytest_django.fixtures import Settings

    from tests.personas import Persona

CLOUD = SimulatedCloud()
UID, MASTER = "1792155717328010", "1792155717328028"
PAYG, SUBSCRIPTION = InstanceKind.PAYG, InstanceKind.SUBSCRIPTION
ASKED: list[tuple[str, str, Decimal]] = []
TURNS: list[None] = []


def nobody_may(_uid: str, _kind: str, _price: Decimal) -> tuple[bool, str]:
    return False, "not today"


def everybody_may(uid: str, kind: str, price: Decimal) -> tuple[bool, str]:
    ASKED.append((uid, kind, price))
    return True, ""


def note_turn() -> None:
    TURNS.append(None)


@pytest.fixture
def account(db: None, settings: Settings) -> SimAccount:
    """Linked, and the console lets everything through."""
    settings.SIMULATED_CLOUD_ORDERS = f"{__name__}.everybody_may"
    settings.SIMULATED_CLOUD_TURN = f"{__name__}.note_turn"
    ASKED.clear()
    TURNS.clear()
    return SimAccount.objects.create(uid=UID, partner_uid="5000", amount=Decimal(100))


@pytest.fixture
def master(account: SimAccount) -> SimAccount:
    """Holds the account's money."""
    found = SimAccount.objects.create(uid=MASTER, partner_uid="5000", amount=Decimal(100))
    CLOUD.set_trustee(uid=UID, trustee_uid=MASTER)
    return found


def state_of(instance: SimInstance) -> str:
    return SimInstance.objects.get(pk=instance.pk).state


def pass_hours(number: int) -> None:
    for _ in range(number):
        playing.pass_one_hour()


def test_pay_as_you_go_follows_each_fact_of_the_account_and_its_master(account: SimAccount, master: SimAccount) -> None:
    vm = instances.put(account, kind=PAYG, price=Decimal(1))
    machine = instances.put(account, kind=SUBSCRIPTION, price=Decimal(10))
    steps = (
        (CLOUD.freeze, UID, "stopped"),
        (CLOUD.freeze, MASTER, "stopped"),
        (CLOUD.thaw, UID, "stopped"),
        (CLOUD.stop_payg, MASTER, "stopped"),
        (CLOUD.thaw, MASTER, "stopped"),
        (CLOUD.resume_payg, MASTER, "running"),
        (CLOUD.freeze, MASTER, "stopped"),
        (lambda uid: CLOUD.set_trustee(uid=uid, trustee_uid=""), UID, "running"),
        (CLOUD.stop_payg, UID, "stopped"),
        (CLOUD.resume_payg, UID, "running"),
    )

    seen = []
    for act, uid, wanted in steps:
        act(uid=uid)
        seen.append((state_of(vm), wanted, state_of(machine)))

    assert seen == [(wanted, wanted, "running") for _act, _uid, wanted in steps]


def test_what_was_stopped_for_fifteen_days_is_gone_for_good(account: SimAccount) -> None:
    stopped, frozen = (
        instances.put(account, kind=PAYG, price=Decimal(1)),
        SimAccount.objects.create(uid="3", partner_uid="5000"),
    )
    other = instances.put(frozen, kind=PAYG, price=Decimal(1))
    CLOUD.freeze(uid="3")
    CLOUD.stop_payg(uid=UID)

    pass_hours(15 * 24 - 1)
    CLOUD.stop_payg(uid=UID)  # asked again: the first moment counts
    assert state_of(stopped) == "stopped"
    pass_hours(1)

    assert (state_of(stopped), state_of(other)) == ("released", "stopped")
    CLOUD.resume_payg(uid=UID)
    again = instances.order(account, kind=PAYG, price=Decimal(1)).instance
    assert (state_of(stopped), again and state_of(again)) == ("released", "running")


def test_consumption_is_told_now_or_late_and_settled_once_a_day(account: SimAccount, master: SimAccount) -> None:
    vm = instances.put(account, kind=PAYG, price=Decimal("0.25"))
    pass_hours(23)
    now = SimAccount.objects.get(pk=master.pk)
    late = sum(bill.amount for bill in SimBill.objects.all())
    assert (now.undeducted + late, now.deducted) == (Decimal("5.75"), Decimal(0))

    CLOUD.stop_payg(uid=MASTER)
    pass_hours(1)
    now = SimAccount.objects.get(pk=master.pk)
    assert (now.undeducted, now.first_billed_at is not None) == (Decimal(0), True)
    pass_hours(48)

    # What was late came although nothing runs any more, and nothing else did; the sub-account owes nothing itself.
    now, sub = SimAccount.objects.get(pk=master.pk), SimAccount.objects.get(pk=account.pk)
    assert not SimBill.objects.exists()
    assert now.deducted + now.undeducted <= Decimal("5.75")
    assert (sub.deducted, sub.undeducted, state_of(vm)) == (Decimal(0), Decimal(0), "stopped")


def test_bills_do_come_late(account: SimAccount) -> None:
    instances.put(account, kind=PAYG, price=Decimal(1))

    pass_hours(60)

    assert SimBill.objects.exists()
    assert clock.now() < min(SimBill.objects.values_list("due_at", flat=True)) <= clock.now() + timedelta(hours=48)


def test_an_order_is_judged_by_the_console_and_a_term_is_paid_by_whoever_pays(
    account: SimAccount, master: SimAccount, settings: Settings
) -> None:
    assert instances.order(account, kind=SUBSCRIPTION, price=Decimal(30), term_days=7).is_allowed

    settings.SIMULATED_CLOUD_ORDERS = f"{__name__}.nobody_may"
    refused = instances.order(account, kind=SUBSCRIPTION, price=Decimal(30))

    assert [(UID, "subscription", Decimal(30))] == ASKED
    assert (refused.is_allowed, refused.reason, account.instances.count()) == (False, "not today", 1)
    assert SimAccount.objects.get(pk=master.pk).undeducted == 30


def test_a_term_is_renewed_where_wanted_and_allowed(account: SimAccount, settings: Settings) -> None:
    once = instances.put(account, kind=SUBSCRIPTION, price=Decimal(10), term_days=1)
    renewed = instances.put(account, kind=SUBSCRIPTION, price=Decimal(20), term_days=1, renews=True)
    pass_hours(24)
    assert (state_of(once), state_of(renewed)) == ("expired", "running")

    settings.SIMULATED_CLOUD_ORDERS = f"{__name__}.nobody_may"
    pass_hours(24)

    known = SimAccount.objects.get(pk=account.pk)
    assert (state_of(renewed), known.deducted + known.undeducted) == ("expired", Decimal(20))


def test_a_stretch_is_played_to_its_end_once_however_often_it_is_woken(account: SimAccount, operator: Persona) -> None:
    instances.put(account, kind=PAYG, price=Decimal(1))
    before = clock.now()
    play = playing.let_pass(actor=operator.actor, n_hours=30)
    with pytest.raises(playing.TimePasses):
        playing.let_pass(actor=operator.actor, n_hours=1)

    for _ in range(4):
        playing.play(play_pk=play.pk)

    play.refresh_from_db()
    assert (play.state, play.played) == (PlayState.DONE, 30)
    assert timedelta(hours=30) <= clock.now() - before < timedelta(hours=31)
    assert len(TURNS) == 2  # noon, and the last
    known = SimAccount.objects.get(pk=account.pk)
    late = sum(bill.amount for bill in SimBill.objects.all())
    bought = SimInstance.objects.exclude(account=account).count()
    assert (known.deducted + known.undeducted + late >= 30, bought) == (True, 0)


def test_cancelled_it_stops_within_the_hour(account: SimAccount, operator: Persona) -> None:
    play = playing.let_pass(actor=operator.actor, n_hours=720)
    playing.play(play_pk=play.pk)
    playing.cancel(actor=operator.actor)
    playing.play(play_pk=play.pk)

    play.refresh_from_db()
    assert (play.state, play.played) == (PlayState.CANCELLED, 24)
    with pytest.raises(playing.NothingPasses):
        playing.cancel(actor=operator.actor)
    playing.let_pass(actor=operator.actor, n_hours=1)


def test_a_failure_ends_it_and_a_lost_message_does_not(
    account: SimAccount, operator: Persona, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = playing.let_pass(actor=operator.actor, n_hours=2)
    woken: list[int] = []
    monkeypatch.setattr("partner_console.cloud.simulated.tasks.play.delay", woken.append)
    playing.sweep()
    assert not woken
    SimPlay.objects.update(created_at=timezone.now() - timedelta(minutes=3))
    playing.sweep()
    assert woken == [play.pk]

    settings.SIMULATED_CLOUD_TURN = f"{__name__}.missing"
    with pytest.raises(ImportError):
        playing.play(play_pk=play.pk)
    play.refresh_from_db()
    assert (play.state, play.error, play.played) == (PlayState.FAILED, "ImportError", 2)


def test_only_operators_let_time_pass(account: SimAccount, acme_master: Persona) -> None:
    with pytest.raises(Forbidden):
        playing.let_pass(actor=acme_master.actor, n_hours=1)
    with pytest.raises(Forbidden):
        playing.cancel(actor=acme_master.actor)

    assert not SimPlay.objects.exists()


def test_a_customer_of_nobody_neither_runs_up_bills_nor_buys(account: SimAccount) -> None:
    vm = instances.put(account, kind=PAYG, price=Decimal(1))
    CLOUD.unlink(uid=UID, partner_uid="5000")

    pass_hours(24)

    known = SimAccount.objects.get(pk=account.pk)
    assert (known.deducted + known.undeducted, state_of(vm)) == (Decimal(0), InstanceState.RUNNING)
    assert not instances.order(known, kind=PAYG, price=Decimal(1)).is_allowed


def test_an_account_is_met_with_its_master(account: SimAccount) -> None:
    assert services.meet("404") is None
    assert services.meet(UID) == account
