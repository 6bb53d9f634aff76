"""The outbox: what is asked reaches the cloud once, in order, and whatever breaks on the way heals."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.utils import timezone

from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud import selectors, services, tasks
from partner_console.cloud.errors import NothingToRetry, Overtaken, TakenBack
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.models import FaultKind, SimAccount
from partner_console.errors import Forbidden, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django import DjangoCaptureOnCommitCallbacks

    from tests.personas import Persona

UID = "1792155717328010"


@pytest.fixture
def account(acme_master: Persona) -> SimAccount:

    return SimAccount.objects.create(uid=UID, partner_uid=acme_master.partner.master_uid, deducted=Decimal(50))


@pytest.fixture
def ask(acme_master: Persona, account: SimAccount) -> Callable[..., CloudCommand]:
    """Queues an order; nothing is sent yet."""

    def queue(operation: Operation = Operation.FREEZE, **payload: Any) -> CloudCommand:
        with transaction.atomic():
            return services.queue(
                actor=acme_master.actor,
                partner_pk=acme_master.partner.pk,
                uid=UID,
                operation=operation,
                payload=payload,
                reason="late payment",
                operation_id=uuid.uuid4(),
            )

    return queue


def make_due(**filters: Any) -> None:
    """As if the wait were over."""
    CloudCommand.objects.filter(**filters).update(next_attempt_at=timezone.now())


def actions() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_an_order_is_sent_when_its_transaction_commits(
    ask: Callable[..., CloudCommand],
    account: SimAccount,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        command = ask(Operation.FREEZE)
        assert not SimAccount.objects.get(uid=UID).payg_frozen

    command.refresh_from_db()
    account.refresh_from_db()
    assert account.payg_frozen
    assert (command.state, command.attempts, command.finished_at is not None) == (CommandState.CONFIRMED, 1, True)
    assert actions() == [Action.CLOUD_CONFIRMED]
    assert AuditEntry.objects.get().operation_id == command.operation_id


def test_an_order_outside_a_transaction_is_a_mistake(acme_master: Persona, transactional_db: None) -> None:

    with pytest.raises(RuntimeError):
        services.queue(
            actor=acme_master.actor,
            partner_pk=acme_master.partner.pk,
            uid=UID,
            operation="freeze",
            payload={},
            reason="",
            operation_id=None,
        )


@pytest.mark.parametrize(
    ("operation", "payload", "shows"),
    [
        (Operation.SET_QUOTA, {"amount": "12.30"}, {"amount": Decimal("12.30")}),
        (Operation.SET_WARNING, {"percent": 35}, {"warning_percent": 35}),
        (Operation.FREEZE, {}, {"payg_frozen": True}),
        (Operation.THAW, {}, {"payg_frozen": False}),
        (Operation.SET_PURCHASE_CONTROL, {"control": "ban"}, {"purchase_control": "ban"}),
        (Operation.SET_POLICY, {"policy": "noStop"}, {"shutdown_policy": "noStop"}),
        (Operation.WRITE_OFF, {"amount": "20"}, {"deducted": Decimal(30)}),
        (Operation.REFUND, {"amount": "70"}, {"deducted": Decimal(-20)}),
    ],
)
@pytest.mark.parametrize("fault", [None, FaultKind.UNAVAILABLE, FaultKind.TIMEOUT_AFTER])
def test_every_order_is_done_exactly_once_whatever_the_line_does(
    ask: Callable[..., CloudCommand],
    account: SimAccount,
    operation: Operation,
    payload: dict[str, Any],
    shows: dict[str, Any],
    fault: FaultKind | None,
) -> None:
    command = ask(operation, **payload)
    if fault:
        simulated.add_fault(operation=operation.value, kind=fault)
    services.send_due(uid=UID)

    make_due()
    services.send_due(uid=UID)

    command.refresh_from_db()
    account.refresh_from_db()
    assert command.state == CommandState.CONFIRMED
    assert {name: getattr(account, name) for name in shows} == shows


def test_a_redelivered_message_sends_nothing_twice(ask: Callable[..., CloudCommand], account: SimAccount) -> None:
    ask(Operation.WRITE_OFF, amount="20")

    tasks.send_commands(UID)
    tasks.send_commands(UID)

    account.refresh_from_db()
    assert account.deducted == 30
    assert CloudCommand.objects.get().attempts == 1


def test_a_message_about_an_unknown_uid_does_nothing(db: None) -> None:
    tasks.send_commands("404")

    assert actions() == []


def test_no_answer_waits_longer_each_time_and_says_nothing_to_the_trail(ask: Callable[..., CloudCommand]) -> None:
    command = ask()
    simulated.add_fault(operation="freeze", kind=FaultKind.UNAVAILABLE, times=3)
    waits = []

    for _ in range(3):
        make_due()
        services.send_due(uid=UID)
        command.refresh_from_db()
        waits.append(command.next_attempt_at - timezone.now())

    assert command.state == CommandState.QUEUED
    assert waits[0] < waits[1] < waits[2]
    assert actions() == []


def test_a_command_that_waits_is_not_sent_early(ask: Callable[..., CloudCommand]) -> None:
    command = ask()
    simulated.add_fault(operation="freeze", kind=FaultKind.UNAVAILABLE)

    services.send_due(uid=UID)
    services.send_due(uid=UID)

    command.refresh_from_db()
    assert command.attempts == 1


def test_orders_about_one_uid_go_out_in_order(ask: Callable[..., CloudCommand]) -> None:
    first, second = ask(Operation.SET_QUOTA, amount="10"), ask(Operation.FREEZE)
    simulated.add_fault(operation="set_quota", kind=FaultKind.UNAVAILABLE)

    services.send_due(uid=UID)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.attempts, second.attempts) == (1, 0)
    make_due()
    services.send_due(uid=UID)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state == second.state == CommandState.CONFIRMED
    assert first.finished_at
    assert second.finished_at
    assert first.finished_at < second.finished_at


def test_one_of_a_uid_is_in_flight_at_a_time(ask: Callable[..., CloudCommand]) -> None:
    first, second = ask(Operation.SET_QUOTA, amount="10"), ask(Operation.FREEZE)
    CloudCommand.objects.filter(pk=first.pk).update(state=CommandState.IN_FLIGHT, in_flight_since=timezone.now())

    assert services.send_due(uid=UID) == 0

    second.refresh_from_db()
    assert second.state == CommandState.QUEUED


def test_a_newer_order_of_the_same_kind_overtakes_what_was_not_sent(
    ask: Callable[..., CloudCommand], account: SimAccount
) -> None:
    old_quota, freeze, quota = ask(Operation.SET_QUOTA, amount="10"), ask(), ask(Operation.SET_QUOTA, amount="20")
    thaw = ask(Operation.THAW)

    services.send_due(uid=UID)

    states = [CloudCommand.objects.get(pk=c.pk).state for c in (old_quota, freeze, quota, thaw)]
    assert states == ["superseded", "superseded", "confirmed", "confirmed"]
    account.refresh_from_db()
    assert (account.amount, account.payg_frozen) == (Decimal(20), False)


def test_write_offs_never_overtake_each_other(ask: Callable[..., CloudCommand], account: SimAccount) -> None:
    ask(Operation.WRITE_OFF, amount="10")
    ask(Operation.WRITE_OFF, amount="5")

    services.send_due(uid=UID)

    account.refresh_from_db()
    assert account.deducted == 35


def test_a_refusal_keeps_the_clouds_code_and_lets_the_next_order_pass(
    ask: Callable[..., CloudCommand], account: SimAccount
) -> None:
    refused, quota = ask(), ask(Operation.SET_QUOTA, amount="10")
    simulated.add_fault(operation="freeze", kind=FaultKind.REFUSE, code="3040", message="account is in a frozen state")

    services.send_due(uid=UID)

    refused.refresh_from_db()
    quota.refresh_from_db()
    assert (refused.state, refused.vendor_code) == (CommandState.REFUSED, "3040")
    assert refused.vendor_message == "account is in a frozen state"
    assert quota.state == CommandState.CONFIRMED
    assert actions() == [Action.CLOUD_REFUSED, Action.CLOUD_CONFIRMED]


def test_an_unknown_outcome_is_told_once_and_settled_by_reading(
    ask: Callable[..., CloudCommand], account: SimAccount
) -> None:
    command = ask(Operation.SET_QUOTA, amount="10")
    simulated.add_fault(operation="set_quota", kind=FaultKind.TIMEOUT_AFTER)
    simulated.add_fault(operation="credit", kind=FaultKind.UNAVAILABLE, times=2)
    services.send_due(uid=UID)
    account.refresh_from_db()
    done_at = account.changed_at

    for _ in range(3):
        make_due()
        services.send_due(uid=UID)

    command.refresh_from_db()
    account.refresh_from_db()
    assert command.state == CommandState.CONFIRMED
    assert account.changed_at == done_at  # read, not repeated
    assert actions() == [Action.CLOUD_UNKNOWN, Action.CLOUD_CONFIRMED]


def test_a_write_off_of_unknown_outcome_is_left_to_a_person_when_usage_moved(
    ask: Callable[..., CloudCommand], acme_finance: Persona, account: SimAccount
) -> None:
    command = ask(Operation.WRITE_OFF, amount="20")
    simulated.add_fault(operation="write_off", kind=FaultKind.TIMEOUT_AFTER)
    services.send_due(uid=UID)
    simulated.report_usage(uid=UID, amount=Decimal(7))
    simulated.settle(uid=UID)

    make_due()
    services.send_due(uid=UID)
    make_due()
    services.send_due(uid=UID)

    command.refresh_from_db()
    account.refresh_from_db()
    assert (command.state, command.vendor_code) == (CommandState.UNKNOWN, "figures_moved")
    assert account.deducted == 37  # once
    services.retry(actor=acme_finance.actor, command_pk=command.pk)
    services.send_due(uid=UID)
    account.refresh_from_db()
    assert account.deducted == 17


def test_what_was_taken_back_here_is_neither_sent_again_nor_recorded_as_done(
    ask: Callable[..., CloudCommand], acme_finance: Persona, account: SimAccount
) -> None:
    command = ask(Operation.REFUND, amount="20")
    simulated.add_fault(operation="refund", kind=FaultKind.REFUSE, code="3040")
    services.send_due(uid=UID)
    CloudCommand.objects.filter(pk=command.pk).update(undone_at=timezone.now())

    with pytest.raises(TakenBack):
        services.retry(actor=acme_finance.actor, command_pk=command.pk)
    with pytest.raises(TakenBack):
        services.record_by_hand(actor=acme_finance.actor, command_pk=command.pk, note="ticket 7")

    command.refresh_from_db()
    assert command.state == CommandState.REFUSED


def test_the_sweeper_finds_what_a_killed_worker_left(
    ask: Callable[..., CloudCommand],
    account: SimAccount,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    command = ask()
    CloudCommand.objects.filter(pk=command.pk).update(
        state=CommandState.IN_FLIGHT, in_flight_since=timezone.now() - timedelta(minutes=6), attempts=1
    )

    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_commands()

    command.refresh_from_db()
    account.refresh_from_db()
    assert command.state == CommandState.CONFIRMED
    assert account.payg_frozen


def test_the_sweeper_leaves_a_command_on_its_way_alone(ask: Callable[..., CloudCommand]) -> None:
    command = ask()
    CloudCommand.objects.filter(pk=command.pk).update(
        state=CommandState.IN_FLIGHT, in_flight_since=timezone.now() - timedelta(minutes=2)
    )

    assert services.sweep() == 0

    command.refresh_from_db()
    assert command.state == CommandState.IN_FLIGHT


def test_the_sweeper_finds_what_a_lost_message_left(
    ask: Callable[..., CloudCommand], django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    command = ask()

    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_commands()

    command.refresh_from_db()
    assert command.state == CommandState.CONFIRMED
    assert services.sweep() == 0


def test_an_answer_that_comes_after_the_sweeper_changes_nothing(
    ask: Callable[..., CloudCommand], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ask()

    def slow_freeze(self: object, *, uid: str) -> None:
        CloudCommand.objects.filter(uid=uid).update(state=CommandState.UNKNOWN, finished_at=timezone.now())

    monkeypatch.setattr("partner_console.cloud.simulated.adapter.SimulatedCloud.freeze", slow_freeze)

    services.send_due(uid=UID)

    command.refresh_from_db()
    assert command.state == CommandState.UNKNOWN
    assert actions() == []


@pytest.fixture
def refused(ask: Callable[..., CloudCommand]) -> CloudCommand:
    command = ask()
    simulated.add_fault(operation="freeze", kind=FaultKind.REFUSE, code="3040")
    services.send_due(uid=UID)
    command.refresh_from_db()
    return command


def test_a_refused_order_is_sent_again_by_hand(
    acme_master: Persona, account: SimAccount, refused: CloudCommand
) -> None:
    services.retry(actor=acme_master.actor, command_pk=refused.pk)
    services.send_due(uid=UID)

    refused.refresh_from_db()
    account.refresh_from_db()
    assert (refused.state, refused.vendor_code, account.payg_frozen) == (CommandState.CONFIRMED, "", True)
    assert Action.CLOUD_RETRIED in actions()
    with pytest.raises(NothingToRetry):
        services.retry(actor=acme_master.actor, command_pk=refused.pk)


def test_an_overtaken_order_is_not_sent_again(
    acme_master: Persona, refused: CloudCommand, ask: Callable[..., CloudCommand]
) -> None:
    ask(Operation.THAW)
    trail = actions()

    with pytest.raises(Overtaken):
        services.retry(actor=acme_master.actor, command_pk=refused.pk)

    refused.refresh_from_db()
    assert refused.state == CommandState.REFUSED
    assert actions() == trail


def test_only_who_may_change_controls_retries_a_freeze(
    refused: CloudCommand, acme_readonly: Persona, acme_finance: Persona, outsider: Persona
) -> None:
    for persona, error in ((acme_readonly, Forbidden), (acme_finance, Forbidden), (outsider, NotFound)):
        with pytest.raises(error):
            services.retry(actor=persona.actor, command_pk=refused.pk)
    refused.refresh_from_db()
    assert refused.state == CommandState.REFUSED


def test_a_switch_knows_what_was_asked_and_what_was_confirmed(
    ask: Callable[..., CloudCommand], acme_master: Persona, outsider: Persona
) -> None:
    freeze = ask()
    services.send_due(uid=UID)
    thaw, quota = ask(Operation.THAW), ask(Operation.SET_QUOTA, amount="1")

    assert selectors.latest_commands(acme_master.actor, UID) == {"payg": thaw, "quota": quota}
    assert selectors.confirmed_commands(acme_master.actor, UID) == {"payg": freeze}
    assert selectors.latest_commands(outsider.actor, UID) == {}


def test_without_a_broker_the_order_is_still_asked_and_the_sweep_sends_it(
    ask: Callable[..., CloudCommand],
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    def no_broker(uid: str) -> None:
        raise OSError(uid)

    with monkeypatch.context() as lost:
        lost.setattr(tasks.send_commands, "delay", no_broker)
        with django_capture_on_commit_callbacks() as callbacks:
            command = ask()
        assert len(callbacks) == 1
        with pytest.raises(OSError, match=UID):
            callbacks[0]()

    with django_capture_on_commit_callbacks(execute=True):
        tasks.sweep_commands()

    command.refresh_from_db()
    assert command.state == CommandState.CONFIRMED


def test_a_broker_that_is_gone_costs_no_request(
    acme_master: Persona, monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> None:
    def no_broker(uid: str) -> None:
        raise OSError(uid)

    monkeypatch.setattr(tasks.send_commands, "delay", no_broker)

    with transaction.atomic():
        services.queue(
            actor=acme_master.actor,
            partner_pk=acme_master.partner.pk,
            uid=UID,
            operation="freeze",
            payload={},
            reason="late payment",
            operation_id=None,
        )

    assert CloudCommand.objects.get().state == CommandState.QUEUED


def test_permissions_of_unknown_outcome_are_read_before_they_are_repeated(ask: Callable[..., CloudCommand]) -> None:
    command = ask(Operation.SET_PERMISSIONS, scopes=["view_bills", "buy"])
    simulated.add_fault(operation="set_permissions", kind=FaultKind.TIMEOUT_AFTER)

    tasks.send_commands(UID)
    make_due()
    simulated.add_fault(operation="set_permissions", kind=FaultKind.REFUSE, code="1109")  # a repeat would meet this
    tasks.send_commands(UID)

    command.refresh_from_db()
    assert (command.state, command.vendor_code) == (CommandState.CONFIRMED, "")
    assert SimAccount.objects.get(uid=UID).scopes == ["buy", "view_bills"]


def test_many_orders_overtake_what_waited_and_leave_others_alone(
    acme_master: Persona, ask: Callable[..., CloudCommand]
) -> None:
    earlier = ask(Operation.SET_PERMISSIONS, scopes=["view_bills", "buy"])
    frozen = ask(Operation.FREEZE)
    orders = [(acme_master.partner.pk, uid, {"scopes": ["view_bills"]}) for uid in (UID, "1792155717328011")]

    with transaction.atomic():
        services.queue_many(
            actor=acme_master.actor, operation=Operation.SET_PERMISSIONS, orders=orders, reason="", operation_id=None
        )

    states = dict(CloudCommand.objects.values_list("pk", "state"))
    assert (states.pop(earlier.pk), states.pop(frozen.pk)) == (CommandState.SUPERSEDED, CommandState.QUEUED)
    assert list(states.values()) == [CommandState.QUEUED] * 2
