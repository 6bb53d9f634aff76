"""Links by hand of three people, in two languages; and every way a link does not come about, as each side sees it."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from playwright.sync_api import expect
from post_office.models import Email

from linking import services, tasks
from linking.known_codes import KNOWN
from linking.models import Invitation
from linking.states import InvitationState
from partner_console.cloud.simulated.models import FaultKind, SimAccount
from partner_console.cloud.simulated.services import add_fault
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_second_person import link_in_the_mail
from tests.factories import make_account
from tests.linking.conftest import DIGITS, UID, consent, send
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CUSTOMER = "kaito@customer.example"
WRONG = "000000"


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker's steps are the test's own, so that people can look in between."""
    monkeypatch.setattr(tasks.push_link, "delay", lambda pk: None)
    monkeypatch.setattr(tasks.check_link, "delay", lambda pk: None)


def customers_link() -> str:
    """The address in the newest mail to the customer that has one."""
    for mail in Email.objects.filter(to=[CUSTOMER]).order_by("-pk"):
        if found := re.search(r"https?://\S+/invite/[^/\s]+/", mail.message):
            return found.group()
    raise AssertionError("the customer has no link")


def path_of(invitation: Invitation) -> str:
    return reverse("linking:invite_start", args=[invitation.fresh_token])


def shows(page: Page, *texts: str) -> None:
    for text in texts:
        expect(page.get_by_role("main")).to_contain_text(text)


def heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def prove(page: Page, digits: str = DIGITS) -> None:
    page.locator("[name=digits]").fill(digits)
    page.locator("main .btn-primary").click()


@pytest.mark.parametrize(("language", "viewport"), [("en", DESKTOP), ("ja", PHONE)])
def test_three_people_link_an_account(
    open_page: Callable[..., Page],
    acme_manager: Persona,
    acme_finance: Persona,
    language: str,
    viewport: dict[str, int],
) -> None:
    """Two of staff, each in their own browser, and the customer on a phone: from nothing to verified."""
    for persona in (acme_manager, acme_finance):
        assert persona.user is not None
        persona.user.language = language
        persona.user.save()
    speaks = partial[AbstractContextManager[Any]](translation.override, language)

    def say(text: str, **values: str) -> str:
        with speaks():
            return gettext(text) % values if values else gettext(text)

    assert (say("You approved") == "You approved") == (language == "en"), "the Japanese journey is in Japanese"

    # The manager invites with more than one person may.
    manager = open_page(acme_manager, on=viewport)
    manager.goto("/links/new/")
    heading(manager, say("Invite a customer"))
    for name, text in {"uid": UID, "company": "海渡商事", "email": CUSTOMER, "quota": "10000"}.items():
        manager.locator(f"[name={name}]").fill(text)
    manager.locator("select[name=language]").select_option(language)
    manager.get_by_role("button", name=say("Send the invitation")).click()
    heading(manager, "海渡商事")
    shows(manager, say("A second person has to check it before it is sent."))
    assert not Email.objects.filter(to=[CUSTOMER]).exists()
    invitation = Invitation.objects.get()

    # The second person opens the mail and retypes the UID blind.
    second = open_page(acme_finance, on=viewport)
    second.goto(link_in_the_mail("finance@acme.example"))
    assert UID not in second.content()
    second.locator("[name=typed]").fill(f"{UID[:4]} {UID[4:8]} {UID[8:]}")
    second.get_by_role("button", name=say("Approve"), exact=True).click()
    expect(second.get_by_text(say("Approved: %(subject)s.", subject="海渡商事"))).to_be_visible()
    manager.reload()
    shows(manager, say("The customer has the mail and has not opened the link. Call them, or send it again."))

    # The customer, on a phone, from the mail to the answer.
    phone = open_page(on=PHONE, has_touch=True)
    phone.goto(customers_link())
    heading(phone, say("%(partner)s asks to link your cloud account", partner="Acme Cloud"))
    assert phone.locator("html").get_attribute("lang") == language
    phone.get_by_role("button", name=say("Continue")).click()
    heading(phone, say("What changes, and what does not"))
    manager.reload()
    shows(manager, say("The customer is looking at it and has not decided."))
    phone.get_by_role("link", name=say("Continue")).click()
    prove(phone)
    shows(phone, UID, "海渡商事")
    phone.get_by_role("button", name=say("Approve linking")).click()
    heading(phone, say("You approved"))

    # The worker links, then checks.
    tasks.push_link(invitation.pk)
    phone.reload()
    heading(phone, say("Your account is linked"))
    manager.reload()
    shows(manager, say("The account is in the list with what it starts with."))
    tasks.check_link(LinkedAccount.objects.get(uid=UID).pk)

    # Verified, for everybody who asks.
    manager.goto("/links/?progress=successful")
    manager.get_by_role("link", name="海渡商事").click()
    shows(manager, say("Verified"), say("The account is in the list and was checked."))
    panel = manager.locator("#permissions-panel")
    for check in ("Shown in the linked list", "Permissions as granted", "Billing reference as expected"):
        expect(panel).to_contain_text(say(check))
    expect(panel).to_contain_text(say("As expected"))
    second.goto(f"/uids/{UID}/")
    heading(second, "海渡商事")
    shows(second, "10,000.00")
    phone.reload()
    heading(phone, say("Your account is linked"))
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    with speaks():
        told = Email.objects.filter(to=[CUSTOMER]).latest("pk")
    assert reverse("linking:my_home") in told.message


