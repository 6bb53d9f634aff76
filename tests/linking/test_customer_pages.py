"""The customer's pages: plain, secret, and changed by nothing but the customer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from linking import services, tasks
from linking.models import Invitation
from linking.states import DeclineReason, InvitationState
from tests.linking.conftest import DIGITS, UID, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from tests.personas import Persona

PAGES = (
    "invite_start", "invite_changes", "invite_proof", "invite_code", "invite_decide", "invite_decline", "invite_not_me",
    "invite_done", "invite_help", "invite_receipt", "invite_receipt_file",
)  # fmt: skip


def url(name: str, token: str) -> str:
    return reverse(f"linking:{name}", args=[token])


@pytest.fixture
def customer() -> Client:
    """Checks CSRF as a browser's request would be."""
    return Client(enforce_csrf_checks=True)


def prove(customer: Client, token: str, digits: str = DIGITS) -> HttpResponse:
    return customer.post(url("invite_proof", token), {"digits": digits})  # type: ignore[return-value]


def test_the_way_from_the_mail_to_linked(sent: Invitation, customer: Client) -> None:
    token = sent.fresh_token
    start = customer.get(url("invite_start", token))
    assert "Acme Cloud asks to link your cloud account" in start.content.decode()

    assert customer.post(url("invite_start", token))["Location"] == url("invite_changes", token)
    assert "What changes, and what does not" in customer.get(url("invite_changes", token)).content.decode()
    assert prove(customer, token)["Location"] == url("invite_decide", token)
    assert UID in customer.get(url("invite_decide", token)).content.decode()
    assert customer.post(url("invite_decide", token))["Location"] == url("invite_done", token)
    assert "being linked" in customer.get(url("invite_done", token)).content.decode()

    tasks.push_link(sent.pk)
    assert "Your account is linked" in customer.get(url("invite_start", token)).content.decode()


def test_fetching_writes_nothing_however_often(
    sent: Invitation, customer: Client, unchanged: Callable[[], bool]
) -> None:
    assert unchanged()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(5):
            for name in PAGES:
                customer.get(url(name, sent.fresh_token))
                customer.head(url(name, sent.fresh_token))
            customer.get(url("invite_start", sent.fresh_token) + "?lang=ja")

    assert unchanged()
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    sent.refresh_from_db()
    assert sent.state == InvitationState.SENT


@pytest.mark.parametrize("name", PAGES)
def test_every_page_keeps_the_secret(sent: Invitation, customer: Client, name: str) -> None:
    for token in (sent.fresh_token, "nobody-was-sent-this"):
        response = customer.get(url(name, token))
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert "no-store" in response["Cache-Control"]
        assert "sessionid" not in response.cookies


def test_the_uid_is_masked_until_it_is_proved(sent: Invitation, customer: Client) -> None:
    for name in ("invite_start", "invite_proof", "invite_decline"):
        page = customer.get(url(name, sent.fresh_token)).content.decode()
        assert "5113766248••••••" in page or name == "invite_decline"
        assert DIGITS not in page
    assert customer.get(url("invite_decide", sent.fresh_token))["Location"] == url("invite_proof", sent.fresh_token)


def test_wrong_digits_say_how_many_tries_are_left_and_then_when_to_come_back(
    sent: Invitation, customer: Client
) -> None:
    with time_machine.travel("2026-03-01T04:00:00Z", tick=False):
        Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
        first = prove(customer, sent.fresh_token, "000000")
        for _ in range(3):
            prove(customer, sent.fresh_token, "000000")
        locked = prove(customer, sent.fresh_token, "000000")

        assert first.status_code == 422
        assert "4 more tries" in first.content.decode()
        assert 'aria-invalid="true"' in first.content.decode()
        assert locked.status_code == 429
        assert "2026-03-01 12:15 UTC+8" in locked.content.decode()
        assert prove(customer, sent.fresh_token).status_code == 429, "the right digits learn nothing either"


def test_the_proof_is_a_cookie_scripts_cannot_read(sent: Invitation, customer: Client) -> None:
    cookie = prove(customer, sent.fresh_token).cookies[f"invite_proof_{sent.pk}"]

    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/invite/"
    assert cookie["max-age"] == 30 * 60
    assert sent.fresh_token not in cookie.value


def test_approving_without_the_proof_leads_back_to_it(sent: Invitation, customer: Client) -> None:
    response = customer.post(url("invite_decide", sent.fresh_token))

    assert (response.status_code, response["Location"]) == (303, url("invite_proof", sent.fresh_token))
    sent.refresh_from_db()
    assert sent.state == InvitationState.SENT


def test_declining_needs_a_reason_and_no_digits(sent: Invitation, customer: Client) -> None:
    bare = customer.post(url("invite_decline", sent.fresh_token), {"reason": "x"})
    assert bare.status_code == 422
    assert "Choose a reason." in bare.content.decode()

    customer.post(url("invite_decline", sent.fresh_token), {"code": "terms", "reason": "Too dear"})

    sent.refresh_from_db()
    assert (sent.state, sent.decline_code) == (InvitationState.DECLINED, DeclineReason.TERMS)
    assert "You declined" in customer.get(url("invite_decide", sent.fresh_token)).content.decode()


