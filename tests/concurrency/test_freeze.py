"""Two people press the same button, or one twice: a freeze happens once, and each order reaches the cloud once."""

from __future__ import annotations

import threading
import uuid
from decimal import Decimal

import pytest
from django.db import transaction

from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.cloud import locks as cloud_locks
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.simulated.models import SimAccount
from tests.factories import make_account, make_partner
from tests.support.races import run_together
from uids import locks, services
from uids.errors import AlreadyFrozen
from uids.models import ControlChange, LinkedAccount
from uids.states import Control

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

CLICKS = 4
ACTOR = system_actor("race")


def freeze(account: LinkedAccount) -> None:
    services.set_control(
        actor=ACTOR, account_pk=account.pk, what=Control.PAYG_FREEZE, value="frozen", reason="late payment"
    )


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> LinkedAccount:
    """Its orders wait in the outbox: the races about sending begin them themselves."""
    monkeypatch.setattr("partner_console.cloud.tasks.send_commands.delay", lambda uid: None)
    return make_account(make_partner("acme"))


def test_without_the_lock_every_click_freezes(account: LinkedAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is real: reading the row unlocked lets all of them in."""
    everybody_has_read = threading.Barrier(CLICKS, timeout=30)

    def read_unlocked(actor: object, pks: list[int]) -> dict[int, LinkedAccount]:
        rows: dict[int, LinkedAccount] = LinkedAccount.objects.in_bulk(pks)
        everybody_has_read.wait()
        return rows

    monkeypatch.setattr(locks, "lock_accounts", read_unlocked)

    run_together(CLICKS, lambda _number: freeze(account))

    assert ControlChange.objects.count() == CLICKS


def test_of_many_clicks_one_freezes_and_the_others_learn_it(account: LinkedAccount) -> None:
    answers = run_together(CLICKS, lambda _number: freeze(account))

    assert sorted(type(answer).__name__ for answer in answers) == [AlreadyFrozen.__name__] * (CLICKS - 1) + ["NoneType"]
    account.refresh_from_db()
    assert account.payg_frozen
    counts = [model.objects.count() for model in (ControlChange, CloudCommand, AuditEntry)]
    assert counts == [1, 1, 1]


def write_off(account: LinkedAccount, amount: str) -> CloudCommand:
    with transaction.atomic():
        return cloud.queue(
            actor=ACTOR,
            partner_pk=account.partner_id,
            uid=account.uid,
            operation=Operation.WRITE_OFF,
            payload={"amount": amount},
            reason="goodwill",
            operation_id=uuid.uuid4(),
        )


@pytest.fixture
def owed(account: LinkedAccount) -> SimAccount:
    return SimAccount.objects.create(uid=account.uid, partner_uid=account.partner.master_uid, deducted=Decimal(100))


def test_without_the_claim_workers_write_off_more_than_once(
    account: LinkedAccount, owed: SimAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_off(account, "10")
    everybody_has_read = threading.Barrier(CLICKS, timeout=30)
    turns: dict[int, int] = {}

    def claim_unlocked(uid: str) -> tuple[CloudCommand, str] | None:
        me = threading.get_ident()
        turns[me] = turns.get(me, 0) + 1
        command = CloudCommand.objects.select_related("partner").get(uid=uid)
        if turns[me] > 1:
            return None
        everybody_has_read.wait()
        return command, CommandState.QUEUED

    monkeypatch.setattr(cloud_locks, "claim_next", claim_unlocked)

    run_together(CLICKS, lambda _number: cloud.send_due(uid=account.uid))

    owed.refresh_from_db()
    assert owed.deducted == 100 - 10 * CLICKS


def test_of_many_workers_one_sends_each_order(account: LinkedAccount, owed: SimAccount) -> None:
    for amount in ("10", "5", "1"):
        write_off(account, amount)

    answers = run_together(CLICKS, lambda _number: cloud.send_due(uid=account.uid))
    cloud.send_due(uid=account.uid)  # whoever found the lane busy left; nothing may be left behind

    assert answers == [None] * CLICKS
    owed.refresh_from_db()
    assert owed.deducted == 84
    assert set(CloudCommand.objects.values_list("state", "attempts")) == {(CommandState.CONFIRMED.value, 1)}


def test_a_newer_order_never_overtakes_one_that_is_being_sent(account: LinkedAccount) -> None:
    """Superseding waits for the claim and then leaves the claimed one alone: its answer is still recorded."""
    freeze(account)

    def act(number: int) -> None:
        if number:
            services.set_control(
                actor=ACTOR, account_pk=account.pk, what=Control.PAYG_FREEZE, value="normal", reason="paid"
            )
        else:
            cloud.send_due(uid=account.uid)

    assert run_together(2, act) == [None, None]
    cloud.send_due(uid=account.uid)

    states = list(CloudCommand.objects.order_by("pk").values_list("operation", "state"))
    assert states[1] == ("thaw", "confirmed")
    assert states[0] in [("freeze", "confirmed"), ("freeze", "superseded")]
    assert not SimAccount.objects.get(uid=account.uid).payg_frozen
