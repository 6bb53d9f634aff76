"""Arrears stop PAYG, and let it run again; what is stopped for 15 days is released (design §6.3, acpn.md §8)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.access.policy import Role
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud import clock
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from quota import tasks
from quota.models import CreditAccount, ShutdownNotice
from quota.services import enforcing, intake, releasing, stop_lines, stop_news
from quota.services.intake import UsageEvent
from quota.states import EntryKind, StopNews
from tests.factories import make_account, make_member
from tests.quota.support import move
from uids.models import ControlChange, LinkedAccount
from uids.services import set_control
from uids.services.relationship import set_relationship
from uids.states import RELEASE_AFTER, Control, PaygStatus, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from partner_console.access.actor import Actor
    from tests.personas import Persona

D = Decimal
WORKER = system_actor("payg-stops")
DAY = timedelta(days=1)


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, "1792155717328010", quota=D("100"), nickname="Kaito & Sons")


def enforce(account: LinkedAccount) -> bool:
    return enforcing.enforce(actor=WORKER, account_pk=account.pk)


def now_of(account: LinkedAccount) -> LinkedAccount:
    found: LinkedAccount = LinkedAccount.objects.select_related("trustee").get(pk=account.pk)
    return found


def orders(account: LinkedAccount) -> list[str]:
    return list(
        CloudCommand.objects.filter(uid=account.uid, topic="stop").order_by("pk").values_list("operation", flat=True)
    )


def records(account: LinkedAccount) -> list[tuple[str, str]]:
    found = ControlChange.objects.filter(account=account, what=Control.PAYG_SHUTDOWN)
    return list(found.order_by("pk").values_list("before", "after"))


def stop(account: LinkedAccount, *, days_ago: float = 0) -> LinkedAccount:
    """Stopped by arrears so long ago by the cloud's clock, and confirmed there."""
    move(account, EntryKind.USAGE, undeducted="200")
    enforce(account)
    CloudCommand.objects.filter(uid=account.uid).update(state=CommandState.CONFIRMED)
    LinkedAccount.objects.filter(pk=account.pk).update(payg_stopped_at=clock.now() - days_ago * DAY)
    ShutdownNotice.objects.filter(credit=account.pk).delete()
    return now_of(account)


def set_policy(account: LinkedAccount, policy: ShutdownPolicy, *, actor: Actor, overdraft: str | None = None) -> None:
    amount = None if overdraft is None else D(overdraft)
    set_control(
        actor=actor,
        account_pk=account.pk,
        what=Control.SHUTDOWN_POLICY,
        value=policy,
        reason="agreed",
        overdraft=amount,
    )


def test_a_stop_comes_strictly_below_zero_and_once(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="100")
    assert not enforce(account)  # exactly 0 is no arrears

    move(account, EntryKind.USAGE, undeducted="0.000001")
    assert enforce(account)
    assert not enforce(account)

    stopped = now_of(account)
    change = ControlChange.objects.get()
    assert stopped.effective_payg_status is PaygStatus.STOPPED
    assert (change.what, change.before, change.after) == (Control.PAYG_SHUTDOWN, "normal", "stopped")
    assert (change.reason, change.cause, change.method) == (enforcing.REASON_STOPPED, None, "system")
    command = CloudCommand.objects.get(topic="stop")
    assert (command.operation, command.operation_id) == (Operation.STOP_PAYG, change.operation_id)
    entry = AuditEntry.objects.get(action=Action.PAYG_STOPPED)
    assert (entry.subject_pk, entry.operation_id, entry.note) == (account.pk, change.operation_id, change.reason)
    assert CreditAccount.objects.get(pk=account.pk).credit_status == "shutdown"


def test_late_bills_change_nothing_and_a_payment_short_of_zero_neither(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="150")
    enforce(account)
    began = now_of(account).payg_stopped_at

    move(account, EntryKind.USAGE, undeducted="30")
    move(account, EntryKind.REFUND, deducted="-79.999999")

    assert not enforce(account)
    assert now_of(account).payg_stopped_at == began
    assert orders(account) == [Operation.STOP_PAYG]


