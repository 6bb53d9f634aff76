"""Arrears and people at the same time: a stop happens once, and a freeze and a recovery never undo each other."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from partner_console.access.actor import system_actor
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from quota.models import CreditAccount, ShutdownNotice
from quota.services import enforcing, releasing, stop_news
from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.quota.support import move
from tests.support.races import run_behind, run_together
from uids.errors import TrusteeshipImpossible
from uids.models import ControlChange, LinkedAccount
from uids.services import set_control, set_trustee
from uids.states import RELEASE_AFTER, Control, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

WORKERS = 4
ACTOR = system_actor("race")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> LinkedAccount:
    """In arrears, and nobody has been woken: the races do what the tasks would."""
    for task in ("enforce", "sweep_stops", "send_stop_news", "send_warning"):
        monkeypatch.setattr(f"quota.tasks.{task}.delay", lambda *_ids: None)
    monkeypatch.setattr("partner_console.cloud.tasks.send_commands.delay", lambda _uid: None)
    account = make_account(make_partner("acme"), quota=Decimal(100))
    move(account, EntryKind.USAGE, undeducted="101")
    return account


def stops(account: LinkedAccount) -> int:
    return ControlChange.objects.filter(account=account, what=Control.PAYG_SHUTDOWN, after="stopped").count()


def is_consistent(account: LinkedAccount) -> bool:
    """The account, the mirror beside its money and the last order say the same, and nothing is left to do."""
    found, credit = LinkedAccount.objects.get(pk=account.pk), CreditAccount.objects.get(pk=account.pk)
    is_stopped = found.payg_stopped_at is not None
    last = CloudCommand.objects.filter(uid=account.uid, topic="stop").latest("pk")
    orders = {True: Operation.STOP_PAYG, False: Operation.RESUME_PAYG}
    return credit.is_stopped is is_stopped and not credit.stop_due and last.operation == orders[is_stopped]


def test_without_the_locks_it_is_stopped_more_than_once(
    account: LinkedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race is real: the statement alone judges what it saw when it began."""

    def lock_nothing(_actor: Actor, pks: Sequence[int], *, skip_locked: bool) -> list[int]:
        assert not skip_locked
        return list(pks)

    monkeypatch.setattr(enforcing, "lock", lock_nothing)

    def enforce(_number: int) -> None:
        enforcing.enforce(actor=ACTOR, account_pk=account.pk)

    run_behind(LinkedAccount.objects.filter(pk=account.pk), WORKERS, enforce)

    assert stops(account) > 1


def test_of_many_workers_one_stops_it_and_one_tells(account: LinkedAccount) -> None:
    """The task, redelivered, and two sweeps."""

    def work(number: int) -> None:
        if number % 2:
            enforcing.sweep(actor=ACTOR)
        else:
            enforcing.enforce(actor=ACTOR, account_pk=account.pk)
        stop_news.send(actor=ACTOR, partner_pk=account.partner_id)

    assert run_together(WORKERS, work) == [None] * WORKERS

    assert stops(account) == 1
    assert ShutdownNotice.objects.get().mailed_at is not None
    assert CloudCommand.objects.filter(topic="stop").count() == 1
    assert is_consistent(account)


def test_a_freeze_and_a_recovery_never_undo_each_other(account: LinkedAccount) -> None:
    enforcing.enforce(actor=ACTOR, account_pk=account.pk)

    def recover() -> None:
        move(account, EntryKind.REFUND, deducted="-50")
        enforcing.enforce(actor=ACTOR, account_pk=account.pk)

    def freeze() -> None:
        set_control(actor=ACTOR, account_pk=account.pk, what=Control.PAYG_FREEZE, value="frozen", reason="fraud")

    assert run_together(2, lambda number: (recover, freeze)[number]()) == [None, None]

    found = LinkedAccount.objects.get(pk=account.pk)
    assert (found.payg_frozen, found.payg_stopped_at) == (True, None)
    assert is_consistent(account)


def test_a_new_policy_usage_and_the_sweep_agree_in_the_end(account: LinkedAccount) -> None:
    """Each of them locks accounts before credit; whoever comes last sees what the others did."""

    def work(number: int) -> None:
        if number == 0:
            set_control(
                actor=ACTOR,
                account_pk=account.pk,
                what=Control.SHUTDOWN_POLICY,
                value=ShutdownPolicy.DELAY_STOP,
                overdraft=Decimal(600),
                reason="agreed",
            )
        elif number == 1:
            move(account, EntryKind.USAGE, undeducted="300")
        else:
            enforcing.enforce(actor=ACTOR, account_pk=account.pk)

    assert run_together(WORKERS, work) == [None] * WORKERS
    enforcing.sweep(actor=ACTOR)

    credit = CreditAccount.objects.get(pk=account.pk)
    assert (credit.stop_line, credit.available, credit.is_stopped) == (Decimal(-600), Decimal(-301), False)


def test_a_sub_account_that_joins_meanwhile_is_on_the_record_once(account: LinkedAccount) -> None:
    """Either it joined before and followed the stop, or it was too late: no account joins a master that is stopped."""
    sub = make_account(account.partner, quota=Decimal(5))

    def work(number: int) -> None:
        if number:
            enforcing.enforce(actor=ACTOR, account_pk=account.pk)
        else:
            set_trustee(actor=ACTOR, account_pk=sub.pk, trustee_pk=account.pk, reason="their contract")

    joined, enforced = run_together(2, work)

    assert enforced is None
    assert joined is None or isinstance(joined, TrusteeshipImpossible)
    assert (stops(account), stops(sub)) == (1, int(joined is None))


def test_a_release_is_noted_once(account: LinkedAccount) -> None:
    enforcing.enforce(actor=ACTOR, account_pk=account.pk)
    CloudCommand.objects.update(state=CommandState.CONFIRMED)
    began = LinkedAccount.objects.get(pk=account.pk).payg_stopped_at
    assert began is not None
    later = began + RELEASE_AFTER

    def work(_number: int) -> None:
        releasing.remind(actor=ACTOR, now=later - timedelta(days=1))
        releasing.release_due(actor=ACTOR, now=later)

    assert run_together(WORKERS, work) == [None] * WORKERS

    changes = ControlChange.objects.filter(after="released")
    assert changes.count() == 1
    assert ShutdownNotice.objects.filter(kind="released").count() == 1
