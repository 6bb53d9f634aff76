"""A customer sets their own credit alert on a phone, to a new address, and gets the one mail."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from post_office.models import Email

from quota import tasks
from quota.states import EntryKind
from tests.browser.conftest import PHONE
from tests.browser.test_customers import MAILBOX, code_for, press
from tests.browser.test_every_page import files, walk  # noqa: F401 fixtures
from tests.browser.walking import leave
from tests.factories import make_account
from tests.quota.support import move

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.browser.walking import Walk
    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BOOKS = "books@customer.example"


def test_an_alert_to_a_new_address(
    walk: Callable[..., Walk],  # noqa: F811 the fixture
    acme_master: Persona,
) -> None:
    account = make_account(acme_master.partner, email=MAILBOX, quota=Decimal(900))
    walked = walk(on=PHONE, axe="every page", color_scheme="dark")
    page = walked.page

    walked.open(reverse("linking:my_home"))
    page.locator("[name=email]").fill(MAILBOX)
    press(page)
    page.locator("[name=code]").fill(code_for(MAILBOX))
    press(page)
    page.wait_for_url(f"**/my/{account.pk}/")
    leave(page.get_by_role("link", name="Turn on the alert"))
    walked.judge()
    press(page)
    expect(page.get_by_text("Type an amount.").first).to_be_visible()
    walked.judge()
    page.get_by_label("Alert threshold (USD)").fill("100")
    page.get_by_label("Send the mail to").fill(BOOKS)
    press(page)
    walked.judge()
    page.locator("[name=code]").fill(code_for(BOOKS))
    press(page)
    expect(page.get_by_text(f"On: a mail goes to {BOOKS} when less than")).to_be_visible()
    walked.judge()
    move(account, EntryKind.USAGE, undeducted="850")
    for _ in range(2):
        tasks.sweep_warnings()

    sent = Email.objects.filter(subject__startswith="Only")
    assert [(mail.to, mail.subject) for mail in sent] == [([BOOKS], "Only 50.00 USD of your limit is left")]
    assert walked.problems == []