def test_the_customer_declines_and_staff_read_why(open_page: Callable[..., Page], acme_manager: Persona) -> None:
    sent = send(acme_manager)
    phone = open_page(on=PHONE)
    phone.goto(path_of(sent))
    phone.get_by_role("link", name="I do not want this").click()
    phone.get_by_label("I work with another partner").check()
    phone.get_by_label("Anything else the sender should know?").fill("Until March")
    phone.get_by_role("button", name="Decline").click()
    heading(phone, "You declined")

    staff = open_page(acme_manager)
    staff.goto(f"/links/{sent.pk}/")
    shows(staff, "Declined by the customer", "I work with another partner", "Until March")
    shows(staff, "The customer said no. Talk to them before you invite them anew.")
    phone.goto(path_of(sent))
    heading(phone, "You declined")


def test_a_mail_to_the_wrong_person_ends_with_one_button(open_page: Callable[..., Page], acme_manager: Persona) -> None:
    sent = send(acme_manager)
    phone = open_page(on=PHONE)
    phone.goto(path_of(sent))
    phone.get_by_role("link", name="This is not for me").click()
    phone.get_by_role("button", name="Tell them").click()
    heading(phone, "Thank you")

    staff = open_page(acme_manager)
    staff.goto(f"/links/{sent.pk}/")
    shows(staff, "This is not my account")


@pytest.mark.parametrize(
    ("end", "seen", "by_staff"),
    [
        ("withdraw", "This invitation was withdrawn", "It was taken back. The customer's link says so."),
        ("expire", "This invitation has expired", "The customer did not answer in time. Invite them anew."),
        ("resend", "A newer invitation was sent", "The customer has the mail and has not opened the link."),
        ("replace", "A newer invitation was sent", "A newer invitation of the same UID took its place."),
    ],
)
def test_what_ends_while_the_customer_is_about_to_approve(
    open_page: Callable[..., Page], acme_manager: Persona, end: str, seen: str, by_staff: str
) -> None:
    """The page with [Approve linking] is open; the button then tells what happened, and nothing is linked."""
    sent = send(acme_manager)
    first_link = path_of(sent)
    phone = open_page(on=PHONE)
    phone.goto(first_link)
    phone.goto(f"{first_link}proof/")
    prove(phone)
    heading(phone, "Link your account to Acme Cloud?")

    _end(sent, acme_manager, end)
    phone.get_by_role("button", name="Approve linking").click()

    heading(phone, seen)
    sent.refresh_from_db()
    assert sent.approved_at is None
    phone.goto(f"{first_link}decline/")
    heading(phone, seen)
    staff = open_page(acme_manager)
    staff.goto(f"/links/{sent.pk}/")
    shows(staff, by_staff)
    if end in ("resend", "replace"):  # the newest link is the one that works
        phone.goto(customers_link())
        expect(phone.get_by_role("button", name="Continue")).to_be_visible()


def _end(sent: Invitation, manager: Persona, end: str) -> None:
    over = timezone.now() - timedelta(seconds=1)
    if end == "withdraw":
        services.withdraw(actor=manager.actor, invitation_pk=sent.pk, reason="Asked to wait")
    elif end == "resend":
        services.resend(actor=manager.actor, invitation_pk=sent.pk)
    else:
        Invitation.objects.filter(pk=sent.pk).update(expires_at=over)
        tasks.expire_invitations()
    if end == "replace":
        send(manager)


