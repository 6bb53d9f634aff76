"""The quota pages as people meet them: figures, records, the edit with its review, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from partner_console.access.models import Partner
from partner_console.cloud.models import CloudCommand, CommandState
from quota import services
from quota.models import CreditAccount, LedgerEntry, UsageFeed
from quota.states import EntryKind
from tests.factories import make_account
from tests.personas import Persona
from tests.quota.support import move

if TYPE_CHECKING:
    from uids.models import LinkedAccount

D = Decimal
As = Callable[[Persona], Client]
UID = "1792155717328010"
HTMX = {"HX-Request": "true"}
PAGES = ["", "panel/", "edit/", "threshold/"]


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, UID, quota=D("1500"))


def url(page: str = "", uid: str = UID) -> str:
    return f"/uids/{uid}/quota/{page}"


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def words(response: Any) -> str:
    return " ".join(soup(response).get_text(" ").split())


def cells(response: Any) -> list[list[str]]:
    rows = soup(response).select("#results tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])] for row in rows]


def test_the_page_shows_five_figures_and_the_formula_with_the_numbers(
    as_: As, acme_readonly: Persona, account: LinkedAccount
) -> None:
    move(account, EntryKind.USAGE, undeducted="500.5")
    move(account, EntryKind.REFUND, deducted="-300")

    text = words(as_(acme_readonly).get(url()))

    for name in (
        "Quota Amount",
        "Consumed & Deducted Value",
        "Consumed & Undeducted Value",
        "Available Quota",
        "Quota Warning Threshold",
    ):
        assert name in text
    assert "1,299.50 = 1,500.00 − (−300.00) − 500.50 USD" in text
    assert "= 300.00 USD" in text  # 20 % of 1,500


@pytest.mark.parametrize(
    ("used", "formula"),
    [
        ("0.000001", "1,499.999999 = 1,500.000000 − 0.000000 − 0.000001"),
        ("1000000000000000", "−999,999,999,998,500.00 = 1,500.00 − 0.00 − 1,000,000,000,000,000.00"),
    ],
)
def test_no_figure_is_rounded(as_: As, acme_readonly: Persona, account: LinkedAccount, used: str, formula: str) -> None:
    move(account, EntryKind.USAGE, undeducted=used)

    assert formula in words(as_(acme_readonly).get(url()))


def test_arrears_are_explained_with_the_policy_and_the_way_out(
    as_: As, acme_readonly: Persona, account: LinkedAccount
) -> None:
    move(account, EntryKind.USAGE, undeducted="1537.2")

    text = words(as_(acme_readonly).get(url()))

    assert "In arrears, shut down" in text
    assert "Its policy is Immediate shutdown" in text
    assert "It takes +37.20 USD to leave arrears." in text
    assert "Below the threshold" in text


def test_zero_left_is_not_arrears(as_: As, acme_readonly: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="1500")

    assert "At exactly zero the account is not in arrears" in words(as_(acme_readonly).get(url()))


def test_the_age_of_the_figures_and_a_silent_feed_are_said(
    as_: As, acme_readonly: Persona, account: LinkedAccount
) -> None:
    assert "has not reported consumption yet" in words(as_(acme_readonly).get(url()))
    at = datetime(2026, 1, 29, 2, 42, tzinfo=UTC)
    UsageFeed.objects.create(partner=account.partner, read_until=at, failing_since=at)

    text = words(as_(acme_readonly).get(url()))

    assert "Figures as of 2026-01-29 10:42 UTC+8" in text
    assert "The cloud has not answered since 2026-01-29 10:42 UTC+8" in text


def test_a_sub_account_shows_its_masters_figures_and_leads_there(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    sub = make_account(account.partner, quota=D(0), trustee=account)

    response = as_(acme_finance).get(url(uid=sub.uid))

    assert "1,500.00 = 1,500.00 − 0.00 − 0.00" in words(response)
    assert soup(response).select_one(f'a[href="{url()}"]') is not None
    assert soup(response).select_one(f'a[href$="/edit/"][href*="{sub.uid}"]') is None


def test_an_account_without_a_quota_says_so(as_: As, acme_finance: Persona) -> None:
    bare = make_account(acme_finance.partner)

    assert "No quota yet" in words(as_(acme_finance).get(url(uid=bare.uid)))
    assert as_(acme_finance).get(url("edit/", uid=bare.uid)).status_code == 404


def test_the_panel_is_a_fragment_and_without_scripts_the_page(
    as_: As, acme_readonly: Persona, account: LinkedAccount
) -> None:
    client = as_(acme_readonly)

    fragment = client.get(url("panel/"), headers=HTMX)

    assert b"<html" not in fragment.content
    assert soup(fragment).select_one("section#quota-panel") is not None
    assert client.get(url("panel/")).headers["Location"] == url()


@time_machine.travel("2026-07-15T20:30:00Z", tick=False)
def test_records_are_those_of_the_seed_in_utc_plus_8(as_: As, acme_finance: Persona) -> None:
    account = make_account(acme_finance.partner, UID, quota=D("1500"))
    services.edit_quota(
        actor=acme_finance.actor, account_pk=account.pk, version=1, amount=D("1200.5"), reason="Less <b>"
    )
    move(account, EntryKind.USAGE, undeducted="5")

    response = as_(acme_finance).get(url())

    assert [head.get_text(strip=True) for head in soup(response).select("#results thead th")] == [
        "Operation Type",
        "Operation Time (UTC+8)",
        "Adjust Before (USD)",
        "Operation Value (USD)",
        "Adjust After (USD)",
        "Operation Method",
        "Operator",
        "Reason",
    ]
    operator = f"{acme_finance.partner.master_uid} finance@acme.example"
    assert cells(response)[0] == [
        "Quota Adjustment",
        "2026-07-16 04:30:00",
        "1,500.00",
        "−299.50",
        "1,200.50",
        "Console",
        operator,
        "Less <b>",
    ]
    assert [row[0] for row in cells(response)] == ["Quota Adjustment", "Quota Create"]


@pytest.mark.parametrize(("is_red", "raised", "lowered"), [(True, "red", "green"), (False, "green", "red")])
def test_increase_is_red_unless_the_partner_turns_it_round(
    as_: As, acme_finance: Persona, account: LinkedAccount, *, is_red: bool, raised: str, lowered: str
) -> None:
    Partner.objects.filter(pk=account.partner_id).update(increase_is_red=is_red)
    services.edit_quota(actor=acme_finance.actor, account_pk=account.pk, version=1, amount=D("1"), reason="less")

    values = soup(as_(acme_finance).get(url())).select("#results .delta")

    assert [value.get_text(strip=True) for value in values] == ["−1,499.00", "+1,500.00"]
    assert f"delta-{lowered}" in values[0]["class"]
    assert f"delta-{raised}" in values[1]["class"]
    assert all(value.find("svg") for value in values)


def test_usage_and_settlements_are_there_by_filter(as_: As, acme_readonly: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="0.000001")
    move(account, EntryKind.SETTLE, undeducted="-0.000001", deducted="0.000001")

    found = cells(as_(acme_readonly).get(url("?kind=usage&kind=settle&columns=kind,at,figure,value&sort=at")))

    assert [(row[0], row[2], row[3]) for row in found] == [
        ("Usage", "Consumed & Undeducted Value", "+0.000001"),
        ("Settlement", "Consumed & Deducted Value", "+0.000001"),
    ]


def test_six_months_are_shown_and_everything_is_kept(as_: As, acme_readonly: Persona, account: LinkedAccount) -> None:
    client = as_(acme_readonly)
    old = make_account(account.partner)
    at = datetime(2026, 1, 14, 15, 59, 59, tzinfo=UTC)  # the last second of 14 January in UTC+8
    services.open_credit(actor=acme_readonly.actor, account=old, amount=D("5"), warning_percent=20, at=at)

    def types(query: str) -> list[str]:
        return [row[0] for row in cells(client.get(url(query, uid=old.uid)))]

    with time_machine.travel("2026-07-14T15:00:00Z", tick=False):
        assert types("") == ["Quota Create"]
    with time_machine.travel("2026-07-14T16:00:00Z", tick=False):
        assert types("") == []
        assert types("?period=all") == ["Quota Create"]
        assert types("?since=2026-01-14&until=2026-01-14") == ["Quota Create"]
        assert types("?since=2026-01-15") == []


@pytest.mark.parametrize(
    "query", ["?kind=nonsense", "?period=3", "?since=soon", "?period=all&since=2026-01-01", "?wat=1", "?sort=reason"]
)
def test_a_bad_filter_shows_no_rows(as_: As, acme_readonly: Persona, account: LinkedAccount, query: str) -> None:
    response = as_(acme_readonly).get(url(query))

    assert response.status_code == 422
    assert cells(response) == []


def test_a_page_of_records_costs_the_same_for_few_and_many(
    as_: As, acme_readonly: Persona, account: LinkedAccount
) -> None:
    client = as_(acme_readonly)
    client.get(url())

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get(url("?kind=usage&period=all"))
        return len(queries)

    move(account, EntryKind.USAGE, undeducted="1")
    few = cost()
    for _ in range(20):
        move(account, EntryKind.USAGE, undeducted="1")

    assert cost() == few


def test_an_edit_is_reviewed_and_then_saved(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    client = as_(acme_finance)
    given = {"amount": "2,000.50", "reason": "Contract", "version": "1"}

    review = client.post(url("edit/"), given)
    assert review.status_code == 200
    assert "1,500.00 +500.50 2,000.50" in words(review)
    assert CreditAccount.objects.get(pk=account.pk).amount == D("1500")

    saved = client.post(url("edit/"), {**given, "confirm": "1"})
    assert (saved.status_code, saved.headers["Location"]) == (303, url())
    assert CreditAccount.objects.get(pk=account.pk).amount == D("2000.50")
    assert "is now 2,000.50 USD" in words(client.get(url()))


def test_going_back_keeps_what_was_typed(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    response = as_(acme_finance).post(
        url("edit/"), {"amount": "2000", "reason": "Two\nlines", "version": "1", "back": "1"}
    )

    page = soup(response)
    amount, reason = page.select_one("#id_amount"), page.select_one("#id_reason")
    assert amount is not None
    assert reason is not None
    assert amount["value"] == "2000"
    assert reason.text.strip() == "Two\nlines"


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ("", "This field is required"),
        ("abc", "Enter an amount like 1200 or 1,200.50."),
        ("1.200,50", "Enter an amount like"),
        ("12,00", "Enter an amount like"),
        ("-1", "Enter an amount like"),
        ("1e5", "Enter an amount like"),
        ("0.001", "at most two decimal places"),
        ("10000000000000000", "more than the console can hold"),
        ("1500.00", "already has this total"),
    ],
)
def test_a_wrong_amount_comes_back_with_its_reason(
    as_: As, acme_finance: Persona, account: LinkedAccount, amount: str, message: str
) -> None:
    response = as_(acme_finance).post(url("edit/"), {"amount": amount, "reason": "Contract", "version": "1"})

    assert response.status_code == 422
    assert message in words(response)


def test_full_width_digits_are_read(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    as_(acme_finance).post(
        url("edit/"), {"amount": " １,２００．５０ ", "reason": "契約", "version": "1", "confirm": "1"}
    )

    assert CreditAccount.objects.get(pk=account.pk).amount == D("1200.50")


def test_going_below_use_names_the_effect_and_needs_a_yes(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    move(account, EntryKind.USAGE, undeducted="1000")
    client, given = as_(acme_finance), {"amount": "900", "reason": "Contract", "version": "1"}

    review = client.post(url("edit/"), given)
    assert "pay-as-you-go instances stop at once" in words(review)
    assert "below a warning line (20 %): the alert recipients are told" in words(review)

    unread = client.post(url("edit/"), {**given, "confirm": "1"})
    assert unread.status_code == 409
    assert CreditAccount.objects.get(pk=account.pk).amount == D("1500")

    client.post(url("edit/"), {**given, "confirm": "1", "accept_arrears": "on"})
    assert CreditAccount.objects.get(pk=account.pk).available == D("-100")


def test_a_conflict_shows_both_totals_and_lets_one_go_on(
    as_: As, acme_finance: Persona, acme_master: Persona, account: LinkedAccount
) -> None:
    services.edit_quota(actor=acme_master.actor, account_pk=account.pk, version=1, amount=D("1800"), reason="raise")
    client, given = as_(acme_finance), {"amount": "2000", "reason": "Contract", "version": "1", "confirm": "1"}

    conflict = client.post(url("edit/"), given)
    assert conflict.status_code == 409
    assert "Quota Amount there now 1,800.00 USD What you entered 2000 USD" in words(conflict)

    version = soup(conflict).select_one("#id_version")
    assert version is not None
    client.post(url("edit/"), {**given, "version": version["value"]})
    assert CreditAccount.objects.get(pk=account.pk).amount == D("2000")


def test_what_was_ordered_from_the_cloud_is_shown(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    services.edit_quota(actor=acme_finance.actor, account_pk=account.pk, version=1, amount=D("2"), reason="less")
    CloudCommand.objects.update(state=CommandState.REFUSED, vendor_code="3040", vendor_message="frozen state")

    text = words(as_(acme_finance).get(url()))

    assert "Quota at the cloud Refused by the cloud" in text
    assert "3040 frozen state" in text


@pytest.mark.parametrize("page", PAGES)
def test_an_outsider_gets_404(as_: As, outsider: Persona, account: LinkedAccount, page: str) -> None:
    assert as_(outsider).get(url(page)).status_code == 404


@pytest.mark.parametrize("page", PAGES)
def test_an_agency_gets_403_at_its_own_accounts(as_: As, agency_master: Persona, page: str) -> None:
    own = make_account(agency_master.partner)

    response = as_(agency_master).get(url(page, uid=own.uid))

    assert response.status_code == 403
    assert "Not available to partners of kind Agency" in words(response)


@pytest.mark.parametrize("who", ["acme_manager", "acme_readonly"])
def test_who_may_only_look_is_told_why(
    request: pytest.FixtureRequest, as_: As, account: LinkedAccount, who: str
) -> None:
    client = as_(request.getfixturevalue(who))

    assert "Ask an owner of your partner." in words(client.get(url()))
    for page, data in (("edit/", {"amount": "1"}), ("threshold/", {"percent": "1"})):
        for response in (client.get(url(page)), client.post(url(page), data | {"reason": "x", "version": "1"})):
            assert response.status_code == 403
    assert LedgerEntry.objects.filter(credit=account.pk).count() == 1


@pytest.mark.parametrize("page", PAGES)
def test_reading_writes_nothing(as_: As, acme_finance: Persona, account: LinkedAccount, page: str) -> None:
    client = as_(acme_finance)
    client.get(url())  # the first request of a session notes that it was seen

    with CaptureQueriesContext(connection) as queries:
        client.get(url(page))

    assert [
        q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE")) and "quota_" in q["sql"]
    ] == []
