"""Pages of warning rules, as finance meets them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from quota import tasks
from quota.days import record_day
from quota.models import CreditAccount, DailyFlow, WarningRule
from quota.states import EntryKind, LineKind
from tests.factories import make_account
from tests.personas import Persona
from tests.quota.support import move
from uids.models import Label, LinkedAccount

if TYPE_CHECKING:
    from partner_console.access.models import Partner

D = Decimal
As = Callable[[Persona], Client]
UID = "1792155717328010"
INHERITED = {"percent_from": "inherited", "amount_from": "inherited", "days_from": "inherited"}


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, UID, quota=D("1500"), nickname="Kaito & Sons")


def words(response: Any) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def page(name: str = "threshold_edit", *args: object) -> str:
    return reverse(f"quota:{name}", args=args or ([UID] if name == "threshold_edit" else []))


def flow(account: LinkedAccount, days_ago: int, used: str = "0", quota: str = "0") -> DailyFlow:
    sums = dict.fromkeys(("settled", "refunded", "written_off", "synced"), D(0))
    day = record_day(timezone.now()) - timedelta(days=days_ago)
    return DailyFlow.objects.create(
        credit=account.credit, partner=account.partner, day=day, used=D(used), quota=D(quota), **sums
    )


def test_the_page_says_what_is_in_force_and_who_set_it(
    as_: As, acme_finance: Persona, acme: Partner, account: LinkedAccount
) -> None:
    label = Label.objects.create(partner=acme, name="VIP")
    account.labels.add(label)
    WarningRule.objects.create(partner=acme, label=label, kind=LineKind.AMOUNT, value=D("250"))
    tasks.refresh_warning_lines(acme.pk)
    CreditAccount.objects.update(warning_amount=D("250"))

    text = words(as_(acme_finance).get(page()))

    assert "Percent of the quota 20 % = 300.00 USD Set for: all customers" in text
    assert "Amount 250.00 USD Set for: label VIP" in text
    assert "Days left none" in text
    assert "As for label VIP: 250.00 USD" in text


def test_lines_are_saved_inherited_again_or_switched_off(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    client = as_(acme_finance)
    own = {"percent_from": "own", "percent": "40", "amount_from": "own", "amount": "1,200.50", "days_from": "off"}

    saved = client.post(page(), {**own, "reason": "Contract", "version": "1"})

    assert saved.status_code == 303
    credit = CreditAccount.objects.get(pk=account.pk)
    assert (credit.warning_percent, credit.warning_amount, credit.warning_days) == (40, D("1200.50"), None)
    assert "40 % = 600.00 USD Set for: this customer's own" in words(client.get(page()))
    client.post(page(), {**INHERITED, "reason": "Contract", "version": "2"})
    assert not WarningRule.objects.exists()


def test_looking_at_what_it_would_do_saves_nothing_and_needs_no_reason(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    move(account, EntryKind.USAGE, undeducted="1000")
    client = as_(acme_finance)
    wanted = {**INHERITED, "percent_from": "own", "percent": "40", "version": "1"}

    text = words(client.post(page(), {**wanted, "preview": "1"}))

    assert "40 % = 600.00 USD" in text
    assert "Available Quota is already below that: a warning is mailed when you save." in text
    assert "too few days with consumption on record" in text
    assert CreditAccount.objects.get(pk=account.pk).version == 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"percent_from": "own"}, "Enter the value, or choose another answer above."),
        ({"percent_from": "own", "percent": "101"}, "less than or equal to 100"),
        ({"percent_from": "off"}, "Select a valid choice"),
        ({"amount_from": "own", "amount": "1.200,50"}, "Enter an amount like 1200 or 1,200.50."),
        ({"amount_from": "own", "amount": "0.001"}, "at most two decimal places"),
        ({"days_from": "own", "days": "0"}, "greater than or equal to 1"),
        ({"reason": " "}, "This field is required."),
    ],
)
def test_what_is_wrong_comes_back_with_what_was_typed(
    as_: As, acme_finance: Persona, account: LinkedAccount, given: dict[str, str], said: str
) -> None:
    response = as_(acme_finance).post(page(), {**INHERITED, "reason": "Contract", "version": "1", **given})

    assert response.status_code == 422
    assert said in words(response)
    assert CreditAccount.objects.get(pk=account.pk).version == 1


def test_the_same_again_says_so(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    response = as_(acme_finance).post(page(), {**INHERITED, "reason": "Contract", "version": "1"})

    assert response.status_code == 422
    assert "already are so" in words(response)


def test_a_stale_page_shows_what_is_there_and_can_be_saved_again(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    client = as_(acme_finance)
    mine = {**INHERITED, "percent_from": "own", "percent": "40", "reason": "Contract", "version": "1"}
    client.post(page(), {**mine, "percent": "30"})

    late = client.post(page(), mine)

    assert late.status_code == 409
    assert "30 % = 450.00 USD" in words(late)
    version = BeautifulSoup(late.content, "html.parser").find("input", {"name": "version"})
    assert version is not None
    assert client.post(page(), {**mine, "version": version["value"]}).status_code == 303
    assert CreditAccount.objects.get(pk=account.pk).warning_percent == 40


def test_the_past_counts_crossings_and_days_before_zero(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    """1500 less 100 a day: below 20 % on the 13th day, out on the 15th; topped up, and the same again to the line."""
    for day in range(15):
        flow(account, 40 - day, used="100")
    flow(account, 20, quota="1500")
    for day in range(12):
        flow(account, 19 - day, used="100")
    CreditAccount.objects.update(amount=D("3000"), undeducted=D("2700"))

    text = words(as_(acme_finance).get(page()))

    # Of 1500: 300 is the line. Of 3000: 600, which the second time is crossed too, and not run out.
    assert "In the last 6 months this would have warned 2 times." in text
    assert "1 time the quota ran out afterwards: the warning came a median of 2 days before." in text


def test_days_left_are_seen_in_the_past_too(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    for day in range(10):
        flow(account, 30 - day, used="30")
    CreditAccount.objects.update(undeducted=D("300"))

    text = words(
        as_(acme_finance).post(page(), {**INHERITED, "days_from": "own", "days": "200", "version": "1", "preview": "1"})
    )

    assert "this would have warned 1 time." in text
    assert "The quota never ran out after one of them." in text


def test_rules_of_all_customers(as_: As, acme_finance: Persona, acme: Partner, account: LinkedAccount) -> None:
    client = as_(acme_finance)
    for day in range(14):
        flow(account, 20 - day, used="100")
    CreditAccount.objects.update(undeducted=D("1400"))
    assert "Percent of the quota 20 % Amount none Days left none" in words(client.get(page("rule_list")))

    wanted = {"percent": "30", "amount": "", "days": "7", "version": str(acme.version)}
    text = words(client.post(page("rule_partner"), {**wanted, "preview": "1"}))
    assert "this would have warned 1 time. About 1 customer of 1." in text
    assert not WarningRule.objects.exists()

    saved = client.post(page("rule_partner"), wanted)
    assert saved.status_code == 303
    waiting = words(client.get(page("rule_list")))
    assert "30 %" in waiting
    assert "accounts are following the newest rules" in waiting
    tasks.refresh_warning_lines(acme.pk)
    done = client.get(page("rule_progress"), headers={"HX-Request": "true"})
    assert (done.status_code, "follow the rules" in words(done)) == (286, True)
    assert CreditAccount.objects.get(pk=account.pk).warning_days == 7

    late = client.post(page("rule_partner"), wanted)
    assert late.status_code == 409
    assert "Somebody changed this while you were editing." in words(late)


def test_rules_of_a_label(as_: As, acme_finance: Persona, acme: Partner, account: LinkedAccount) -> None:
    label = Label.objects.create(partner=acme, name="VIP <b>")
    account.labels.add(label)
    client = as_(acme_finance)
    assert "As for all customers: 20 %" in words(client.get(page("rule_label", label.pk)))

    client.post(page("rule_label", label.pk), {**INHERITED, "percent_from": "own", "percent": "50"})
    tasks.refresh_warning_lines(acme.pk)

    assert CreditAccount.objects.get(pk=account.pk).warning_percent == 50
    shown = client.get(page("rule_list"))
    assert "VIP <b> Percent of the quota: 50 %" in words(shown)
    assert "VIP <b>" not in shown.content.decode()


def test_who_may_only_look_is_told_why(as_: As, acme_readonly: Persona, account: LinkedAccount) -> None:
    client = as_(acme_readonly)

    assert "Ask an owner of your partner." in words(client.get(page("rule_list")))
    assert client.post(page("rule_partner"), {"percent": "1", "version": "1"}).status_code == 403


@pytest.mark.parametrize("name", ["threshold_edit", "rule_list", "rule_partner"])
def test_pages_cost_the_same_however_many_accounts_there_are(
    as_: As, acme_finance: Persona, acme: Partner, account: LinkedAccount, name: str,
    django_assert_max_num_queries: Callable[[int], object],
) -> None:  # fmt: skip
    client = as_(acme_finance)
    client.get(page(name))
    for number in range(5):
        make_account(acme, quota=D(100)).labels.add(Label.objects.create(partner=acme, name=f"label {number}"))

    with django_assert_max_num_queries(18):  # type: ignore[attr-defined]
        client.get(page(name))