def test_wrong_digits_lock_the_link_for_everybody(open_page: Callable[..., Page], acme_manager: Persona) -> None:
    sent = send(acme_manager)
    guesser = open_page(on=PHONE)
    guesser.goto(f"{path_of(sent)}proof/")
    for left in (4, 3, 2, 1):
        prove(guesser, WRONG)
        expect(guesser.get_by_role("alert")).to_contain_text("These are not the last 6 digits")
        shows(guesser, f"{left} more tr")
    prove(guesser, WRONG)
    heading(guesser, "Too many tries")
    shows(guesser, "nothing more is checked until")

    holder = open_page(on=PHONE)
    holder.goto(f"{path_of(sent)}proof/")
    prove(holder)
    heading(holder, "Too many tries")
    Invitation.objects.filter(pk=sent.pk).update(proof_locked_until=timezone.now() - timedelta(seconds=1))
    holder.goto(f"{path_of(sent)}proof/")
    prove(holder)
    heading(holder, "Link your account to Acme Cloud?")

    staff = open_page(acme_manager)
    staff.goto(f"/links/{sent.pk}/")
    shows(staff, "Wrong digits typed", "5 times")


def test_refused_by_the_cloud_staff_see_why_and_try_again(
    open_page: Callable[..., Page], acme_manager: Persona
) -> None:
    sent = send(acme_manager)
    consent(sent)
    add_fault(operation="start_link", kind=FaultKind.REFUSE, code="3040", message=KNOWN["3040"].message)
    tasks.push_link(sent.pk)

    phone, staff = open_page(on=PHONE), open_page(acme_manager)
    phone.goto(path_of(sent))
    heading(phone, "You approved; linking has met a problem")
    shows(phone, "you need not do anything")
    assert "3040" not in phone.content()
    staff.goto(f"/links/{sent.pk}/")
    shows(staff, "3040: account is in a frozen state", "The account is frozen at the cloud")
    shows(staff, "Ask the customer what their console says, have it unfrozen, then try again.")
    expect(staff.get_by_role("heading", name="What is known about this failure")).to_have_count(1)
    staff.get_by_role("button", name="Try again").click()
    shows(staff, "The customer approved. The cloud is being asked; this page shows the answer.")

    tasks.push_link(sent.pk)
    phone.reload()
    heading(phone, "Your account is linked")
    shows(staff, "It failed before and works now")


def test_a_cloud_that_does_not_answer_is_asked_again_and_links_once(
    open_page: Callable[..., Page], acme_manager: Persona
) -> None:
    sent = send(acme_manager)
    consent(sent)
    add_fault(operation="start_link", kind=FaultKind.TIMEOUT_AFTER)
    add_fault(operation="link_status", kind=FaultKind.UNAVAILABLE)
    tasks.push_link(sent.pk)
    tasks.push_link(sent.pk)

    phone, staff = open_page(on=PHONE), open_page(acme_manager)
    phone.goto(path_of(sent))
    heading(phone, "You approved")
    staff.goto(f"/links/{sent.pk}/")
    shows(staff, "The cloud has not answered yet; it is asked again by itself.")
    tasks.push_link(sent.pk)
    shows(staff, "The account is in the list with what it starts with.")
    phone.reload()
    heading(phone, "Your account is linked")
    assert (LinkedAccount.objects.count(), SimAccount.objects.count()) == (1, 1)


def test_linked_meanwhile_by_another_partner(
    open_page: Callable[..., Page], acme_manager: Persona, outsider: Persona
) -> None:
    sent = send(acme_manager)
    consent(sent)
    assert outsider.partner is not None
    make_account(outsider.partner, UID)
    tasks.push_link(sent.pk)

    phone, staff = open_page(on=PHONE), open_page(acme_manager)
    phone.goto(path_of(sent))
    heading(phone, "You approved; linking has met a problem")
    assert outsider.partner.name not in phone.content()
    staff.goto(f"/links/{sent.pk}/")
    shows(staff, "The account was linked meanwhile, by you or by another partner.")
    assert outsider.partner.name not in staff.content()
    staff.get_by_role("button", name="Try again").click()
    expect(staff.get_by_text("cannot be linked now: it is linked elsewhere")).to_be_visible()
    heading(staff, "Kaito Trading")
    sent.refresh_from_db()
    assert sent.state == InvitationState.FAILED
    staff.goto("/uids/")
    expect(staff.get_by_role("main")).not_to_contain_text(UID)
