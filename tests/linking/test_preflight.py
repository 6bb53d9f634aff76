"""The eligibility sheet: what is known, what nobody can know yet, what blocks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.utils import timezone

from linking import services
from linking.eligibility import Finding, Kind, level
from linking.models import Invitation, Termination
from linking.services.preflight import preflight
from linking.states import DeclineReason, Side, TerminationState
from tests.factories import make_account
from tests.linking.conftest import UID, send
from uids.states import AccountType, Relationship
from uids.verdicts import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

    type_of_door = Callable[[Persona], Client]

TYPED = {"uid": UID, "email": "kaito@customer.example", "country": "JP", "environment": "production"}


def sheet(persona: Persona, **typed: Any) -> dict[str, Finding]:
    return {one.code: one for one in preflight(persona.actor, {**TYPED, **typed})}


def test_a_clean_customer_has_nothing_in_the_way(acme_manager: Persona) -> None:
    found = sheet(acme_manager)

    assert level(list(found.values())) is Level.OK
    assert found["uid_free"].kind is Kind.KNOWN
    assert found["at_the_cloud"].kind is Kind.UNKNOWN
    assert "3 to this address" in found["mails_left"].reason
    assert all(one.fix for one in found.values() if one.kind is not Kind.KNOWN), "what is open says what to do"


@pytest.mark.parametrize(
    ("typed", "code", "kind"),
    [
        ({"uid": "kaito"}, "uid_login_name", Kind.BLOCKED),
        ({"uid": "k@x.example"}, "uid_email", Kind.BLOCKED),
        ({"uid": ""}, "uid_missing", Kind.UNKNOWN),
        ({"uid": "488428979676"}, "uid_twelve_digits", Kind.UNKNOWN),
        ({"email": ""}, "email_missing", Kind.UNKNOWN),
        ({"email": "kaito"}, "email_invalid", Kind.BLOCKED),
        ({"account_type": AccountType.T2_RESELLER}, "account_type_not_invitable", Kind.BLOCKED),
        ({"learns_uid": True}, "uid_learned", Kind.UNKNOWN),
        ({"environment": "sandbox"}, "sandbox", Kind.KNOWN),
    ],
)
def test_each_line_says_what_is_typed(acme_manager: Persona, typed: dict[str, Any], code: str, kind: Kind) -> None:
    assert sheet(acme_manager, **typed)[code].kind is kind


def test_who_has_the_uid_blocks_without_naming_another_partner(
    acme: Partner, acme_manager: Persona, outsider: Persona
) -> None:
    make_account(acme, UID, nickname="Known Ltd")

    assert sheet(acme_manager)["uid_already_linked"].kind is Kind.BLOCKED
    elsewhere = sheet(outsider)["uid_already_linked"]
    assert elsewhere.kind is Kind.BLOCKED
    assert "elsewhere" in elsewhere.reason
    assert "Acme" not in elsewhere.reason + elsewhere.fix
    near = sheet(acme_manager, uid=UID[:-1] + "8")["uid_lookalike"]
    assert (near.kind, near.asks_look) == (Kind.UNKNOWN, True)
    assert sheet(acme_manager, uid=acme.master_uid)["own_account"].kind is Kind.BLOCKED


def test_open_invitations_block_and_drafts_do_not(acme_manager: Persona) -> None:
    draft = services.save_draft(actor=acme_manager.actor, company="K", uid=UID)
    found = sheet(acme_manager)
    assert found["drafts"].kind is Kind.KNOWN
    own = preflight(acme_manager.actor, TYPED, draft_pk=draft.pk)
    assert "drafts" not in {one.code for one in own}

    send(acme_manager)
    send(acme_manager, uid="", learns_uid=True)

    assert sheet(acme_manager)["already_invited"].kind is Kind.BLOCKED
    assert sheet(acme_manager, uid="", learns_uid=True)["already_invited"].field == "email"


def test_the_contract_decides_about_countries(acme: Partner, acme_manager: Persona) -> None:
    assert sheet(acme_manager)["contract_open"].kind is Kind.KNOWN
    acme.contract_countries = ["SG"]
    acme.save()

    outside = sheet(acme_manager)["country_outside_contract"]

    assert outside.kind is Kind.BLOCKED
    assert "Japan" in outside.reason
    assert "cross-region" in outside.fix
    assert sheet(acme_manager, country="SG")["country_covered"].kind is Kind.KNOWN
    assert sheet(acme_manager, country="")["country_missing"].kind is Kind.UNKNOWN


def test_an_earlier_no_wants_a_look(acme_manager: Persona) -> None:
    invitation = send(acme_manager)
    services.decline(
        actor=services.customer_actor(invitation), token=invitation.fresh_token, code=DeclineReason.TERMS, reason=""
    )

    found = sheet(acme_manager)

    assert found["declined_before"].asks_look
    assert str(DeclineReason.TERMS.label) in found["declined_before"].reason
    assert level(list(found.values())) is Level.WARN


def test_a_link_that_ended_just_now_wants_a_look(acme: Partner, acme_manager: Persona) -> None:
    account = make_account(acme, UID, relationship=Relationship.TERMINATED)
    assert sheet(acme_manager)["linked_before"].kind is Kind.KNOWN
    now = timezone.now()
    Termination.objects.create(
        account=account, side=Side.PARTNER, reason="moved", state=TerminationState.TERMINATED,
        answer_due_at=now, ended_at=now - timedelta(days=2),
    )  # fmt: skip

    assert sheet(acme_manager)["unlinked_recently"].asks_look
    with time_machine.travel(now + timedelta(days=20), tick=False):
        assert "unlinked_recently" not in sheet(acme_manager)


def test_mails_that_would_be_too_many_block(acme_manager: Persona) -> None:
    invitation = send(acme_manager)
    for _ in range(2):
        services.resend(actor=acme_manager.actor, invitation_pk=invitation.pk)

    assert sheet(acme_manager, uid="5113766248609999")["too_many_mails"].kind is Kind.BLOCKED
    assert "mails_left" in sheet(acme_manager, uid="5113766248609999", email="other@x.example")


def test_a_second_person_is_announced(acme_manager: Persona) -> None:
    assert "second_person" not in sheet(acme_manager, quota=9999)
    assert sheet(acme_manager, quota=10_000)["second_person"].kind is Kind.KNOWN
    assert "second_person" not in sheet(acme_manager, quota=10_000, environment="sandbox")


def test_reading_the_sheet_writes_nothing(acme_manager: Persona, unchanged: Callable[[], bool]) -> None:
    assert unchanged()
    sheet(acme_manager)
    assert unchanged()


def test_the_page_shows_the_sheet_and_asks_for_a_look(acme: Partner, acme_manager: Persona, as_: type_of_door) -> None:
    make_account(acme, UID[:-1] + "8", nickname="Known Ltd")
    client = as_(acme_manager)
    form = {
        **TYPED, "company": "Kaito", "language": "en", "quota": "10", "warning_percent": "20",
        "shutdown_policy": "immediatelyStop", "purchase_control": "normal",
    }  # fmt: skip

    fragment = client.post("/links/new/sheet/", form, headers={"HX-Request": "true"}).content.decode()
    assert "Lookalike of a linked UID." in fragment
    assert "1 point to look at before you send." in fragment
    assert "<html" not in fragment
    assert client.post("/links/new/", form).status_code == 422
    assert not Invitation.objects.exists()
    for_another = f"{UID[:-1]}7 uid_lookalike"
    assert client.post("/links/new/", {**form, "looked": for_another}).status_code == 422

    sent = client.post("/links/new/", {**form, "looked": f"{UID} uid_lookalike"})

    assert sent.status_code == 303
    assert Invitation.objects.get().uid == UID


def test_the_page_previews_permissions_and_mail(acme_manager: Persona, as_: type_of_door) -> None:
    client = as_(acme_manager)
    typed = {**TYPED, "language": "ja", "note_to_customer": "<b>See you</b>"}

    fragment = client.post("/links/new/sheet/", typed).content.decode()
    mail = client.post("/links/new/mail/", typed)

    assert "Who can do what afterwards" in fragment
    assert "See bills" in fragment
    assert 'lang="ja"' in fragment
    assert UID[-6:] not in fragment.split("mail-text")[1], "the mail never shows what proves the account"
    assert "default-src 'none'" in mail["Content-Security-Policy"]
    assert "&lt;b&gt;See you&lt;/b&gt;" in mail.content.decode()


def test_the_next_invitation_begins_as_the_last_one(acme_manager: Persona, as_: type_of_door) -> None:
    send(acme_manager, quota=777, warning_percent=35, language="ja", environment="sandbox", purchase_control="ban")

    form = as_(acme_manager).get("/links/new/").context["form"]

    first = {name: form[name].value() for name in ("quota", "warning_percent", "environment", "purchase_control")}
    assert (int(first["quota"]), first["warning_percent"]) == (777, 35)
    assert first["environment"] == "production", "never silently a sandbox, never silently production of a test"
    assert first["purchase_control"] in (None, "normal"), "a ban would go on unseen"


def test_a_second_tier_reseller_is_asked_for_the_bills_alone(distributor_master: Persona, as_: type_of_door) -> None:
    assert sheet(distributor_master, account_type=AccountType.T2_RESELLER)["account_type"].kind is Kind.KNOWN
    assert 'name="account_type"' in as_(distributor_master).get("/links/new/").content.decode()

    invitation = send(distributor_master, account_type=AccountType.T2_RESELLER)

    assert (invitation.scopes, invitation.template_version) == (["view_bills"], None)