def test_it_runs_again_at_exactly_zero_and_a_freeze_of_the_partners_stays(
    account: LinkedAccount, acme_manager: Persona
) -> None:
    move(account, EntryKind.USAGE, undeducted="150")
    enforce(account)
    set_control(
        actor=acme_manager.actor, account_pk=account.pk, what=Control.PAYG_FREEZE, value="frozen", reason="fraud"
    )

    move(account, EntryKind.REFUND, deducted="-50")
    assert enforce(account)

    running = now_of(account)
    assert (running.payg_stopped_at, running.payg_frozen) == (None, True)
    assert records(account) == [("normal", "stopped"), ("stopped", "normal")]
    assert orders(account) == [Operation.STOP_PAYG, Operation.RESUME_PAYG]
    assert CloudCommand.objects.get(operation=Operation.STOP_PAYG).state == CommandState.SUPERSEDED


def test_the_overdraft_is_a_latch(acme: Partner) -> None:
    """Once past it, within it again is not enough; exactly at it nothing is stopped."""
    account = make_account(acme, quota=D("100"), shutdown_policy=ShutdownPolicy.DELAY_STOP, overdraft=D("600"))
    move(account, EntryKind.USAGE, undeducted="700")
    assert not enforce(account)
    move(account, EntryKind.USAGE, undeducted="0.01")
    assert enforce(account)

    move(account, EntryKind.REFUND, deducted="-500")

    assert not enforce(account)
    assert CreditAccount.objects.get(pk=account.pk).credit_status == "shutdown"


def test_no_shutdown_never_stops(acme: Partner) -> None:
    account = make_account(acme, quota=D("100"), shutdown_policy=ShutdownPolicy.NO_STOP)
    move(account, EntryKind.USAGE, undeducted="1000000")

    assert not enforce(account)
    assert CreditAccount.objects.get(pk=account.pk).credit_status == "arrears_not_shutdown"


def test_sub_accounts_follow_with_records_of_their_own(account: LinkedAccount, acme: Partner) -> None:
    sub = make_account(acme, trustee=account)
    ended = make_account(acme, trustee=account, relationship=Relationship.TERMINATED)
    move(account, EntryKind.USAGE, undeducted="101")

    enforce(account)

    own, followed = ControlChange.objects.order_by("pk")
    assert (followed.account, followed.cause, followed.operation_id) == (sub, account, own.operation_id)
    assert followed.reason == own.reason
    assert now_of(sub).effective_payg_status is PaygStatus.STOPPED
    assert now_of(sub).payg_stopped_at is None  # by reference
    assert not records(ended)
    assert orders(account) == [Operation.STOP_PAYG]
    assert orders(sub) == []


def test_usage_wakes_it_in_its_own_statement_and_in_a_batch(
    account: LinkedAccount,
    acme: Partner,
    acme_finance: Persona,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[object]]],
) -> None:
    other = make_account(acme, quota=D("1"))
    at = clock.now() - DAY

    def used(key: str, *accounts: LinkedAccount) -> None:
        events = [UsageEvent(one.uid, "usage", D("101"), key, at) for one in accounts]
        with django_capture_on_commit_callbacks(execute=True):
            intake.take_in(actor=acme_finance.actor, events=events)

    used("alone", account)
    assert orders(account) == [Operation.STOP_PAYG]
    used("together", account, other)
    assert orders(account) == [Operation.STOP_PAYG]
    assert orders(other) == [Operation.STOP_PAYG]


def test_another_policy_stops_and_lets_run_at_once_in_the_same_action(
    account: LinkedAccount, acme_manager: Persona
) -> None:
    move(account, EntryKind.USAGE, undeducted="200")
    enforce(account)

    set_policy(account, ShutdownPolicy.DELAY_STOP, actor=acme_manager.actor, overdraft="600")
    changes = list(ControlChange.objects.order_by("-pk")[:2])
    assert now_of(account).payg_stopped_at is None
    assert {change.what for change in changes} == {Control.SHUTDOWN_POLICY, Control.PAYG_SHUTDOWN}
    assert len({(change.operation_id, change.reason, change.operator) for change in changes}) == 1
    assert CreditAccount.objects.get(pk=account.pk).stop_line == D("-600")

    set_policy(account, ShutdownPolicy.IMMEDIATELY_STOP, actor=acme_manager.actor)
    assert now_of(account).payg_stopped_at is not None
    set_policy(account, ShutdownPolicy.NO_STOP, actor=acme_manager.actor)
    assert now_of(account).payg_stopped_at is None
    assert orders(account) == [Operation.STOP_PAYG, Operation.RESUME_PAYG] * 2


