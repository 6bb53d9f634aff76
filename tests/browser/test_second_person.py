"""One person asks, another decides: from the mail to the customer's invitation, on a phone and without scripts."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from post_office.models import Email

from tests.browser.conftest import DESKTOP, PHONE
from tests.linking.conftest import UID, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from linking.models import Invitation
    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SWAPPED = f"{UID[:3]}{UID[4]}{UID[3]}{UID[5:]}"


def asked(manager: Persona) -> Invitation:
    """An invitation one person alone may not send."""
    invitation = send(manager, quota=Decimal(20_000))
    assert invitation.state == "awaiting_check"
    return invitation


def link_in_the_mail(to: str) -> str:
    """The address a colleague opens from their mail."""
    mail = Email.objects.get(to=[to])
    found = re.search(r"https?://\S+/approvals/\d+/", mail.message)
    assert found
    return found.group()


@pytest.mark.parametrize(("viewport", "scripts"), [(DESKTOP, True), (PHONE, False)])
def test_the_second_person_checks_and_the_customer_is_invited(
    open_page: Callable[..., Page],
    acme_manager: Persona,
    acme_finance: Persona,
    viewport: dict[str, int],
    scripts: bool,  # noqa: FBT001 a parameter of the test
) -> None:
    invitation = asked(acme_manager)
    page = open_page(acme_finance, on=viewport, java_script_enabled=scripts)

    page.goto(link_in_the_mail("finance@acme.example"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Send an invitation: Kaito Trading")
    expect(page.get_by_text("20,000.00 USD")).to_be_visible()
    assert UID not in page.content()

    page.get_by_label("UID of the customer's account").fill(SWAPPED)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("alert")).to_contain_text("What you typed is not what was asked for.")
    expect(page.locator("mark").first).to_be_visible()
    expect(page.get_by_text("You can try 2 more times.")).to_be_visible()
    assert UID not in page.content()

    page.get_by_label("UID of the customer's account").fill(f"{UID[:4]} {UID[4:8]} {UID[8:]}")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved: Kaito Trading.")).to_be_visible()

    invitation.refresh_from_db()
    assert invitation.state == "sent"
    assert Email.objects.filter(to=["kaito@customer.example"]).count() == 1


def test_rejecting_says_why_and_the_asker_reads_it(
    open_page: Callable[..., Page], acme_manager: Persona, acme_finance: Persona
) -> None:
    invitation = asked(acme_manager)
    page = open_page(acme_finance)
    page.goto("/")
    page.get_by_role("link", name="Approvals", exact=True).click()
    expect(page.get_by_text("1 request waits for you.")).to_be_visible()
    page.get_by_role("link", name="Kaito Trading").click()
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("alert")).to_contain_text("Say why")
    page.get_by_label("Note").fill("They closed that account")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_text("Rejected: Kaito Trading.")).to_be_visible()

    asker = open_page(acme_manager)
    asker.goto(link_in_the_mail("manager@acme.example"))
    expect(asker.get_by_role("main")).to_contain_text("They closed that account")
    expect(asker.get_by_role("button", name="Approve")).to_have_count(0)
    invitation.refresh_from_db()
    assert invitation.state == "withdrawn"
