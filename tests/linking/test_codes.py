"""The e-mailed code: the second half of the proof, or all of it where no UID is known."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from post_office.models import Email

from linking import services
from linking.errors import ProofLocked, ProofMissing, WrongCode, WrongDigits
from linking.models import Invitation, InvitationCode
from linking.states import InvitationState
from partner_console.audit.models import AuditEntry
from tests.linking.conftest import DIGITS, send
from tests.linking.test_customer_pages import prove, url

if TYPE_CHECKING:
    from tests.personas import Persona


@pytest.fixture
def both(acme_manager: Persona) -> Invitation:
    """Asks for the digits and for a code."""
    return send(acme_manager, asks_code=True)


@pytest.fixture
def unknown_uid(acme_manager: Persona) -> Invitation:
    """A customer without an account yet: the UID is learned later."""
    return send(acme_manager, uid="", learns_uid=True)


@pytest.fixture
def customer() -> Client:
    return Client(enforce_csrf_checks=True)


def mailed_code(to: str = "kaito@customer.example") -> str:
    mail = Email.objects.filter(to=[to], subject__regex=r"^[0-9]{6} ").latest("pk")
    found = re.search(r"^([0-9]{6}) ", mail.subject)
    assert found
    assert found.group(1) in mail.message
    assert found.group(1) in mail.html_message
    return found.group(1)


def type_code(customer: Client, token: str, code: str) -> int:
    return customer.post(url("invite_code", token), {"code": code}).status_code


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_only_a_press_of_the_button_sends_a_code(unknown_uid: Invitation, customer: Client, method: str) -> None:
    mails = Email.objects.count()

    assert getattr(customer, method)(url("invite_code_send", unknown_uid.fresh_token)).status_code == 405
    assert not InvitationCode.objects.exists()
    assert Email.objects.count() == mails


def test_digits_then_code_then_approve(both: Invitation, customer: Client) -> None:
    token = both.fresh_token

    assert prove(customer, token)["Location"] == url("invite_code", token)
    assert customer.get(url("invite_decide", token))["Location"] == url("invite_proof", token), "half is not enough"
    page = customer.get(url("invite_code", token)).content.decode()
    assert "kaito@customer.example" in page
    assert "Step 4 of 5" in page
    typed = customer.post(url("invite_code", token), {"code": f" {mailed_code()[:3]} {mailed_code()[3:]} "})

    assert typed["Location"] == url("invite_decide", token)
    assert customer.post(url("invite_decide", token))["Location"] == url("invite_done", token)
    both.refresh_from_db()
    assert both.state == InvitationState.APPROVED
    assert '"proved_by": [\n    "code",\n    "digits"\n  ]' in both.receipt.body


def test_a_code_alone_where_no_uid_is_known(unknown_uid: Invitation, customer: Client) -> None:
    token = unknown_uid.fresh_token

    assert customer.get(url("invite_proof", token))["Location"] == url("invite_code", token)
    assert "Send me the code" in customer.get(url("invite_code", token)).content.decode()
    assert not InvitationCode.objects.exists(), "looking sends nothing"
    customer.post(url("invite_code_send", token))
    assert type_code(customer, token, mailed_code()) == 303
    page = customer.get(url("invite_decide", token)).content.decode()
    assert "Step 4 of 4" in page
    assert customer.post(url("invite_decide", token))["Location"] == url("invite_done", token)


def test_without_a_uid_no_digits_are_ever_right(unknown_uid: Invitation, customer: Client) -> None:
    actor = services.customer_actor(unknown_uid)
    for digits in ("", " ", "000000"):
        with pytest.raises(WrongDigits):
            services.prove(actor=actor, token=unknown_uid.fresh_token, digits=digits)


def test_the_code_is_asked_for_only_after_the_digits(both: Invitation, customer: Client) -> None:
    token = both.fresh_token

    assert customer.get(url("invite_code", token))["Location"] == url("invite_proof", token)
    assert customer.post(url("invite_code_send", token))["Location"] == url("invite_proof", token)
    assert not Email.objects.filter(subject__regex=r"^[0-9]{6} ").exists(), "nobody's mailbox is filled by strangers"


def test_a_code_where_none_is_asked_for(sent: Invitation) -> None:
    with pytest.raises(ProofMissing):
        services.send_code(actor=services.customer_actor(sent), token=sent.fresh_token)


def test_wrong_old_used_and_never_sent_say_the_same(unknown_uid: Invitation) -> None:
    actor, token = services.customer_actor(unknown_uid), unknown_uid.fresh_token
    said = set()

    def wrong(code: str) -> None:
        with pytest.raises(WrongCode) as error:
            services.prove_code(actor=actor, token=token, code=code)
        said.add((str(error.value), error.value.status))

    wrong("123456")
    services.send_code(actor=actor, token=token)
    first = mailed_code()
    wrong("abc")
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1), tick=False):
        wrong(first)
        services.send_code(actor=actor, token=token)
        assert services.prove_code(actor=actor, token=token, code=mailed_code())
        wrong(mailed_code())
    assert len(said) == 1


def test_an_earlier_code_no_longer_fits(unknown_uid: Invitation) -> None:
    actor, token = services.customer_actor(unknown_uid), unknown_uid.fresh_token
    services.send_code(actor=actor, token=token)
    InvitationCode.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
    first = mailed_code()
    services.send_code(actor=actor, token=token)
    second = mailed_code()

    if first != second:
        with pytest.raises(WrongCode):
            services.prove_code(actor=actor, token=token, code=first)
    assert services.prove_code(actor=actor, token=token, code=second)


def test_digits_and_codes_share_their_five_tries(both: Invitation) -> None:
    actor, token = services.customer_actor(both), both.fresh_token
    proof = services.prove(actor=actor, token=token, digits=DIGITS)
    for _ in range(4):
        with pytest.raises(WrongCode):
            services.prove_code(actor=actor, token=token, code="x", proof=proof)

    with pytest.raises(ProofLocked):
        services.prove_code(actor=actor, token=token, code="x", proof=proof)
    with pytest.raises(ProofLocked):
        services.prove_code(actor=actor, token=token, code=mailed_code(), proof=proof)
    with pytest.raises(ProofLocked):
        services.prove(actor=actor, token=token, digits=DIGITS)


def test_the_fifth_code_within_a_quarter_of_an_hour_waits(unknown_uid: Invitation, customer: Client) -> None:
    token = unknown_uid.fresh_token
    for _ in range(4):
        assert customer.post(url("invite_code_send", token)).status_code == 303

    response = customer.post(url("invite_code_send", token))

    assert response.status_code == 429
    assert "takes a pause until" in response.content.decode()
    assert 0 < int(response["Retry-After"]) <= 15 * 60
    assert InvitationCode.objects.count() == 4


def test_right_digits_again_do_not_send_again(both: Invitation) -> None:
    actor = services.customer_actor(both)
    for _ in range(3):
        services.prove(actor=actor, token=both.fresh_token, digits=DIGITS)

    assert InvitationCode.objects.count() == 1
    services.prove_code(actor=actor, token=both.fresh_token, code=mailed_code())
    services.prove(actor=actor, token=both.fresh_token, digits=DIGITS)
    assert InvitationCode.objects.count() == 2, "in another browser the used one is worth nothing"


def test_the_code_is_kept_as_a_keyed_hash_and_not_on_the_trail(unknown_uid: Invitation) -> None:
    actor = services.customer_actor(unknown_uid)
    services.send_code(actor=actor, token=unknown_uid.fresh_token)
    code = mailed_code()
    services.prove_code(actor=actor, token=unknown_uid.fresh_token, code=code)

    assert code not in InvitationCode.objects.get().digest
    assert [entry.action for entry in AuditEntry.objects.filter(action__contains=".code_").order_by("pk")] == [
        "linking.invitation.code_sent", "linking.invitation.code_proved",
    ]  # fmt: skip
    assert not [entry for entry in AuditEntry.objects.all() if code in str(entry.changes) + entry.note]


def test_the_code_speaks_the_language_of_the_page(both: Invitation, customer: Client) -> None:
    customer.get(url("invite_proof", both.fresh_token) + "?lang=ja")
    prove(customer, both.fresh_token)

    mail = Email.objects.latest("pk")
    assert InvitationCode.objects.exists()
    assert mail.to == ["kaito@customer.example"]
    assert 'lang="ja"' in mail.html_message


def test_a_proof_shows_no_more_than_was_shown(both: Invitation) -> None:
    actor, token = services.customer_actor(both), both.fresh_token
    services.prove(actor=actor, token=token, digits=DIGITS)
    only_code = services.prove_code(actor=actor, token=token, code=mailed_code(), proof="forged")

    with pytest.raises(ProofMissing):
        services.approve(actor=actor, token=token, proof=only_code)