def test_a_sub_account_and_an_ended_one_are_stopped_by_nothing(
    account: LinkedAccount, acme: Partner, acme_manager: Persona
) -> None:
    master = make_account(acme, quota=D("50"))
    line = CreditAccount.objects.filter(pk=account.pk).values_list("stop_line", flat=True)
    LinkedAccount.objects.filter(pk=account.pk).update(trustee=master)
    stop_lines.trustee_changed(
        actor=WORKER, account_pk=account.pk, former_pk=None, trustee_pk=master.pk, reason="", operation_id=uuid.uuid4()
    )
    assert line.get() is None
    LinkedAccount.objects.filter(pk=account.pk).update(trustee=None)
    stop_lines.trustee_changed(
        actor=WORKER, account_pk=account.pk, former_pk=master.pk, trustee_pk=None, reason="", operation_id=uuid.uuid4()
    )
    assert line.get() == 0

    move(account, EntryKind.USAGE, undeducted="200")
    for to in (Relationship.IN_PROCESS, Relationship.TERMINATED):
        set_relationship(
            actor=acme_manager.actor, account=now_of(account), to=to, action=Action.ACCOUNT_TERMINATED, reason="over"
        )
    assert line.get() is None
    assert not enforce(account)
    assert not enforcing.sweep(actor=WORKER)


def test_an_ended_account_keeps_what_it_was_like(account: LinkedAccount) -> None:
    stopped = stop(account, days_ago=20)
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.IN_PROCESS)
    set_relationship(
        actor=WORKER, account=now_of(account), to=Relationship.TERMINATED, action=Action.ACCOUNT_TERMINATED, reason="x"
    )
    move(account, EntryKind.REFUND, deducted="-500")

    assert not releasing.sweep(actor=WORKER)
    assert now_of(account).payg_stopped_at == stopped.payg_stopped_at
    assert not CreditAccount.objects.get(pk=account.pk).is_stopped


def test_the_sweep_finds_what_nobody_woke_in_statements_that_do_not_grow(acme: Partner, outsider: Persona) -> None:
    ours = [make_account(acme, quota=D("10")) for _ in range(7)]
    theirs = make_account(outsider.partner, quota=D("10"))
    counts = []
    for some in (ours[:2], ours[2:]):
        for account in some:
            move(account, EntryKind.USAGE, undeducted="11")
        with CaptureQueriesContext(connection) as queries:
            assert enforcing.sweep(actor=system_actor("test", partner=acme)) == len(some)
        counts.append(len(queries))

    assert counts[0] == counts[1]
    move(theirs, EntryKind.USAGE, undeducted="11")
    assert enforcing.sweep(actor=system_actor("test", partner=acme), batch=2) == 0
    assert enforcing.sweep(batch=2) == 1
    assert enforcing.sweep() == 0


@pytest.mark.parametrize(
    ("days_ago", "told"),
    [(7.9, []), (8.1, ["release_7"]), (12.1, ["release_3"]), (14.1, ["release_1"]), (15.1, ["released"])],
)
def test_reminders_and_release_by_the_clouds_clock(
    account: LinkedAccount, acme: Partner, days_ago: float, told: list[str]
) -> None:
    sub = make_account(acme, trustee=account)
    stopped = stop(account, days_ago=days_ago)

    releasing.sweep(actor=WORKER)
    releasing.sweep(actor=WORKER)

    assert list(ShutdownNotice.objects.values_list("kind", flat=True)) == told
    after = now_of(account)
    if "released" in told:
        assert stopped.payg_stopped_at is not None
        assert after.payg_released_at == stopped.payg_stopped_at + RELEASE_AFTER
        assert records(account)[-1] == records(sub)[-1] == ("stopped", "released")
        assert AuditEntry.objects.filter(action=Action.PAYG_RELEASED).count() == 2
        assert now_of(sub).effective_payg_status is PaygStatus.RELEASED
    else:
        assert after.payg_released_at is None
    assert orders(account) == [Operation.STOP_PAYG]  # the cloud releases by itself


def test_reminders_come_one_after_the_other_once_each(account: LinkedAccount) -> None:
    stop(account)
    began = clock.now()
    for hours in range(0, 15 * 24, 6):
        releasing.remind(actor=WORKER, now=began + timedelta(hours=hours))

    assert list(ShutdownNotice.objects.order_by("pk").values_list("kind", flat=True)) == [
        "release_7", "release_3", "release_1",
    ]  # fmt: skip


