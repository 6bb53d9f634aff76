"""Two workers take one step, and somebody calls a plan off as it begins: each thing happens once, or not at all."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.cloud.models import CloudCommand
from quota.errors import PlanClosed
from quota.services import controls, plan_mails, planned, scheduling
from tests.factories import make_account, make_partner
from tests.support.races import run_together
from uids.models import ControlChange, LinkedAccount, ScheduledControl, ScheduleState
from uids.states import Control

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

WORKERS = 4
ACTOR = system_actor("race")


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> ScheduledControl:
    """A ban that is due, and a notice of it."""
    monkeypatch.setattr("partner_console.cloud.tasks.send_commands.delay", lambda uid: None)
    account = make_account(make_partner("acme"))
    now = timezone.now()
    made: ScheduledControl = ScheduledControl.objects.create(
        account=account, partner=account.partner, what=Control.PURCHASE_CONTROL, value="ban", reason="unpaid",
        starts_at=now - timedelta(minutes=1), ends_at=now + timedelta(days=1), due_at=now - timedelta(minutes=1),
        notice_hours=1, notice_at=now - timedelta(hours=1), notice_email="it@kaito.example", notice_language="en",
        operator="manager@acme.example", operation_id=uuid.uuid4(),
    )  # fmt: skip
    return made


def test_without_the_lock_every_worker_tells_the_customer(
    plan: ScheduledControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The race is real: reading the plan unlocked lets all of them in."""
    everybody_has_read = threading.Barrier(WORKERS, timeout=30)
    to_customer = plan_mails._to_customer  # noqa: SLF001 the last moment before the mail is stored

    def tell_together(*args: object, **more: object) -> None:
        everybody_has_read.wait()
        to_customer(*args, **more)  # type: ignore[arg-type]

    unlocked = lambda actor, pk: LinkedAccount.objects.get(pk=pk)  # noqa: E731 the one line the test is about
    monkeypatch.setattr(controls, "lock_account", unlocked)
    monkeypatch.setattr(plan_mails, "_to_customer", tell_together)

    run_together(WORKERS, lambda _number: plan_mails.send_notice(actor=ACTOR, plan_pk=plan.pk))

    assert Email.objects.count() == WORKERS


def test_of_many_workers_one_takes_the_step_and_one_tells_the_customer(plan: ScheduledControl) -> None:
    told: list[bool] = []
    taken: list[bool] = []

    def tell(_number: int) -> None:
        told.append(plan_mails.send_notice(actor=ACTOR, plan_pk=plan.pk))

    def take(_number: int) -> None:
        taken.append(planned.take_step(actor=ACTOR, plan_pk=plan.pk))

    assert [*run_together(WORKERS, tell), *run_together(WORKERS, take)] == [None] * 2 * WORKERS
    assert sorted(told) == sorted(taken) == [False] * (WORKERS - 1) + [True]
    assert (Email.objects.count(), ControlChange.objects.count(), CloudCommand.objects.count()) == (1, 1, 1)
    ScheduledControl.objects.update(due_at=timezone.now())

    run_together(WORKERS, take)

    plan.refresh_from_db()
    plan.account.refresh_from_db()
    assert (plan.state, plan.account.purchase_control) == (ScheduleState.ENDED, "normal")
    assert ControlChange.objects.count() == 2


def test_called_off_as_it_begins_it_is_either_off_or_in_force(plan: ScheduledControl) -> None:
    def one(number: int) -> object:
        if number:
            return planned.take_step(actor=ACTOR, plan_pk=plan.pk)
        return scheduling.cancel_plan(actor=ACTOR, plan_pk=plan.pk, reason="paid")

    answers = run_together(2, one)

    plan.refresh_from_db()
    plan.account.refresh_from_db()
    assert not any(isinstance(answer, Exception) and not isinstance(answer, PlanClosed) for answer in answers)
    assert (plan.state, plan.account.purchase_control) in (
        (ScheduleState.CANCELLED, "normal"),
        (ScheduleState.DONE, "ban"),
    )
