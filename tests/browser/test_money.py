"""A day of finance: an edit, a difference, a write-off, a boost, and a change that needs a second person."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from quota.models import Boost, CreditAccount
from quota.states import EntryKind
from quota.tasks import sweep_boosts
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import make_account
from tests.quota.support import move

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

UID = "1792155717328010"
PAGE = f"/uids/{UID}/quota/"


@pytest.mark.parametrize(("viewport", "scripts"), [(DESKTOP, True), (PHONE, False)])
def test_finance_changes_money(
    open_page: Callable[..., Page],
    acme_finance: Persona,
    acme_manager: Persona,
    viewport: dict[str, int],
    scripts: bool,  # noqa: FBT001 a parameter of the test
) -> None:
    account = make_account(acme_finance.partner, UID, quota=Decimal(1500))
    move(account, EntryKind.SETTLE, deducted="400.5")
    page = open_page(acme_finance, on=viewport, java_script_enabled=scripts)
    main = page.locator("#main")

    page.goto(PAGE)
    page.get_by_role("link", name="Edit the Quota Amount").click()
    page.get_by_label("Add to the total").check()
    page.get_by_label("Amount", exact=True).fill("500")
    page.get_by_label("Reason").fill("New contract")
    page.get_by_role("button", name="Review").click()
    expect(page.get_by_role("table")).to_contain_text("2,000.00")
    page.get_by_role("button", name="Save the new quota").click()
    expect(page.get_by_text(f"The quota of UID {UID} is now 2,000.00 USD.")).to_be_visible()

    page.get_by_role("link", name="Write off").click()
    expect(page.get_by_label("Amount", exact=True)).to_have_value("400.50")
    page.get_by_label("Reason").fill("Invoice 2026-07 paid")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Write it off").click()
    expect(main).to_contain_text("2,000.00 = 2,000.00 − 0.00 − 0.00")

    page.get_by_role("link", name="Temporary boost").click()
    page.get_by_label("Amount to add").fill("300")
    until = timezone.localtime(timezone.now() + timedelta(days=2), timezone.get_fixed_timezone(480))
    page.get_by_label("Until").fill(f"{until:%Y-%m-%dT%H:%M}")
    page.get_by_label("Reason").fill("Campaign")
    page.get_by_role("button", name="Review").click()
    page.get_by_role("button", name="Start the boost").click()
    expect(main).to_contain_text("A temporary boost of +300.00 USD is part of the Quota Amount")
    Boost.objects.update(until=timezone.now() - timedelta(minutes=1))
    sweep_boosts()
    page.goto(PAGE)
    expect(main).to_contain_text("Temporary boost over: Campaign")
    expect(main).to_contain_text("2,000.00 = 2,000.00 − 0.00 − 0.00")

    page.get_by_role("link", name="Edit the Quota Amount").click()
    page.get_by_label("Amount", exact=True).fill("25,000")
    page.get_by_label("Reason").fill("Big project")
    page.get_by_role("button", name="Review").click()
    expect(main).to_contain_text("Your rules ask for a second person from 10,000.00 USD.")
    page.get_by_role("button", name="Ask a second person").click()
    expect(main).to_contain_text("It waits for a second person.")

    second = open_page(acme_manager, on=viewport, java_script_enabled=scripts)
    second.goto(PAGE)
    second.get_by_role("link", name="Open the request").click()
    expect(second.locator("#main")).to_contain_text("2,000.00 → 25,000.00 USD")
    second.get_by_role("button", name="Approve").click()
    expect(second.get_by_text(re.compile(f"Approved: {UID}"))).to_be_visible()
    assert CreditAccount.objects.get().amount == Decimal(25_000)
