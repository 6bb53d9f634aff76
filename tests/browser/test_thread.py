"""The thread through the whole house: invited, approved, linked, quota edited, consumed, warned (issue 2)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from post_office.models import Email

from linking.models import Invitation
from linking.tasks import expire_invitations
from partner_console.cloud.simulated.services import report_usage
from quota.tasks import sweep_warnings, sync_partner_usage
from tests.browser.conftest import PHONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

UID = "5113766248601929"


def invite(page: Page, *, uid: str = UID, company: str = "Kaito Trading", quota: str = "1500") -> None:
    page.goto("/links/")
    page.get_by_role("link", name="Invite a customer").first.click()
    page.get_by_label("UID", exact=True).fill(uid)
    page.get_by_label("Company").fill(company)
    page.get_by_label("Customer's e-mail").fill("kaito@customer.example")
    page.get_by_text("More: purpose").click()
    page.get_by_label("Purpose").fill("Onboarding")
    page.get_by_label("Starting quota").fill(quota)
    page.get_by_role("button", name="Send the invitation").click()
    expect(page.get_by_text("is on its way.")).to_be_visible()


def link_from_the_outbox(page: Page) -> str:
    """The newest invitation, read as its receiver would."""
    page.goto("/outbox/")
    page.get_by_role("link", name="Acme Cloud asks to link your cloud account").first.click()
    mail = page.frame_locator("iframe")
    href = mail.get_by_role("link", name="Look at the request").get_attribute("href")
    assert href is not None
    return href


def test_the_thread(open_page: Callable[..., Page], acme_manager: Persona, acme_finance: Persona) -> None:
    # Staff invites; the UID is cleaned and judged while it is typed.
    staff = open_page(acme_manager)
    staff.goto("/links/new/")
    staff.get_by_label("UID", exact=True).press_sequentially("5113 7662-4860")
    expect(staff.get_by_role("status").filter(has_text="511376624860")).to_be_visible()
    invite(staff, uid="5113 7662-4860 1929")
    expect(staff.get_by_role("heading", name="Kaito Trading")).to_be_visible()
    url = link_from_the_outbox(staff)

    # The customer, on a phone: understands, proves, approves.
    phone = open_page(on=PHONE)
    phone.goto(url)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Acme Cloud asks to link your cloud account")
    phone.get_by_role("button", name="Continue").click()
    phone.get_by_role("link", name="Continue").click()
    phone.get_by_label("Last 6 digits of the UID").fill("000000")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("alert")).to_contain_text("These are not the last 6 digits")
    phone.get_by_label("Last 6 digits of the UID").fill("60 19 29")
    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_text(UID)).to_be_visible()
    phone.get_by_role("button", name="Approve linking").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text(re.compile("You approved|Your account is linked"))
    phone.goto(url)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Your account is linked")

    # The account stands in the list with its Quota Create.
    finance = open_page(acme_finance)
    finance.goto("/uids/")
    row = finance.get_by_role("row").filter(has_text=UID)
    expect(row).to_contain_text("Kaito Trading")
    expect(row).to_contain_text("1,500.00")
    finance.goto(f"/uids/{UID}/")
    expect(finance.locator("#main")).to_contain_text("Quota Create")

    # Finance edits the quota.
    finance.goto(f"/uids/{UID}/quota/edit/")
    finance.get_by_label("Amount", exact=True).fill("1,000.00")
    finance.get_by_label("Reason").fill("Smaller project than planned")
    finance.get_by_role("button", name="Review").click()
    expect(finance.get_by_role("table")).to_contain_text("1,000.00")
    finance.get_by_role("button", name="Save the new quota").click()
    expect(finance).to_have_url(re.compile(rf"/uids/{UID}/quota/"))
    expect(finance.locator("#main")).to_contain_text("1,000.00")

    # The cloud reports consumption; below the threshold one mail goes out, once.
    assert acme_manager.partner is not None
    for amount in ("799.99", "0.02", "50.5"):
        report_usage(uid=UID, amount=Decimal(amount))
        sync_partner_usage(acme_manager.partner.pk)
        sweep_warnings()
    warnings = Email.objects.filter(to="alerts@acme.example")
    assert [mail.subject for mail in warnings if UID in mail.subject + mail.message] == [warnings[0].subject]
    finance.goto(f"/uids/{UID}/")
    expect(finance.locator("#main")).to_contain_text("149.49")
    staff.goto("/outbox/?to=alerts@acme.example")
    expect(staff.get_by_role("link", name=warnings[0].subject)).to_have_count(1)

    # And staff see on the invitation how it went.
    staff.goto("/links/?progress=successful")
    staff.get_by_role("link", name="Kaito Trading").click()
    expect(staff.locator("#main")).to_contain_text("Successful · Verified")
    expect(staff.locator("#main")).to_contain_text("Approved by the customer")


def test_an_invitation_left_alone_expires_by_itself(open_page: Callable[..., Page], acme_manager: Persona) -> None:
    staff = open_page(acme_manager)
    invite(staff)
    url = link_from_the_outbox(staff)
    phone = open_page(on=PHONE)
    phone.goto(url)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    phone.get_by_role("button", name="Continue").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("This invitation has expired")

    expire_invitations()
    staff.goto("/links/?state=expired")
    staff.get_by_role("link", name="Kaito Trading").click()
    expect(staff.locator("#main")).to_contain_text("Failed · Expired")
    expect(staff.locator("#main")).to_contain_text("Invitation expired")
    staff.get_by_role("link", name="Invite anew").click()
    expect(staff.get_by_label("UID", exact=True)).to_have_value(UID)
