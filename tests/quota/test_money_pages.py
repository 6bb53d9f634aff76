"""The pages of write-offs, refunds, boosts and edits by difference, as people meet them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.utils import timezone

from partner_console.cloud.models import CloudCommand, CommandState
from quota.models import Boost, BoostState, CreditAccount
from quota.services import money
from quota.states import EntryKind
from tests.factories import make_account
from tests.personas import Persona
from tests.quota.support import move

if TYPE_CHECKING:
    from uids.models import LinkedAccount

D = Decimal
As = Callable[[Persona], Client]
UID = "1792155717328010"


@pytest.fixture
def account(acme_finance: Persona) -> LinkedAccount:
    """1,500 of quota, 400.123456 deducted."""
    account = make_account(acme_finance.partner, UID, quota=D("1500"))
    move(account, EntryKind.SETTLE, deducted="400.123456")
    return account


def url(page: str = "") -> str:
    return f"/uids/{UID}/quota/{page}"


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def words(response: Any) -> str:
    return " ".join(soup(response).select("main")[0].get_text(" ").split())


def value(response: Any, name: str) -> str:
    field = soup(response).select_one(f"[name={name}]")
    assert field
    return str(field["value"])


def cells(response: Any) -> dict[str, list[str]]:
    rows = [[" ".join(cell.get_text(" ").split()) for cell in row.find_all(["th", "td"])] for row in rows_of(response)]
    return {row[0]: row[1:] for row in rows}


def rows_of(response: Any) -> list[Any]:
    return list(soup(response).select("main table tbody tr"))


def credit_of(account: LinkedAccount) -> CreditAccount:
    return CreditAccount.objects.get(pk=account.pk)


@pytest.mark.parametrize(("how", "amount", "total"), [("add", "250.50", "1750.50"), ("subtract", "100", "1400")])
def test_adding_and_subtracting_make_a_total(
    as_: As, acme_finance: Persona, account: LinkedAccount, how: str, amount: str, total: str
) -> None:
    given = {"how": how, "amount": amount, "reason": "contract", "version": "1"}
    review = as_(acme_finance).post(url("edit/"), given)
    assert cells(review)["Quota Amount"][2] == f"{D(total):,.2f}"
    assert cells(review)["All your quotas together"][2] == f"{D(total):,.2f}"

    saved = as_(acme_finance).post(url("edit/"), {**given, "confirm": "1"}, follow=True)

    assert f"is now {D(total):,.2f} USD" in words(saved) or f"is now {D(total):,.2f} USD" in saved.content.decode()
    assert credit_of(account).amount == D(total)


def test_subtracting_more_than_there_is_is_refused_at_its_field(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    given = {"how": "subtract", "amount": "1500.01", "reason": "contract", "version": "1"}
    response = as_(acme_finance).post(url("edit/"), given)

    assert response.status_code == 422
    assert "A quota is 0 or more." in words(response)


def test_a_link_brings_the_total_along(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    response = as_(acme_finance).get(url("edit/?amount=2750.00"))

    assert value(response, "amount") == "2750.00"


def test_a_difference_on_a_stale_page_is_looked_at_again(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    client, given = as_(acme_finance), {"how": "add", "amount": "100", "reason": "contract", "version": "1"}
    client.post(url("edit/"), {"amount": "2000", "reason": "other", "version": "1", "confirm": "1"})

    conflict = client.post(url("edit/"), {**given, "confirm": "1"})

    assert (conflict.status_code, credit_of(account).amount) == (409, D("2000"))
    assert "2,000.00 USD" in words(conflict)
    review = client.post(url("edit/"), {**given, "version": value(conflict, "version")})
    assert cells(review)["Quota Amount"][2] == "2,100.00"


def test_all_that_was_deducted_is_offered_to_be_written_off(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    client = as_(acme_finance)
    form = client.get(url("write-off/"))
    assert value(form, "amount") == "400.123456"
    given = {"amount": "400.123456", "reason": "invoice 7", "version": value(form, "version")}

    review = client.post(url("write-off/"), given)
    assert cells(review)["Available Quota"] == ["1,099.876544", "+400.123456", "1,500.000000"]
    assert "All your quotas together" not in words(review)
    client.post(url("write-off/"), {**given, "confirm": "1"})
    again = client.post(url("write-off/"), {**given, "confirm": "1"})

    assert (credit_of(account).deducted, again.status_code) == (D(0), 422)
    page = client.get(url())
    assert "Write off 400.123456 USD Waiting to be sent" in words(page)
    assert soup(page).select_one(f'a[href="{url("write-off/")}"]') is None, "there is nothing left to write off"


def test_more_than_was_deducted_is_refused_with_what_it_is(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    response = as_(acme_finance).post(
        url("write-off/"), {"amount": "400.123457", "reason": "invoice 7", "version": "1"}
    )

    assert response.status_code == 422
    assert "At most what was deducted can be written off: 400.123456 USD." in words(response)


def test_a_refund_that_ends_a_warning_says_so(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="1000")
    review = as_(acme_finance).post(url("refund/"), {"amount": "300", "reason": "agreed", "version": "1"})

    assert "This ends the warning in force" in words(review)


def test_an_edit_that_crosses_a_line_names_it(as_: As, acme_finance: Persona, account: LinkedAccount) -> None:
    review = as_(acme_finance).post(url("edit/"), {"amount": "450", "reason": "less", "version": "1"})

    assert "below a warning line (20 %)" in words(review)


def test_a_boost_is_named_in_the_readers_zone_and_ends_on_the_page(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    client = as_(acme_finance)
    assert "UTC+8 (Asia/Shanghai)" in words(client.get(url("boost/")))
    local = timezone.localtime(timezone.now() + timedelta(days=2), timezone.get_fixed_timezone(480))
    given = {"amount": "500", "until": f"{local:%Y-%m-%dT%H:%M}", "reason": "campaign", "version": "1"}
    review = client.post(url("boost/"), given)
    assert f"Until: {local:%Y-%m-%d %H:%M} UTC+8" in words(review)

    client.post(url("boost/"), {**given, "confirm": "1"})

    page = words(client.get(url()))
    assert f"+500.00 USD is part of the Quota Amount until {local:%Y-%m-%d %H:%M} UTC+8" in page
    later = local + timedelta(days=5)
    client.post(url("boost/extend/"), {"until": f"{later:%Y-%m-%dT%H:%M}", "reason": "longer"})
    assert f"until {later:%Y-%m-%d %H:%M} UTC+8" in words(client.get(url()))
    review = client.post(url("boost/end/"), {"reason": "over"})
    assert cells(review)["Quota Amount"] == ["2,000.00", "−500.00", "1,500.00"]
    client.post(url("boost/end/"), {"reason": "over", "confirm": "1"})
    assert (credit_of(account).amount, Boost.objects.get().state) == (D("1500"), BoostState.ENDED_EARLY)
    assert client.get(url("boost/end/")).status_code == 404


def test_what_waits_for_a_second_person_is_said_before_and_after(
    as_: As, acme_finance: Persona, account: LinkedAccount
) -> None:
    client, given = as_(acme_finance), {"amount": "20000", "reason": "big project", "version": "1"}
    review = client.post(url("edit/"), given)
    assert "Your rules ask for a second person from 10,000.00 USD." in words(review)
    button = soup(review).select_one("button[name=confirm]")
    assert button
    assert button.get_text() == "Ask a second person"

    client.post(url("edit/"), {**given, "confirm": "1"})

    page = words(client.get(url()))
    assert "Change a quota : asked for by finance@acme.example" in page or "It waits for a second person." in page
    assert "big project" in page
    again = client.post(url("edit/"), {**given, "confirm": "1"})
    assert (again.status_code, credit_of(account).amount) == (409, D("1500"))
    assert "This waits for a second person already." in words(again)


def test_what_the_cloud_cannot_do_is_recorded_or_taken_back_by_hand(
    as_: As, acme_finance: Persona, acme_readonly: Persona, account: LinkedAccount
) -> None:
    money.refund(actor=acme_finance.actor, account_pk=account.pk, version=1, amount=D("5"), reason="agreed")
    CloudCommand.objects.update(state=CommandState.REFUSED, vendor_code="not_offered", finished_at=timezone.now())
    order = CloudCommand.objects.get()
    client = as_(acme_finance)

    page = client.get(url())
    assert "This cloud cannot do that through its API." in words(page)
    assert soup(page).select_one(f'a[href="/cloud/{order.pk}/by-hand/"]')
    assert "Take it back" not in words(as_(acme_readonly).get(url()))
    client.post(url(f"orders/{order.pk}/take-back/"), {"reason": "not agreed after all"})

    assert credit_of(account).deducted == D("400.123456")
    assert "The amount counts as deducted again" in words(client.get(url()))
    assert client.get(url(f"orders/{order.pk}/take-back/")).status_code == 404


def test_who_may_not_reads_why_and_sees_no_buttons(as_: As, acme_manager: Persona, account: LinkedAccount) -> None:
    page = as_(acme_manager).get(url())

    assert "does not include: Change quota and thresholds" in words(page)
    for name in ("write-off/", "refund/", "boost/"):
        assert soup(page).select_one(f'a[href="{url(name)}"]') is None
