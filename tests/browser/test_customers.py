"""Customers on a phone: from the mail to approved with a code, in Japanese too; then their own pages."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from playwright.sync_api import expect
from post_office.models import Email

from linking import services, tasks
from linking.contacts import contact_actor
from linking.models import Grant, Invitation
from linking.services import terminating
from linking.states import InvitationState, TerminationState
from tests.browser.conftest import PHONE
from tests.browser.test_every_page import files, walk  # noqa: F401 fixtures
from tests.browser.walking import leave
from tests.factories import make_account
from tests.linking.conftest import consent, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.browser.walking import Walk
    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MAILBOX = "kaito@customer.example"


def code_for(address: str) -> str:
    found = re.search(r"^[0-9]{6}$", Email.objects.filter(to=[address]).latest("pk").message, re.MULTILINE)
    assert found
    return found.group()


def press(page: Page) -> None:
    """The one obvious button."""
    leave(page.locator("main .btn-primary").first)


@pytest.mark.parametrize("language", ["en", "zh-hans", "ja"])
def test_from_the_mail_to_the_receipt(
    walk: Callable[..., Walk],  # noqa: F811 the fixture
    acme_manager: Persona,
    language: str,
) -> None:
    sent = send(acme_manager, asks_code=True, language=language, note_to_customer="海渡様")
    walked = walk(on=PHONE, axe="every page", color_scheme="dark" if language == "ja" else "light")
    page = walked.page

    walked.open(reverse("linking:invite_start", args=[sent.fresh_token]))
    press(page)
    walked.judge()
    press(page)
    page.locator("[name=digits]").fill("000000")
    press(page)
    walked.judge()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("[name=digits]").fill(sent.uid[-6:])
    press(page)
    walked.judge()
    page.locator("[name=code]").fill(code_for(MAILBOX))
    press(page)
    walked.judge()
    press(page)
    page.wait_for_url("**/done/")
    walked.judge()
    leave(page.locator("a[href$='/receipt/']"))
    walked.judge()
    with page.expect_download() as download:
        page.locator("main .btn-primary").first.click()

    assert download.value.suggested_filename == f"receipt-{sent.reference}.html"
    assert page.locator("html").get_attribute("lang") == language
    assert walked.problems == []
    sent.refresh_from_db()
    assert sent.state in (InvitationState.LINKED, InvitationState.VERIFIED)


@pytest.mark.parametrize("language", ["en", "zh-hans", "ja"])
def test_every_page_of_ones_own(
    walk: Callable[..., Walk],  # noqa: F811 the fixture
    acme_master: Persona,
    language: str,
) -> None:
    linked = send(acme_master, email=MAILBOX)
    consent(linked)
    tasks.push_link(linked.pk)
    linked = Invitation.objects.get(pk=linked.pk)
    asked, asks = (make_account(acme_master.partner, email=MAILBOX, quota=Decimal(900)) for _ in range(2))
    for account in (asked, asks):
        Grant.objects.create(account=account, scopes=["view_bills", "view_resources", "manage_resources", "buy"])
    terminating.ask(actor=acme_master.actor, account_pk=asked.pk, reason="Contract ends")
    walked = walk(on=PHONE, axe="every page", language=language, color_scheme="light" if language == "en" else "dark")
    page = walked.page

    walked.open(reverse("linking:my_home"))
    page.locator("[name=email]").fill(MAILBOX)
    press(page)
    walked.judge()
    page.locator("[name=code]").fill("1")
    press(page)
    walked.judge()
    page.locator("[name=code]").fill(code_for(MAILBOX))
    press(page)
    page.wait_for_url("**/my/")
    walked.judge()
    for name, account_pk in (
        ("my_link", linked.account_id), ("my_receipt", linked.account_id), ("my_link", asks.pk),
        ("my_permissions", asks.pk), ("my_leave", asks.pk), ("my_link", asked.pk), ("my_ending", asked.pk),
        ("my_reject", asked.pk),
    ):  # fmt: skip
        walked.open(reverse(f"linking:{name}", args=[account_pk]))
    terminating.ask(actor=contact_actor(MAILBOX), account_pk=asks.pk, reason="We move")
    for name in ("my_link", "my_stay", "my_leave"):
        walked.open(reverse(f"linking:{name}", args=[asks.pk]))
    for name in ("my_help", "receipt_check"):
        walked.open(reverse(f"linking:{name}"))
    page.locator("[name=digest]").fill(linked.receipt.digest)
    press(page)
    walked.judge()

    assert walked.problems == []
    assert page.locator("html").get_attribute("lang") == language


def test_answering_the_partner_and_signing_out_by_hand(
    walk: Callable[..., Walk],  # noqa: F811 the fixture
    acme_master: Persona,
) -> None:
    account = make_account(acme_master.partner, email=MAILBOX, quota=Decimal(900))
    request = terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason="Contract ends")
    page = walk(on=PHONE, axe="never").page
    page.goto(reverse("linking:my_home"))
    page.get_by_label("Your e-mail address").fill(MAILBOX)
    press(page)
    page.get_by_label("Code from the mail").fill(code_for(MAILBOX))
    press(page)

    page.get_by_role("link", name="Answer").click()
    page.get_by_role("button", name="Agree to end the link").click()
    expect(page.locator("main")).to_contain_text("is being ended")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your own page")
    page.goto(reverse("linking:my_link", args=[account.pk]))
    expect(page.get_by_label("Your e-mail address")).to_be_visible()

    request.refresh_from_db()
    assert request.state != TerminationState.TO_BE_CONFIRMED
    assert services.session_of("") is None
