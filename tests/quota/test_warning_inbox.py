"""The inbox of warnings: what stands where, who may do what, and what mail that means."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, Invalid
from quota import tasks
from quota.models import CreditAccount, Warning
from quota.selectors.warnings import count_for_nav, counts_by_state, list_warnings
from quota.services import handling
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.models import Label, LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

D = Decimal
WORKER = system_actor("test")
LIST = "quota:warning_list"


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, "1792155717328010", quota=D(100), nickname="Kaito & Sons", business_manager="Mei")


@pytest.fixture
def warning(account: LinkedAccount) -> Warning:
    move(account, EntryKind.USAGE, undeducted="90")
    tasks.sweep_warnings()
    return Warning.objects.get()


def cross(account: LinkedAccount) -> Warning:
    """Back above the line, then below it again."""
    move(account, EntryKind.REFUND, deducted="-80")
    move(account, EntryKind.USAGE, undeducted="80")
    warning: Warning = Warning.objects.filter(credit=account.pk).latest("pk")
    return warning


def subjects() -> list[str]:
    tasks.sweep_warnings()
    tasks.sweep_warnings()
    return [mail.subject.split(":")[0] for mail in Email.objects.order_by("pk")]


def states(actor: Persona) -> dict[str, int]:
    return {state.value: n for state, n in counts_by_state(actor.actor).items()}


def snooze(persona: Persona, *warnings: Warning, hours: int = 5) -> int:
    until = timezone.now() + timedelta(hours=hours)
    return handling.snooze(
        actor=persona.actor, warning_pks=[one.pk for one in warnings], until=until, reason="They pay on Friday"
    )


def test_a_warning_goes_from_open_to_resolved(
    acme_manager: Persona, warning: Warning, as_: Callable[[Persona], Client]
) -> None:
    client, url = as_(acme_manager), reverse(LIST)
    assert "Kaito &amp; Sons" in client.get(url).content.decode()
    assert states(acme_manager) == {"open": 1, "acknowledged": 0, "snoozed": 0, "resolved": 0}
    assert count_for_nav(acme_manager.actor) == 1

    handle = reverse("quota:warning_handle")
    assert client.post(handle, {"action": "acknowledge", "pk": warning.pk})["Location"] == f"{url}?"
    assert states(acme_manager)["acknowledged"] == 1
    assert count_for_nav(acme_manager.actor) == 0
    shown = client.get(f"{url}?state=acknowledged").content.decode()
    assert "manager@acme.example" in shown
    assert "Kaito" not in client.get(url).content.decode().split("<main")[1]
    snoozed = client.post(
        handle,
        {
            "action": "snooze", "step": "run", "pk": warning.pk, "one": warning.pk, "reason": "They pay on Friday",
            "until": f"{timezone.now() + timedelta(days=1):%Y-%m-%dT%H:%M}",
        },
    )  # fmt: skip
    assert snoozed["Location"] == reverse("quota:warning_detail", args=[warning.pk])
    assert states(acme_manager)["snoozed"] == 1
    assert "They pay on Friday" in client.get(snoozed["Location"]).content.decode()
    client.post(handle, {"action": "unsnooze", "pk": warning.pk})
    assert states(acme_manager)["acknowledged"] == 1, "whoever had it, still has it"
    move(warning.credit.account, EntryKind.REFUND, deducted="-80")
    assert states(acme_manager) == {"open": 0, "acknowledged": 0, "snoozed": 0, "resolved": 1}
    assert "Kaito &amp; Sons" in client.get(f"{url}?state=resolved").content.decode()
    actions = AuditEntry.objects.filter(subject_pk=str(warning.credit_id), action__contains="warning_")
    assert [entry.action.rpartition("_")[2] for entry in actions.order_by("pk")] == [
        "acknowledged", "snoozed", "unsnoozed",
    ]  # fmt: skip


def test_the_list_shows_then_and_now_and_how_long_it_lasts(
    acme_finance: Persona, warning: Warning, as_: Callable[[Persona], Client]
) -> None:
    CreditAccount.objects.filter(pk=warning.credit_id).update(daily_use=D("1.5"), deducted=D("-2"))

    shown = as_(acme_finance).get(reverse(LIST)).content.decode()

    for words in ("20 %", "10.00", "12.00", "8 days", "Mei"):
        assert words in shown


def test_twice_is_once(acme_finance: Persona, acme_manager: Persona, warning: Warning) -> None:
    assert handling.acknowledge(actor=acme_manager.actor, warning_pks=[warning.pk]) == 1
    assert handling.acknowledge(actor=acme_finance.actor, warning_pks=[warning.pk, warning.pk]) == 0

    warning.refresh_from_db()
    assert str(warning.acknowledged_by) == "manager@acme.example"
    assert AuditEntry.objects.filter(action__endswith="warning_acknowledged").count() == 1


def test_viewers_look_and_nobody_reaches_into_another_partner(
    acme_readonly: Persona,
    outsider: Persona,
    agency_master: Persona,
    warning: Warning,
    as_: Callable[[Persona], Client],
) -> None:
    for person in (acme_readonly, agency_master):
        with pytest.raises(Forbidden):
            handling.acknowledge(actor=person.actor, warning_pks=[warning.pk])
        with pytest.raises(Forbidden):
            snooze(person, warning)
    assert "Acknowledge</button>" not in as_(acme_readonly).get(reverse(LIST)).content.decode()
    assert handling.acknowledge(actor=outsider.actor, warning_pks=[warning.pk]) == 0
    assert snooze(outsider, warning) == 0
    assert not list_warnings(outsider.actor).exists()
    assert count_for_nav(agency_master.actor) == 0
    warning.refresh_from_db()
    assert (warning.acknowledged_at, warning.snoozed_until) == (None, None)


@pytest.mark.parametrize("hours", [-1, 24 * 91])
def test_a_snooze_ends_ahead_and_within_ninety_days(acme_manager: Persona, warning: Warning, hours: int) -> None:
    with pytest.raises(Invalid):
        snooze(acme_manager, warning, hours=hours)
    with pytest.raises(Invalid):
        handling.snooze(
            actor=acme_manager.actor, warning_pks=[warning.pk], until=timezone.now() + timedelta(hours=1), reason=" "
        )
    warning.refresh_from_db()
    assert warning.snoozed_until is None


def test_while_snoozed_crossings_are_recorded_and_not_mailed_and_the_end_mails_once(
    acme_manager: Persona, warning: Warning, account: LinkedAccount
) -> None:
    assert subjects() == ["Quota warning"]
    snooze(acme_manager, warning)
    second = cross(account)
    third = cross(account)

    assert subjects() == ["Quota warning", "Quota recovered"], "what was told of is told to be over; no more"
    third.refresh_from_db()
    assert third.snooze_reason == "They pay on Friday"
    assert [row.pk for row in list_warnings(acme_manager.actor, state="snoozed")] == [third.pk]
    with time_machine.travel(timezone.now() + timedelta(hours=6), tick=False):
        assert subjects() == ["Quota warning", "Quota recovered", "Quota warning"]
        assert states(acme_manager) == {"open": 1, "acknowledged": 0, "snoozed": 0, "resolved": 2}
        tasks.send_warning(second.pk)
        tasks.send_warning(third.pk)
        tasks.send_recovery(second.pk)
    last = Email.objects.latest("pk")
    assert last.subject == "Quota warning: Kaito & Sons still has only 10.00 USD, below 20 %"
    assert "They pay on Friday" in last.message
    assert Email.objects.count() == 3


def test_what_recovered_while_it_was_snoozed_is_mailed_to_nobody(
    acme_manager: Persona, warning: Warning, account: LinkedAccount
) -> None:
    snooze(acme_manager, warning)
    cross(account)
    move(account, EntryKind.REFUND, deducted="-80")

    with time_machine.travel(timezone.now() + timedelta(hours=6), tick=False):
        assert subjects() == ["Quota warning", "Quota recovered"]


def test_a_snooze_taken_back_mails_what_was_crossed_meanwhile(
    acme_manager: Persona, warning: Warning, account: LinkedAccount
) -> None:
    snooze(acme_manager, warning)
    again = cross(account)
    assert len(subjects()) == 2

    assert handling.unsnooze(actor=acme_manager.actor, warning_pks=[again.pk]) == 1
    assert handling.unsnooze(actor=acme_manager.actor, warning_pks=[again.pk]) == 0

    assert subjects() == ["Quota warning", "Quota recovered", "Quota warning"]


def test_snoozed_anew_it_ends_later(acme_manager: Persona, warning: Warning) -> None:
    snooze(acme_manager, warning, hours=1)
    snooze(acme_manager, warning, hours=9)

    with time_machine.travel(timezone.now() + timedelta(hours=2), tick=False):
        assert handling.end_snoozes(actor=WORKER) == 0
        assert subjects() == ["Quota warning"]


def test_an_account_that_left_while_snoozed_is_not_mailed_about(
    acme_manager: Persona, warning: Warning, account: LinkedAccount
) -> None:
    snooze(acme_manager, warning)
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)

    with time_machine.travel(timezone.now() + timedelta(hours=6), tick=False):
        assert subjects() == ["Quota warning"]


def test_filters_and_search(acme: Partner, acme_manager: Persona, warning: Warning, account: LinkedAccount) -> None:
    account.labels.add(vip := Label.objects.create(partner=acme, name="VIP"))
    other = make_account(acme, quota=D(50), nickname="Blue Harbour")
    move(other, EntryKind.USAGE, undeducted="60")

    def found(**filters: object) -> list[str]:
        rows = list_warnings(acme_manager.actor, **filters)  # type: ignore[arg-type]
        return sorted(row.credit.account.nickname for row in rows)

    both = ["Blue Harbour", "Kaito & Sons"]
    assert found() == both
    assert found(q="harbour") == found(in_arrears=True) == ["Blue Harbour"]
    assert found(q="1792155717328010") == found(label=[str(vip.pk)]) == found(manager="Mei") == ["Kaito & Sons"]
    assert found(kind=["1"]) == both
    assert found(kind=["2"]) == found(older_than="1") == []
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        assert found(older_than="1") == both


def test_all_that_match_in_one_go(
    acme: Partner, acme_finance: Persona, warning: Warning, as_: Callable[[Persona], Client]
) -> None:
    for n in range(3):
        move(make_account(acme, quota=D(50), nickname=f"Blue {n}"), EntryKind.USAGE, undeducted="60")
    client, handle = as_(acme_finance), reverse("quota:warning_handle")

    client.post(handle, {"action": "acknowledge", "scope": "filter", "query": "q=blue"})
    assert states(acme_finance) == {"open": 1, "acknowledged": 3, "snoozed": 0, "resolved": 0}
    assert client.post(handle, {"action": "acknowledge", "scope": "filter", "query": "nonsense=1"}).status_code == 422
    asked = client.post(handle, {"action": "snooze", "scope": "filter", "query": "state=acknowledged"})
    assert "Snooze 3 warnings" in asked.content.decode()
    assert client.post(handle, {"action": "acknowledge"})["Location"] == f"{reverse(LIST)}?"
    assert states(acme_finance)["open"] == 1, "nothing chosen is not everything"


def test_too_many_at_once_are_refused(acme_finance: Persona) -> None:
    with pytest.raises(Invalid):
        handling.acknowledge(actor=acme_finance.actor, warning_pks=range(handling.MOST_AT_ONCE + 1))


def test_each_tab_says_what_to_do_when_it_is_empty(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    client = as_(acme_master)

    for state, words in (("open", "Nothing is open"), ("snoozed", "Nothing is snoozed"), ("resolved", "yet")):
        assert words in client.get(f"{reverse(LIST)}?state={state}").content.decode()
    assert client.get(f"{reverse(LIST)}?state=gone").status_code == 422


def test_the_list_costs_the_same_for_two_and_for_twenty(
    acme: Partner,
    acme_manager: Persona,
    as_: Callable[[Persona], Client],
    django_assert_max_num_queries: Callable[..., object],
) -> None:
    client = as_(acme_manager)
    for _ in range(2):
        move(make_account(acme, quota=D(50)), EntryKind.USAGE, undeducted="60")
    client.get(reverse(LIST))
    with django_assert_max_num_queries(30) as few:  # type: ignore[attr-defined]
        client.get(reverse(LIST))
    for _ in range(18):
        move(make_account(acme, quota=D(50)), EntryKind.USAGE, undeducted="60")
    with django_assert_max_num_queries(len(few)):  # type: ignore[attr-defined]
        client.get(reverse(LIST))
