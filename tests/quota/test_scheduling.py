"""Planned changes of switches: they begin, are announced, end, and fail with their cause; each exactly once."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from partner_console.access.models import Membership, Partner, User
from partner_console.access.quiet import after_quiet_hours
from partner_console.approvals import services as approvals
from partner_console.approvals.models import Approval, ApprovalRule
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from partner_console.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from quota.errors import AlreadyPlanned, CascadeMoved, NothingToChange, PlanClosed
from quota.services import planned, scheduling
from quota.services.scheduling import Plan
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.errors import AlreadyFrozen, NotLive, ReasonMissing, StaleVersion
from uids.models import ControlChange, LinkedAccount, ScheduledControl, ScheduleState
from uids.services import set_control
from uids.states import Control, Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

UID = "1792155717328010"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # 20:00 in Shanghai, where acme is
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FREEZE: dict[str, Any] = {"what": "payg_freeze", "value": "frozen"}


@pytest.fixture
def account(acme_manager: Persona) -> LinkedAccount:
    return make_account(acme_manager.partner, UID, quota=Decimal(1000), email="it@kaito.example", country="JP")


@pytest.fixture(autouse=True)
def at_noon() -> Any:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def plan(persona: Persona, account: LinkedAccount, **fields: Any) -> ScheduledControl:
    made = ask_to_plan(persona, account, **fields)
    assert isinstance(made, ScheduledControl)
    return made


def ask_to_plan(persona: Persona, account: LinkedAccount, **fields: Any) -> ScheduledControl | Approval:
    reason, confirmed = fields.pop("reason", "invoice 4711 unpaid"), fields.pop("confirmed", None)
    wanted = Plan(**FREEZE | {"starts_at": NOON + DAY} | fields)
    return scheduling.plan_control(
        actor=persona.actor, account_pk=account.pk, plan=wanted, reason=reason, confirmed=confirmed
    )


def go_to(clock: Any, at: datetime) -> None:
    clock.move_to(at)
    planned.sweep()
    planned.sweep()


def is_frozen(account: LinkedAccount) -> bool:
    return bool(LinkedAccount.objects.values_list("payg_frozen", flat=True).get(pk=account.pk))


def mails(kind: str) -> list[Email]:
    return [mail for mail in Email.objects.order_by("pk") if mail.headers["X-Console-Mail"] == kind]


def test_it_begins_and_ends_by_itself_and_returns_exactly_what_it_set(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    sub = make_account(account.partner, "1792155717328011", trustee=account)
    held = make_account(account.partner, "1792155717328012", trustee=account, payg_frozen=True)
    made = plan(acme_manager, account, ends_at=NOON + 2 * DAY, confirmed=2)

    go_to(at_noon, NOON + DAY - timedelta(minutes=1))
    assert not is_frozen(account)
    go_to(at_noon, NOON + DAY)

    made.refresh_from_db()
    assert (made.state, made.before, made.due_at) == (ScheduleState.IN_FORCE, "normal", NOON + 2 * DAY)
    assert is_frozen(account)
    rows = ControlChange.objects.filter(operation_id=made.operation_id)
    assert {(row.account_id, row.cause_id) for row in rows} == {(account.pk, None), (sub.pk, account.pk)}
    assert all("invoice 4711 unpaid" in row.reason and "manager@acme.example" in row.reason for row in rows)
    assert {row.method for row in rows} == {"system"}

    go_to(at_noon, NOON + 2 * DAY)
    made.refresh_from_db()
    assert (made.state, made.due_at) == (ScheduleState.ENDED, None)
    assert not is_frozen(account)
    assert is_frozen(held)
    assert not is_frozen(sub)
    orders = CloudCommand.objects.filter(uid=UID).order_by("pk").values_list("operation", flat=True)
    assert list(orders) == ["freeze", "thaw"]
    assert AuditEntry.objects.filter(action=Action.CONTROL_PLANNED, subject_pk=account.pk).count() == 1
    go_to(at_noon, NOON + 9 * DAY)
    assert ControlChange.objects.filter(account=account).count() == 2


@pytest.mark.parametrize(
    ("what", "value", "field"),
    [
        ("purchase_control", "ban", "purchase_control"),
        ("shutdown_policy", "delayStop", "shutdown_policy"),
        ("shutdown_policy", "noStop", "shutdown_policy"),
    ],
)
def test_the_other_switches_go_the_same_way(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any, what: str, value: str, field: str
) -> None:
    before = getattr(account, field)
    plan(acme_manager, account, what=what, value=value, ends_at=NOON + 2 * DAY)

    go_to(at_noon, NOON + DAY)
    account.refresh_from_db()
    assert getattr(account, field) == value
    go_to(at_noon, NOON + 2 * DAY)

    account.refresh_from_db()
    assert getattr(account, field) == before
    assert account.overdraft == 0


def test_without_an_end_it_stays(acme_manager: Persona, account: LinkedAccount, at_noon: Any) -> None:
    made = plan(acme_manager, account)

    go_to(at_noon, NOON + DAY)

    made.refresh_from_db()
    assert (made.state, made.due_at) == (ScheduleState.DONE, None)
    assert is_frozen(account)


def test_somebody_who_unfroze_meanwhile_is_not_undone(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    made = plan(acme_manager, account, ends_at=NOON + 3 * DAY)
    go_to(at_noon, NOON + DAY)
    set_control(
        actor=acme_manager.actor, account_pk=account.pk, what=Control.PAYG_FREEZE, value="normal", reason="paid"
    )

    go_to(at_noon, NOON + 3 * DAY)

    made.refresh_from_db()
    assert (made.state, bool(made.cause)) == (ScheduleState.ENDED, True)
    assert mails("control_plan_failed") == []
    assert ControlChange.objects.filter(account=account).count() == 2


def test_a_freeze_of_somebody_elses_since_is_left_alone_and_the_planner_is_told(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    made = plan(acme_manager, account, ends_at=NOON + 3 * DAY)
    go_to(at_noon, NOON + DAY)
    for value in ("normal", "frozen"):
        set_control(actor=acme_manager.actor, account_pk=account.pk, what=Control.PAYG_FREEZE, value=value, reason="r")

    go_to(at_noon, NOON + 3 * DAY)

    made.refresh_from_db()
    assert made.state == ScheduleState.FAILED
    assert is_frozen(account)
    (mail,) = mails("control_plan_failed")
    assert mail.to == ["manager@acme.example"]
    assert made.cause in mail.message


def test_what_cannot_be_done_is_closed_with_its_cause_and_told_once(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    made = plan(acme_manager, account, ends_at=NOON + 2 * DAY)
    go_to(at_noon, NOON + DAY)
    move(account, EntryKind.USAGE, undeducted="1037.20")

    go_to(at_noon, NOON + 2 * DAY)

    made.refresh_from_db()
    assert made.state == ScheduleState.FAILED
    assert "37.20" in made.cause
    assert is_frozen(account)
    (mail,) = mails("control_plan_failed")
    assert mail.subject == "Not ended as planned for Kaito Trading: Freeze PAYG"
    assert "“Freeze PAYG” was to end by itself" in mail.message
    assert "37.20" in mail.message
    assert AuditEntry.objects.filter(action=Action.CONTROL_PLAN_FAILED, subject_pk=account.pk).count() == 1


def test_frozen_by_hand_before_its_time_it_fails_and_whoever_is_told_is_still_there(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    made = plan(acme_manager, account)
    set_control(actor=acme_manager.actor, account_pk=account.pk, what=Control.PAYG_FREEZE, value="frozen", reason="now")
    Membership.objects.filter(user=acme_manager.user).update(is_active=False)

    go_to(at_noon, NOON + DAY)

    made.refresh_from_db()
    assert made.state == ScheduleState.FAILED
    assert mails("control_plan_failed")[0].to == ["alerts@acme.example"]


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"starts_at": NOON}, Invalid, "starts_at"),
        ({"starts_at": NOON + 400 * DAY}, Invalid, "starts_at"),
        ({"ends_at": NOON + DAY}, Invalid, "ends_at"),
        ({"ends_at": NOON + 900 * DAY}, Invalid, "ends_at"),
        ({"notice_hours": 24}, Invalid, "notice_email"),
        ({"notice_hours": 24, "notice_email": "nobody"}, Invalid, "notice_email"),
        ({"notice_hours": 999, "notice_email": "a@b.example"}, Invalid, "notice_hours"),
        ({"value": "melted"}, Invalid, "value"),
        ({"what": "payg_shutdown", "value": "stopped"}, Invalid, "value"),
        ({"reason": "  "}, ReasonMissing, "reason"),
        ({"confirmed": 2}, CascadeMoved, "confirmed"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    acme_manager: Persona, account: LinkedAccount, fields: dict[str, Any], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refused:
        plan(acme_manager, account, **fields)

    assert refused.value.field == field
    assert not ScheduledControl.objects.exists()
    assert not AuditEntry.objects.filter(action=Action.CONTROL_PLANNED).exists()


def test_who_may_and_on_what(
    acme_manager: Persona, acme_finance: Persona, outsider: Persona, agency_master: Persona, account: LinkedAccount
) -> None:
    for persona, error in ((acme_finance, Forbidden), (agency_master, Forbidden), (outsider, NotFound)):
        with pytest.raises(error):
            plan(persona, account)
    plan(acme_manager, account)
    with pytest.raises(AlreadyPlanned):
        plan(acme_manager, account)
    plan(acme_manager, account, what="purchase_control", value="ban")
    LinkedAccount.objects.update(payg_frozen=True)
    other = make_account(account.partner, "1792155717328019", payg_frozen=True)
    with pytest.raises(AlreadyFrozen):
        plan(acme_manager, other)
    gone = make_account(account.partner, "1792155717328018", relationship=Relationship.TERMINATED)
    with pytest.raises(NotLive):
        plan(acme_manager, gone)
    assert ScheduledControl.objects.count() == 2


def test_it_is_edited_and_called_off(acme_manager: Persona, account: LinkedAccount, at_noon: Any) -> None:
    made = plan(acme_manager, account)
    other = Plan(**FREEZE, starts_at=NOON + 2 * DAY)
    same = Plan(**FREEZE, starts_at=NOON + DAY)
    given: dict[str, Any] = {"actor": acme_manager.actor, "plan_pk": made.pk}

    with pytest.raises(StaleVersion):
        scheduling.edit_plan(**given, version=7, plan=other, reason="r")
    with pytest.raises(NothingToChange):
        scheduling.edit_plan(**given, version=1, plan=same, reason="r")
    scheduling.edit_plan(**given, version=1, plan=other, reason="a day more")
    go_to(at_noon, NOON + DAY)
    assert not is_frozen(account)
    scheduling.cancel_plan(**given, reason="they paid")

    go_to(at_noon, NOON + 2 * DAY)
    made.refresh_from_db()
    assert (made.state, made.cause) == (ScheduleState.CANCELLED, "they paid")
    assert not is_frozen(account)
    with pytest.raises(PlanClosed):
        scheduling.cancel_plan(**given, reason="again")
    actions = (Action.CONTROL_PLAN_EDITED, Action.CONTROL_PLAN_CANCELLED)
    assert AuditEntry.objects.filter(action__in=actions).count() == 2


def test_in_force_only_its_end_moves_and_calling_off_leaves_it_frozen(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    made = plan(acme_manager, account, ends_at=NOON + 2 * DAY)
    go_to(at_noon, NOON + DAY)
    made.refresh_from_db()
    longer = Plan(**FREEZE, starts_at=NOON, ends_at=NOON + 4 * DAY)

    scheduling.edit_plan(
        actor=acme_manager.actor, plan_pk=made.pk, version=made.version, plan=longer, reason="not paid yet"
    )
    go_to(at_noon, NOON + 3 * DAY)
    assert is_frozen(account)
    scheduling.cancel_plan(actor=acme_manager.actor, plan_pk=made.pk, reason="for good")

    go_to(at_noon, NOON + 9 * DAY)
    made.refresh_from_db()
    assert (made.state, made.starts_at) == (ScheduleState.DONE, NOON + DAY)
    assert is_frozen(account)


@pytest.mark.parametrize(
    ("begin", "end", "at", "moved"),
    [
        ("22:00", "08:00", "2026-03-02 23:30", "2026-03-03 08:00"),
        ("22:00", "08:00", "2026-03-03 07:59", "2026-03-03 08:00"),
        ("22:00", "08:00", "2026-03-03 08:00", "2026-03-03 08:00"),
        ("22:00", "08:00", "2026-03-02 22:00", "2026-03-03 08:00"),
        ("22:00", "08:00", "2026-03-02 21:59", "2026-03-02 21:59"),
        ("12:00", "13:00", "2026-03-02 12:30", "2026-03-02 13:00"),
        ("12:00", "13:00", "2026-03-02 13:00", "2026-03-02 13:00"),
        (None, None, "2026-03-02 23:30", "2026-03-02 23:30"),
    ],
)
def test_quiet_hours_are_the_partners_own(begin: str | None, end: str | None, at: str, moved: str) -> None:
    hours = [time.fromisoformat(one) if one else None for one in (begin, end)]
    partner = Partner(time_zone="Asia/Tokyo", quiet_from=hours[0], quiet_until=hours[1])
    zone = ZoneInfo("Asia/Tokyo")

    found = after_quiet_hours(partner, datetime.fromisoformat(at).replace(tzinfo=zone))

    assert found == datetime.fromisoformat(moved).replace(tzinfo=zone)


def test_quiet_hours_put_off_a_freeze_but_never_its_end(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    Partner.objects.update(quiet_from=time(22), quiet_until=time(8))
    night = NOON + timedelta(hours=3)  # 23:00 in Shanghai
    morning = NOON + timedelta(hours=12)
    made = plan(acme_manager, account, starts_at=night, ends_at=night + DAY)
    assert (made.due_at, made.is_moved) == (morning, True)

    go_to(at_noon, night)
    assert not is_frozen(account)
    go_to(at_noon, morning)
    assert is_frozen(account)
    go_to(at_noon, night + DAY)
    assert not is_frozen(account)


def test_quiet_hours_set_after_planning_hold_too(acme_manager: Persona, account: LinkedAccount, at_noon: Any) -> None:
    made = plan(acme_manager, account, starts_at=NOON + timedelta(hours=3))
    Partner.objects.update(quiet_from=time(22), quiet_until=time(8))

    go_to(at_noon, NOON + timedelta(hours=3))

    made.refresh_from_db()
    assert (made.state, made.due_at) == (ScheduleState.PLANNED, NOON + timedelta(hours=12))
    assert not is_frozen(account)


NOTICE: dict[str, Any] = {"notice_hours": 4, "notice_email": "it@kaito.example", "notice_language": "ja"}


def test_the_customer_is_told_once_before_with_what_they_notice_and_whom_to_ask(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    Partner.objects.update(contact="help@acme.example")
    plan(acme_manager, account, **NOTICE | {"notice_language": "en"}, ends_at=NOON + 2 * DAY)

    go_to(at_noon, NOON + DAY - 5 * HOUR)
    assert mails("control_notice") == []
    go_to(at_noon, NOON + DAY - 4 * HOUR)
    go_to(at_noon, NOON + DAY)

    (mail,) = mails("control_notice")
    assert mail.to == ["it@kaito.example"]
    for words in ("2026-03-03 20:00 UTC+8", "pay-as-you-go services stop", "help@acme.example", "2026-03-04 20:00"):
        assert words in mail.message
        assert words in mail.html_message
    assert "4711" not in mail.message + mail.html_message
    assert AuditEntry.objects.filter(action=Action.CUSTOMER_NOTICED).count() == 1


def test_who_was_told_is_told_of_another_time_and_that_it_is_off(
    acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    made = plan(acme_manager, account, **NOTICE)
    go_to(at_noon, NOON + DAY - HOUR)
    given: dict[str, Any] = {"actor": acme_manager.actor, "plan_pk": made.pk}
    later = Plan(**FREEZE, starts_at=NOON + 3 * DAY)

    scheduling.edit_plan(**given, version=1, plan=later, reason="a promise")
    go_to(at_noon, NOON + DAY)
    assert [mail.to for mail in mails("control_notice")] == [["it@kaito.example"]] * 2
    scheduling.cancel_plan(**given, reason="they paid")

    assert len(mails("control_notice_off")) == 1
    go_to(at_noon, NOON + 9 * DAY)
    assert len(mails("control_notice")) == 2


def test_nobody_is_told_that_something_they_never_heard_of_is_off(
    acme_manager: Persona, account: LinkedAccount
) -> None:
    made = plan(acme_manager, account, **NOTICE)

    scheduling.cancel_plan(actor=acme_manager.actor, plan_pk=made.pk, reason="they paid")

    assert not Email.objects.exists()


def test_the_end_of_the_relationship_calls_everything_off(acme_master: Persona, account: LinkedAccount) -> None:
    made = plan(acme_master, account)

    assert scheduling.cancel_all(actor=acme_master.actor, account=account, cause="The relationship ends.") == 1
    assert scheduling.cancel_all(actor=acme_master.actor, account=account, cause="again") == 0

    made.refresh_from_db()
    assert (made.state, made.cause) == (ScheduleState.CANCELLED, "The relationship ends.")


def test_a_second_person_is_asked_by_the_switchs_own_rule(
    acme_master: Persona, acme_manager: Persona, account: LinkedAccount, at_noon: Any
) -> None:
    ApprovalRule.objects.create(partner=account.partner, action=Action.ACCOUNT_FROZEN, when=When.ALWAYS)
    User.objects.filter(email="owner@acme.example").update(language="ja")
    approval = ask_to_plan(acme_manager, account, ends_at=NOON + 2 * DAY)
    assert isinstance(approval, Approval)
    assert mails("approval_asked")[0].subject == f"決定が必要です：設定の変更を予定（{UID} Kaito Trading）"
    assert approval.expires_at == NOON + DAY
    assert not ScheduledControl.objects.exists()

    approvals.decide(actor=acme_master.actor, approval_pk=approval.pk, approve=True)

    made = ScheduledControl.objects.get()
    assert (made.operator, made.ends_at) == ("manager@acme.example", NOON + 2 * DAY)
    moved = scheduling.edit_plan(
        actor=acme_manager.actor, plan_pk=made.pk, version=1, plan=Plan(**FREEZE, starts_at=NOON + 3 * DAY), reason="r"
    )
    assert isinstance(moved, Approval)
    go_to(at_noon, NOON + DAY)
    assert is_frozen(account)  # carried out as agreed, without asking again; the edit comes too late
    with pytest.raises(Conflict):
        approvals.decide(actor=acme_master.actor, approval_pk=moved.pk, approve=True)


def test_planning_on_the_pages(
    acme_manager: Persona, acme_readonly: Persona, account: LinkedAccount, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_manager)
    url = reverse("quota:schedule_new", args=[UID])
    page = client.get(url, {"change": "payg_freeze:frozen"}).content.decode()
    assert "it@kaito.example" in page
    assert "UTC+8" in page

    typed = {
        "change": "payg_freeze:frozen", "starts_at": "2026-03-05T09:00", "ends_at": "", "notice": "24",
        "notice_email": "it@kaito.example", "notice_language": "ja", "reason": "invoice 4711",
    }  # fmt: skip
    review = client.post(url, typed)
    assert review.status_code == 200
    assert "2026-03-05 09:00 UTC+8" in review.content.decode()
    assert not ScheduledControl.objects.exists()
    done = client.post(url, typed | {"confirm": "1"})
    assert (done.status_code, done["Location"]) == (303, reverse("quota:schedule", args=[UID]))

    made = ScheduledControl.objects.get()
    assert made.starts_at == datetime(2026, 3, 5, 1, tzinfo=UTC)
    for persona, may in ((acme_manager, True), (acme_readonly, False)):
        shown = as_(persona).get(done["Location"]).content.decode()
        assert "invoice 4711" in shown
        assert (reverse("quota:schedule_cancel", args=[UID, made.pk]) in shown) is may
    assert UID in client.get(reverse("quota:schedule_list")).content.decode()
    edit = reverse("quota:schedule_edit", args=[UID, made.pk])
    wrong = client.post(edit, typed | {"starts_at": "2026-03-01T09:00", "version": "1"})
    assert wrong.status_code == 422
    assert "still to come" in wrong.content.decode()
    assert (
        client.post(edit, typed | {"starts_at": "2026-03-06T09:00", "version": "1", "confirm": "1"}).status_code == 303
    )
    assert (
        client.post(edit, typed | {"starts_at": "2026-03-07T09:00", "version": "1", "confirm": "1"}).status_code == 409
    )
    off = client.post(reverse("quota:schedule_cancel", args=[UID, made.pk]), {"reason": "paid"})
    assert off.status_code == 303
    made.refresh_from_db()
    assert made.state == ScheduleState.CANCELLED


def test_with_sub_accounts_their_number_is_typed(
    acme_manager: Persona, account: LinkedAccount, as_: Callable[[Persona], Client]
) -> None:
    make_account(account.partner, "1792155717328011", trustee=account)
    client, url = as_(acme_manager), reverse("quota:schedule_new", args=[UID])
    typed = {"change": "payg_freeze:frozen", "starts_at": "2026-03-05T09:00", "reason": "r", "confirm": "1"}

    for confirmed, status in (("", 422), ("3", 409), ("2", 303)):
        assert client.post(url, typed | {"confirmed": confirmed}).status_code == status

    assert ScheduledControl.objects.count() == 1
    assert timezone.now() == NOON