def test_a_form_of_another_site_is_turned_away(sent: Invitation, customer: Client) -> None:
    response = customer.post(url("invite_start", sent.fresh_token), headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403
    sent.refresh_from_db()
    assert sent.state == InvitationState.SENT


def test_each_dead_link_has_its_own_page_with_somebody_to_ask(
    acme_manager: Persona, customer: Client, sent: Invitation
) -> None:
    sent.partner.contact = "Mei Lin, help@acme.example"
    sent.partner.save()
    replaced = sent.fresh_token
    services.resend(actor=acme_manager.actor, invitation_pk=sent.pk)
    withdrawn = send(acme_manager, uid="6113766248601929", email="w@x.example")
    services.withdraw(actor=acme_manager.actor, invitation_pk=withdrawn.pk)
    with time_machine.travel(timezone.now() - timedelta(days=16), tick=False):
        expired = send(acme_manager, uid="7113766248601929", email="e@x.example")
    seen = {}
    for token, words in (
        (replaced, "A newer invitation was sent"),
        (withdrawn.fresh_token, "This invitation was withdrawn"),
        (expired.fresh_token, "This invitation has expired"),
    ):
        for name in PAGES:
            response = customer.get(url(name, token))
            assert response.status_code == 410
            assert words in response.content.decode()
            assert "help@acme.example</a>" in response.content.decode()
        assert customer.post(url("invite_start", token)).status_code == 410
        seen[words] = response.content
    assert len(set(seen.values())) == 3
    unknown = customer.get(url("invite_start", "x" * 43))
    assert unknown.status_code == 404
    assert "This link does not work" in unknown.content.decode()


def test_withdrawn_while_the_page_is_open(sent: Invitation, customer: Client, acme_manager: Persona) -> None:
    prove(customer, sent.fresh_token)
    assert customer.get(url("invite_decide", sent.fresh_token)).status_code == 200

    services.withdraw(actor=acme_manager.actor, invitation_pk=sent.pk)
    response = customer.post(url("invite_decide", sent.fresh_token))

    assert response.status_code == 410
    assert "withdrawn" in response.content.decode()


def test_the_language_is_the_mails_until_the_customer_chooses(acme_manager: Persona, customer: Client) -> None:
    token = send(acme_manager, language="ja").fresh_token

    assert '<html lang="ja">' in customer.get(url("invite_start", token)).content.decode()
    chosen = customer.get(url("invite_start", token) + "?lang=zh-hans")
    assert '<html lang="zh-hans">' in chosen.content.decode()
    assert '<html lang="zh-hans">' in customer.get(url("invite_proof", token)).content.decode()
    assert '<html lang="zh-hans">' in customer.get(url("invite_proof", token) + "?lang=xx").content.decode()


def test_an_agencys_customer_reads_of_no_limit_and_no_stop_by_the_partner(
    agency_master: Persona, customer: Client
) -> None:
    token = send(agency_master).fresh_token
    page = "".join(customer.get(url(name, token)).content.decode() for name in ("invite_start", "invite_changes"))

    assert "You go on paying the cloud yourself" in page
    assert "spending limit" not in page
    assert "can pause" not in page


def test_a_failed_link_does_not_trouble_the_customer(approved: Invitation, customer: Client) -> None:
    Invitation.objects.filter(pk=approved.pk).update(state=InvitationState.FAILED, failure_code="3009")

    page = customer.get(url("invite_done", approved.fresh_token)).content.decode()

    assert "You approved" in page
    assert "3009" not in page


def test_staff_who_are_signed_in_see_the_customers_page(
    sent: Invitation, outsider: Persona, as_: Callable[[Persona], Client]
) -> None:
    """The partner on the page is the one who asks, not the one the reader works in."""
    page = as_(outsider).get(url("invite_start", sent.fresh_token)).content.decode()

    assert "Acme Cloud asks" in page
    assert "Globex" not in page


def test_this_is_not_for_me_takes_one_button_and_no_reason(sent: Invitation, customer: Client) -> None:
    page = customer.get(url("invite_not_me", sent.fresh_token)).content.decode()
    assert "kaito@customer.example is not the right address" in page

    assert customer.post(url("invite_not_me", sent.fresh_token))["Location"] == url("invite_done", sent.fresh_token)

    sent.refresh_from_db()
    assert (sent.state, sent.decline_code) == (InvitationState.DECLINED, DeclineReason.NOT_ME)
    assert "went to the wrong person" in customer.get(url("invite_start", sent.fresh_token)).content.decode()


def test_the_customer_reads_what_the_partner_may_do_and_may_not(acme_manager: Persona, customer: Client) -> None:
    token = send(acme_manager).fresh_token
    Invitation.objects.update(scopes=["view_bills", "manage_resources"])

    page = customer.get(url("invite_changes", token)).content.decode()
    may, may_not = page.split("Acme Cloud may not")

    assert "Create, change and stop your resources" in may
    assert "which may create, change and stop them" in may, "the sheet and the permissions say the same"
    assert "See your servers" in may, "who manages has to see"
    assert "Place orders for you" in may_not


def test_the_person_to_ask_is_one_touch_away(sent: Invitation, customer: Client) -> None:
    type(sent.partner).objects.filter(pk=sent.partner_id).update(contact="Mei Lin, help@acme.example, +65 6555 0134")

    page = customer.get(url("invite_start", sent.fresh_token)).content.decode()

    assert '<a href="mailto:help@acme.example">help@acme.example</a>' in page
    assert '<a href="tel:+6565550134">+65 6555 0134</a>' in page


def test_the_guide_names_the_person_to_ask(sent: Invitation, customer: Client) -> None:
    sent.partner.contact = "Mei Lin, help@acme.example"
    sent.partner.save()

    page = customer.get(url("invite_help", sent.fresh_token)).content.decode()

    assert "My services have stopped" in page
    assert 'Mei Lin, <a href="mailto:help@acme.example">' in page


def test_a_sandbox_cannot_be_taken_for_production(acme_manager: Persona, customer: Client) -> None:
    token = send(acme_manager, environment="sandbox").fresh_token

    assert "test account (sandbox)" in customer.get(url("invite_start", token)).content.decode()
