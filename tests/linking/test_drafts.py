"""Drafts keep what is there, and are sent once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.urls import reverse
from post_office.models import Email

from linking import services
from linking.errors import AlreadyInvited, NotADraft
from linking.models import Invitation
from linking.states import InvitationState
from partner_console.audit.models import AuditEntry
from partner_console.errors import DomainError, Forbidden, Invalid, NotFound
from tests.linking.conftest import UID, send
from uids.errors import StaleVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

    type_of_door = Callable[[Persona], Client]

NEW = "/links/new/"
REST: dict[str, Any] = {"uid": UID, "email": "kaito@customer.example", "country": "JP", "quota": Decimal(100)}
FORM = {
    "environment": "production", "uid": UID, "company": "Kaito Trading", "email": "kaito@customer.example",
    "country": "JP", "language": "en", "quota": "1500", "warning_percent": "20", "shutdown_policy": "immediatelyStop",
    "purchase_control": "normal", "billing_expectation": "partner",
}  # fmt: skip


def edit_url(draft: Invitation) -> str:
    return reverse("linking:draft_edit", args=[draft.pk])


@pytest.fixture
def draft(acme_manager: Persona) -> Invitation:
    return services.save_draft(actor=acme_manager.actor, company="Kaito Trading")


def test_a_draft_keeps_what_is_there_and_asks_nobody(acme_manager: Persona, draft: Invitation) -> None:
    assert (draft.state, draft.company, draft.uid, draft.email) == (InvitationState.DRAFT, "Kaito Trading", "", "")
    assert draft.warning_percent == 20
    assert not Email.objects.exists()
    assert AuditEntry.objects.get().action == "linking.invitation.drafted"

    again = services.save_draft(
        actor=acme_manager.actor, invitation_pk=draft.pk, version=draft.version, uid="5113 7662 4860 1929"
    )

    assert (again.pk, again.uid, again.company) == (draft.pk, UID, "Kaito Trading")


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({}, "uid", "draft_empty"),
        ({"uid": "kaito"}, "uid", "uid_login_name"),
        ({"company": "K", "email": "no address"}, "email", "invalid"),
        ({"company": "K", "quota": Decimal(-1)}, "quota", "invalid"),
        ({"uid": UID, "learns_uid": True}, "uid", "uid_or_no_account"),
    ],
)
def test_what_is_wrong_is_no_draft(
    acme_manager: Persona, unchanged: Callable[[], bool], fields: dict[str, Any], field: str, code: str
) -> None:
    assert unchanged()

    with pytest.raises(Invalid) as refusal:
        services.save_draft(actor=acme_manager.actor, **fields)

    assert (refusal.value.field, refusal.value.code) == (field, code)
    assert unchanged()


def test_drafts_stand_in_nobodys_way_until_one_is_sent(acme_manager: Persona) -> None:
    actor = acme_manager.actor
    one, two = (services.save_draft(actor=actor, company="K", uid=UID) for _ in range(2))

    sent = services.send(actor=actor, invitation_pk=one.pk, **REST)

    assert sent.state == InvitationState.SENT
    assert f"/invite/{sent.fresh_token}/" in Email.objects.get().message
    with pytest.raises(AlreadyInvited):
        services.send(actor=actor, invitation_pk=two.pk, **REST)
    two.refresh_from_db()
    assert two.state == InvitationState.DRAFT


def test_a_draft_is_sent_once_and_complete(acme_manager: Persona, draft: Invitation) -> None:
    actor = acme_manager.actor
    with pytest.raises(Invalid) as refusal:
        services.send(actor=actor, invitation_pk=draft.pk)
    assert refusal.value.field == "uid"

    services.send(actor=actor, invitation_pk=draft.pk, **REST)

    for act in (services.send, services.save_draft):
        with pytest.raises(NotADraft):
            act(actor=actor, invitation_pk=draft.pk, company="Other")
    assert Email.objects.count() == 1


def test_a_colleagues_later_change_is_not_overwritten(acme_manager: Persona, draft: Invitation) -> None:
    actor, version = acme_manager.actor, draft.version
    services.save_draft(actor=actor, invitation_pk=draft.pk, version=version, company="Changed Ltd")

    for act in (services.save_draft, services.send):
        with pytest.raises(StaleVersion) as refusal:
            act(actor=actor, invitation_pk=draft.pk, version=version, **REST)
        assert refusal.value.data["theirs"]["company"] == "Changed Ltd"


def test_a_draft_is_deleted_by_withdrawing_it(acme_manager: Persona, draft: Invitation) -> None:
    services.withdraw(actor=acme_manager.actor, invitation_pk=draft.pk)

    draft.refresh_from_db()
    assert draft.state == InvitationState.WITHDRAWN
    with pytest.raises(DomainError):
        services.send(actor=acme_manager.actor, invitation_pk=draft.pk, **REST)


def test_only_those_who_may_invite_and_only_their_own(
    acme_readonly: Persona, outsider: Persona, draft: Invitation
) -> None:
    with pytest.raises(Forbidden):
        services.save_draft(actor=acme_readonly.actor, company="K")
    for act in (services.save_draft, services.send):
        with pytest.raises(NotFound):
            act(actor=outsider.actor, invitation_pk=draft.pk, company="K")


def test_the_page_keeps_a_draft_and_goes_on_with_it(acme_manager: Persona, as_: type_of_door) -> None:
    client = as_(acme_manager)

    kept = client.post(
        NEW, {"do": "draft", "environment": "sandbox", "company": "Kaito Trading", "note_to_customer": "Hi"}
    )

    draft = Invitation.objects.get()
    assert (kept.status_code, kept["Location"]) == (303, edit_url(draft))
    text = client.get(edit_url(draft)).content.decode()
    assert "Kaito Trading" in text
    assert "The draft is kept. Nothing was sent." in text
    assert "Hi</textarea>" in text
    assert reverse("linking:invitation_withdraw", args=[draft.pk]) in text
    assert "Kaito Trading" in client.get("/links/?state=draft").content.decode()

    sent = client.post(edit_url(draft), {**FORM, "do": "send", "version": draft.version})

    draft.refresh_from_db()
    assert sent["Location"] == reverse("linking:invitation_detail", args=[draft.pk])
    assert (draft.state, draft.environment) == (InvitationState.SENT, "production")
    assert client.get(edit_url(draft)).status_code == 409


def test_the_page_says_what_a_colleague_changed(acme_manager: Persona, as_: type_of_door, draft: Invitation) -> None:
    services.save_draft(actor=acme_manager.actor, invitation_pk=draft.pk, company="Changed Ltd")

    response = as_(acme_manager).post(edit_url(draft), {**FORM, "do": "send", "version": draft.version})

    text = response.content.decode()
    assert response.status_code == 422
    assert "Somebody changed this while you were editing" in text
    assert "Changed Ltd" in text, "what is kept now"
    assert "Kaito Trading" in text, "what was typed"
    assert not Email.objects.exists()


def test_without_an_account_the_customer_is_known_by_the_address(acme_manager: Persona) -> None:
    invitation = send(acme_manager, uid="", learns_uid=True)

    assert (invitation.state, invitation.uid, invitation.asks_code) == (InvitationState.SENT, "", True)
    mail = Email.objects.get()
    assert "open a cloud account" in mail.subject + mail.message
    assert "last 6 digits" not in mail.message
    with pytest.raises(AlreadyInvited) as refusal:
        send(acme_manager, uid="", learns_uid=True, email="KAITO@customer.example")
    assert (refusal.value.field, refusal.value.data["invitation"]) == ("email", invitation.pk)
    assert send(acme_manager, uid="", learns_uid=True, email="other@x.example").state == InvitationState.SENT


@pytest.mark.parametrize(
    "path",
    [f"{NEW}?from=%C2%B2", f"{NEW}?account=%C2%B2", "/knowledge/3016/edit/?invitation=%C2%B2"],
)
def test_what_is_a_digit_but_no_number_is_no_address(acme_master: Persona, as_: type_of_door, path: str) -> None:
    assert as_(acme_master).get(path).status_code == 200