@pytest.mark.parametrize("state", [CommandState.QUEUED, CommandState.REFUSED, CommandState.UNKNOWN])
def test_what_the_cloud_has_not_stopped_is_not_released(account: LinkedAccount, state: str) -> None:
    stop(account, days_ago=16)
    CloudCommand.objects.filter(uid=account.uid).update(state=state)

    assert releasing.sweep(actor=WORKER) == 0
    assert not ShutdownNotice.objects.exists()


def test_recovered_before_the_sweep_is_not_released(account: LinkedAccount) -> None:
    stop(account, days_ago=16)
    move(account, EntryKind.REFUND, deducted="-500")

    assert releasing.sweep(actor=WORKER) == 0
    assert now_of(account).effective_payg_status is PaygStatus.NORMAL


def test_after_a_release_new_instances_may_be_bought_and_the_records_keep_it(account: LinkedAccount) -> None:
    stop(account, days_ago=16)
    releasing.sweep(actor=WORKER)
    move(account, EntryKind.REFUND, deducted="-500")

    assert enforce(account)

    assert now_of(account).effective_payg_status is PaygStatus.NORMAL
    assert records(account) == [("normal", "stopped"), ("stopped", "released"), ("released", "normal")]


def test_the_mails_are_stored_once_and_in_the_partners_language(account: LinkedAccount, acme: Partner) -> None:
    make_member(acme, Role.MANAGER, email="mei@acme.example")
    Partner.objects.filter(pk=acme.pk).update(alert_recipients=["alerts@acme.example"], language="ja")
    LinkedAccount.objects.filter(pk=account.pk).update(business_manager="mei@acme.example")
    move(account, EntryKind.USAGE, undeducted="137.2")
    enforce(account)

    for _again in range(2):
        tasks.send_stop_news(acme.pk)
        stop_news.sweep()

    mail = Email.objects.get()
    assert mail.to == ["alerts@acme.example", "mei@acme.example"]
    assert "Kaito & Sons" in mail.subject
    assert "37.20 USD" in mail.message
    assert account.uid in mail.html_message
    assert AuditEntry.objects.get(action=Action.STOP_TOLD).subject_pk == account.pk
    assert translation.get_language() == "en"


def test_what_every_mail_says(account: LinkedAccount, acme: Partner) -> None:
    """Each kind of one account, and of several."""
    Partner.objects.filter(pk=acme.pk).update(alert_recipients=["alerts@acme.example"])
    others = [make_account(acme, quota=D("0"), nickname=f"Shop {number}") for number in range(2)]
    said = {
        StopNews.STOPPED: ("is in arrears, −37.20 USD", "37.20 USD is missing", "cannot be undone"),
        StopNews.RELEASE_7: ("7 days until", "cannot be undone", "37.20 USD is missing"),
        StopNews.RELEASE_1: ("1 day until", "cannot be undone"),
        StopNews.RELEASED: ("were released", "The debt remains"),
        StopNews.RESUMED: ("PAYG runs again: Kaito", "unless you have frozen it"),
    }
    began = clock.now()
    LinkedAccount.objects.filter(partner=acme).update(payg_stopped_at=began)
    for kind, words in said.items():
        for told in ([account], [account, *others]):
            ShutdownNotice.objects.all().delete()
            Email.objects.all().delete()
            for one in told:
                ShutdownNotice.objects.create(
                    credit_id=one.pk, partner=acme, kind=kind, stopped_at=began, available=D("-37.2")
                )
            stop_news.send(actor=WORKER, partner_pk=acme.pk)
            mail = Email.objects.get()
            if len(told) == 1:
                assert all(word in mail.subject + mail.message for word in words), mail.message
            else:
                assert "3 accounts" in mail.subject
                assert all(one.uid in mail.message and one.uid in mail.html_message for one in told)


def test_a_reminder_that_came_too_late_is_not_sent(account: LinkedAccount, acme: Partner) -> None:
    stop(account, days_ago=9)
    releasing.sweep(actor=WORKER)
    move(account, EntryKind.REFUND, deducted="-500")
    enforce(account)

    stop_news.send(actor=WORKER, partner_pk=acme.pk)

    assert set(ShutdownNotice.objects.values_list("kind", "is_moot")) == {("release_7", True), ("resumed", False)}
    assert [mail.headers["X-Console-Mail"] for mail in Email.objects.all()] == ["payg_resumed"]
