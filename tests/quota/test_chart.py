"""Run-out, chart and table of one account, as people meet them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.test import Client

from partner_console.access.actor import system_actor
from quota.services import open_credit, rollup
from quota.services.ledger import Movement
from quota.states import EntryKind
from tests.factories import make_account
from tests.personas import Persona
from tests.quota.test_rollup import post

if TYPE_CHECKING:
    from collections.abc import Iterator

    from partner_console.access.models import Partner
    from uids.models import LinkedAccount

D = Decimal
As = Callable[[Persona], Client]
NOW = datetime(2026, 7, 31, 4, 0, tzinfo=UTC)
UID = "1792155717328010"


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    """120 days old, 10 a day, paid every month, raised once; 10 used today."""
    account = make_account(acme, UID)
    at = NOW - timedelta(days=120)
    open_credit(actor=system_actor("test"), account=account, amount=D(1000), warning_percent=20, at=at)
    for ago in range(119, -1, -1):
        moves = [Movement(EntryKind.USAGE, undeducted=D(10), at=NOW - timedelta(days=ago))]
        if ago % 30 == 0:
            paid = Movement(EntryKind.WRITE_OFF, deducted=D(-250), at=NOW - timedelta(days=ago))
            moves += [Movement(EntryKind.SETTLE, deducted=D(250), undeducted=D(-250), at=paid.at), paid]
        if ago == 60:
            moves.append(Movement(EntryKind.QUOTA_ADJUST, amount=D("500.5"), at=NOW - timedelta(days=ago)))
        post(account, *moves)
    rollup.roll_up()
    return account


def url(query: str = "", *, page: str = "chart/", uid: str = UID) -> str:
    return f"/uids/{uid}/quota/{page}{query}"


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def words(response: Any) -> str:
    return " ".join(soup(response).get_text(" ").split())


def rows(response: Any) -> list[list[str]]:
    return [[cell.get_text(strip=True) for cell in row.find_all(["th", "td"])] for row in soup(response).select("tr")]


def test_the_page_says_when_it_runs_out_and_what_to_set(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    response = as_(acme_finance).get(url())

    # 1,500.50 − (1,200 − 1,000) = 1,300.50 left at 10 a day
    assert "Runs out on about 2026-12-08." in words(response)
    assert "The last 30 days: 10.00 USD a day on average" in words(response)
    assert "lasts through 2026-08-31 at the average pace (520.00 would do" in words(response)


def test_another_day_and_a_link_that_fills_in_the_total(
    as_: As, acme_finance: Persona, acme_readonly: Persona, account: LinkedAccount
) -> None:
    response = as_(acme_finance).get(url("?until=2026-12-31"))

    assert "To last until 2026-12-31, set the quota to 1,740.00 USD" in words(response)
    assert soup(response).select_one('a[href="/uids/1792155717328010/quota/edit/?amount=1740.00"]') is not None
    assert soup(as_(acme_readonly).get(url("?until=2026-12-31"))).select_one('a[href*="amount="]') is None


@pytest.mark.parametrize("query", ["?until=2026-07-30", "?until=2028-08-01", "?until=soon", "?days=7", "?days=x"])
def test_what_cannot_be_worked_out_is_said(as_: As, acme_readonly: Persona, account: LinkedAccount, query: str) -> None:
    response = as_(acme_readonly).get(url(query))

    assert response.status_code == 422
    assert soup(response).select_one(".error-summary") is not None


def test_the_table_has_the_figures_of_every_day(as_: As, acme_readonly: Persona, account: LinkedAccount) -> None:
    found = rows(as_(acme_readonly).get(url("?days=30")))

    assert found[0][0] == "Day (UTC+8)"
    assert len(found) == 31
    assert found[1] == ["2026-07-31", "1,500.50", "200.00", "1,300.50", "10.00"]
    assert found[2] == ["2026-07-30", "1,500.50", "440.00", "1,060.50", "10.00"]
    assert found[-1][0] == "2026-07-02"


def test_long_periods_are_listed_by_weeks(as_: As, acme_readonly: Persona, account: LinkedAccount) -> None:
    found = rows(as_(acme_readonly).get(url("?days=90")))

    assert found[0][0] == "Week that ends on (UTC+8)"
    assert len(found) == 14
    assert found[1] == ["2026-07-31", "1,500.50", "200.00", "1,300.50", "70.00"]
    assert found[-1][0] == "2026-05-08"
    assert sum(D(row[4]) for row in found[1:]) == 900


def test_a_young_account_begins_with_its_first_day(as_: As, acme_readonly: Persona, account: LinkedAccount) -> None:
    found = rows(as_(acme_readonly).get(url("?days=180")))

    assert found[-1] == ["2026-04-03", "1,000.00", "10.00", "990.00", "10.00"]
    assert "2026-04-02 to 2026-07-31" in words(as_(acme_readonly).get(url("?days=180")))


def test_what_moved_since_the_last_roll_up_belongs_to_today(
    as_: As, acme_readonly: Persona, account: LinkedAccount
) -> None:
    post(account, Movement(EntryKind.USAGE, undeducted=D("3.5")))

    found = rows(as_(acme_readonly).get(url("?days=30")))

    assert found[1][2] == "203.50"
    assert found[2][2] == "440.00"


def test_before_the_first_roll_up_nothing_is_drawn(as_: As, acme_readonly: Persona, acme: Partner) -> None:
    make_account(acme, UID, quota=D(5))

    assert "No figures by day yet" in words(as_(acme_readonly).get(url()))
    assert as_(acme_readonly).get(url(page="chart.svg")).status_code == 404


def test_little_use_gives_a_chart_without_a_date(as_: As, acme_readonly: Persona, acme: Partner) -> None:
    make_account(acme, UID, quota=D(5))
    rollup.roll_up()

    response = as_(acme_readonly).get(url())

    assert "No run-out date." in words(response)
    assert soup(response).select_one("figure img") is not None


def test_a_sub_account_shows_its_masters(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    sub = make_account(account.partner, trustee=account)

    response = as_(acme_finance).get(url("?until=2026-12-31", uid=sub.uid))

    assert f"Of its master {UID}" in words(response)
    assert "Runs out on about 2026-12-08." in words(response)
    assert soup(response).select_one('a[href*="amount="]') is None


def test_the_section_comes_alone_for_the_pages_that_show_a_quota(
    as_: As, acme_readonly: Persona, account: LinkedAccount
) -> None:
    client = as_(acme_readonly)

    fragment = client.get(url(), headers={"HX-Request": "true"})

    assert b"<html" not in fragment.content
    assert soup(fragment).select_one("section#chart") is not None
    for page in ("/uids/1792155717328010/", "/uids/1792155717328010/quota/"):
        loader = soup(client.get(page)).select_one('section#chart[hx-get="/uids/1792155717328010/quota/chart/"]')
        assert loader is not None
        assert loader.select_one('a[href="/uids/1792155717328010/quota/chart/"]') is not None


@pytest.mark.parametrize(("language", "name"), [("en", "Quota Amount"), ("ja", "クォータ額"), ("zh-hans", "额度总额")])
def test_the_image_is_svg_in_the_readers_language(
    as_: As, acme_readonly: Persona, account: LinkedAccount, language: str, name: str
) -> None:
    client = as_(acme_readonly)
    client.cookies["django_language"] = language

    response = client.get(url("?days=180&size=narrow", page="chart.svg"))

    assert response["Content-Type"] == "image/svg+xml"
    assert response["Content-Security-Policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    drawing = BeautifulSoup(response.content, "xml")
    assert drawing.svg is not None
    assert drawing.svg["width"] == "380"
    assert drawing.find("script") is None
    assert any(name in text.get_text() for text in drawing.find_all("text"))


def test_figures_of_any_size_are_drawn(as_: As, acme_readonly: Persona, acme: Partner) -> None:
    account = make_account(acme, UID, quota=D("1000000000000000"))
    post(account, Movement(EntryKind.USAGE, undeducted=D("0.000001")))
    rollup.roll_up()

    assert "1,000T" in BeautifulSoup(as_(acme_readonly).get(url(page="chart.svg")).content, "xml").get_text()
    assert "999,999,999,999,999.999999" in words(as_(acme_readonly).get(url()))


def test_a_bad_image_address_is_refused(as_: As, acme_readonly: Persona, account: LinkedAccount) -> None:
    assert as_(acme_readonly).get(url("?size=poster", page="chart.svg")).status_code == 422
