"""The consent receipt: word by word what was read, and a fingerprint both sides can check."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from linking import consent, limits, receipts, services
from linking.limits import Limit
from linking.models import ConsentReceipt, Invitation
from partner_console.audit.models import AuditEntry
from partner_console.errors import NotFound
from tests.linking.conftest import DIGITS, UID, send
from tests.linking.conftest import consent as agree
from tests.linking.test_customer_pages import prove, url

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.personas import Persona


@pytest.fixture
def customer() -> Client:
    return Client()


def check(client: Client, **data: object) -> str:
    return client.post(reverse("linking:receipt_check"), data).content.decode()


def test_it_is_what_the_customer_read(sent: Invitation) -> None:
    agree(sent)

    receipt = ConsentReceipt.objects.get()
    contents = json.loads(receipt.body)
    assert receipt.digest == hashlib.sha256(receipt.body.encode()).hexdigest()
    assert contents["account"] == {"uid": UID, "company": "Kaito Trading", "email": "kaito@customer.example"}
    assert contents["meaning"] == consent.meaning(sent)
    assert [row["question"] for row in contents["sheet"]] == [row.question for row in consent.sheet(sent)]
    assert contents["permissions"]["may"] == ["See your bills and how much you use"]
    assert contents["proved_by"] == ["digits"]
    sent.refresh_from_db()
    assert receipt.at == sent.approved_at
    assert AuditEntry.objects.get(action="linking.invitation.approved").changes["receipt"] == ["", receipt.digest]


def test_later_changes_change_no_receipt(sent: Invitation) -> None:
    agree(sent)
    before = ConsentReceipt.objects.get().body
    sent.partner.name = "Renamed"
    sent.partner.save()
    Invitation.objects.update(scopes=["buy"], quota=9)

    assert ConsentReceipt.objects.get().body == before


def test_it_speaks_the_language_it_was_read_in(sent: Invitation, customer: Client) -> None:
    customer.get(url("invite_start", sent.fresh_token) + "?lang=ja")
    prove(customer, sent.fresh_token)
    customer.post(url("invite_decide", sent.fresh_token))

    assert ConsentReceipt.objects.get().language == "ja"


def test_none_without_an_approval(sent: Invitation, customer: Client) -> None:
    prove(customer, sent.fresh_token)

    assert customer.get(url("invite_receipt", sent.fresh_token)).status_code == 303
    assert not ConsentReceipt.objects.exists()


def test_read_and_downloaded_right_after(sent: Invitation, customer: Client) -> None:
    prove(customer, sent.fresh_token)
    customer.post(url("invite_decide", sent.fresh_token))
    receipt = ConsentReceipt.objects.get()

    assert (
        url("invite_receipt", sent.fresh_token) in customer.get(url("invite_done", sent.fresh_token)).content.decode()
    )
    page = customer.get(url("invite_receipt", sent.fresh_token)).content.decode()
    assert UID in page
    assert receipt.digest in page
    file = customer.get(url("invite_receipt_file", sent.fresh_token))
    assert file["Content-Disposition"] == f'attachment; filename="receipt-{sent.reference}.html"'
    assert receipts.check(content=file.content).receipt == receipt


def test_the_link_alone_does_not_show_it(approved: Invitation, customer: Client) -> None:
    """Whoever was forwarded the mail holds the link, but never proved the account."""
    for name in ("invite_receipt", "invite_receipt_file"):
        response = customer.get(url(name, approved.fresh_token))
        assert (response.status_code, response["Location"]) == (303, reverse("linking:my_home"))
    assert DIGITS not in customer.get(url("invite_done", approved.fresh_token)).content.decode()


def test_anybody_with_the_file_or_the_fingerprint_can_check_it(approved: Invitation, customer: Client) -> None:
    receipt = approved.receipt
    told = check(customer, digest=f" {receipt.digest[:32].upper()} {receipt.digest[32:]} ")

    assert "This receipt is genuine" in told
    assert approved.masked_uid in told
    assert UID not in told
    body = SimpleUploadedFile("receipt.json", receipt.body.replace("\n", "\r\n").encode() + b"\r\n")
    assert "This receipt is genuine" in check(customer, file=body)


def test_one_changed_letter_is_no_receipt(
    approved: Invitation, acme_master: Persona, as_: Callable[[Persona], Client], customer: Client
) -> None:
    file = as_(acme_master).get(reverse("linking:invitation_receipt_file", args=[approved.pk])).content
    assert "genuine" in check(customer, file=SimpleUploadedFile("r.html", file))
    embedded = file.index(b"receipt-text")
    forged = file[:embedded] + file[embedded:].replace(b"1,500.00", b"9,500.00")
    assert forged != file

    assert "We know no such receipt" in check(customer, file=SimpleUploadedFile("r.html", forged))
    assert "We know no such receipt" in check(customer, digest="0" * 64)
    assert "We know no such receipt" in check(customer, file=SimpleUploadedFile("r.html", b"\xff\x00binary"))


def test_nothing_to_check_is_said(customer: Client, db: None) -> None:
    response = customer.post(reverse("linking:receipt_check"), {})

    assert response.status_code == 422
    assert "Choose the file, or paste its SHA-256." in response.content.decode()
    large = SimpleUploadedFile("large.html", b"x" * (1024 * 1024 + 1))
    assert customer.post(reverse("linking:receipt_check"), {"file": large}).status_code == 422


def test_checking_is_limited(approved: Invitation, customer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CHECKS_FROM_ADDRESS", Limit("few", 1, limits.QUARTER))
    check(customer, digest="0" * 64)

    response = customer.post(reverse("linking:receipt_check"), {"digest": approved.receipt.digest})

    assert response.status_code == 429
    assert "Retry-After" in response


def test_staff_read_their_own_customers_only(
    approved: Invitation,
    acme_readonly: Persona,
    outsider: Persona,
    as_: Callable[[Persona], Client],
) -> None:
    address = reverse("linking:invitation_receipt", args=[approved.pk])

    assert approved.receipt.digest in as_(acme_readonly).get(address).content.decode()
    assert as_(outsider).get(address).status_code == 404
    with pytest.raises(NotFound):
        receipts.get_receipt(outsider.actor, approved.pk)


def test_what_a_customer_types_stays_text_in_the_file(acme_manager: Persona, customer: Client) -> None:
    invitation = send(acme_manager, company="<script>alert(1)</script> & Co", note_to_customer="</pre><b>")
    prove(customer, invitation.fresh_token)
    customer.post(url("invite_decide", invitation.fresh_token))

    file = customer.get(url("invite_receipt_file", invitation.fresh_token)).content

    assert b"<script>" not in file
    assert receipts.check(content=file).receipt is not None


def test_approving_without_a_receipt_is_not_possible(sent: Invitation, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction: whatever keeps the receipt from being written keeps the approval from standing."""

    def broken(_invitation: Invitation) -> str:
        raise RuntimeError

    actor = services.customer_actor(sent)
    proof = services.prove(actor=actor, token=sent.fresh_token, digits=DIGITS)
    monkeypatch.setattr(consent, "meaning", broken)

    with pytest.raises(RuntimeError):
        services.approve(actor=actor, token=sent.fresh_token, proof=proof)
    sent.refresh_from_db()
    assert sent.approved_at is None
