"""The second person of an invitation: when one is asked, what they see and type, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from post_office.models import Email

from linking import services
from linking.models import Invitation, InvitationMail, PermissionTemplate, TemplateVersion
from linking.services import checking
from partner_console.access.actor import system_actor
from partner_console.approvals import services as approvals
from partner_console.approvals.errors import EntryDiffers, NotWaiting
from partner_console.approvals.models import Approval
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Conflict
from tests.factories import make_account
from tests.linking.conftest import UID, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

LARGE = Decimal(10_000)


@pytest.fixture
def checked(acme_manager: Persona, acme_finance: Persona) -> Invitation:
    """An invitation of acme's manager that waits for a second person; finance may be it."""
    return send(acme_manager, quota=LARGE)


def template(persona: Persona, scopes: list[str]) -> int:
    """A permission template of the persona's partner with these scopes."""
    made = PermissionTemplate.objects.create(partner=persona.partner, name=" ".join(scopes))
    TemplateVersion.objects.create(template=made, number=1, scopes=scopes)
    return made.pk


def the_request() -> Approval:
    return Approval.objects.get()


def decide(persona: Persona, *, approve: bool = True, typed: str = UID, note: str = "") -> Approval:
    return approvals.decide(actor=persona.actor, approval_pk=the_request().pk, approve=approve, typed=typed, note=note)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"quota": Decimal("9999.99")}, "sent"),
        ({"quota": LARGE}, "awaiting_check"),
        ({"quota": LARGE, "environment": "sandbox"}, "sent"),
    ],
)
def test_the_amount_decides_who_sends(acme_manager: Persona, fields: dict[str, Any], expected: str) -> None:
    invitation = send(acme_manager, **fields)
    assert invitation.state == expected
    assert InvitationMail.objects.exists() == (expected == "sent")
    assert Approval.objects.exists() == (expected == "awaiting_check")


@pytest.mark.parametrize(
    ("scopes", "environment", "expected"),
    [
        (["view_bills", "view_resources"], "production", "sent"),
        (["view_bills", "buy"], "production", "awaiting_check"),
        (["view_bills", "buy"], "sandbox", "sent"),
    ],
)
def test_so_do_the_permissions(acme_manager: Persona, scopes: list[str], environment: str, expected: str) -> None:
    invitation = send(acme_manager, environment=environment, template_pk=template(acme_manager, scopes))
    assert invitation.state == expected
    assert InvitationMail.objects.exists() == (expected == "sent")
    assert Approval.objects.exists() == (expected == "awaiting_check")


def test_an_agency_s_invitation_is_checked_for_its_permissions_alone(agency_master: Persona) -> None:
    assert send(agency_master).state == "sent"
    buying = template(agency_master, ["view_bills", "buy"])
    assert send(agency_master, uid="5113766248601930", template_pk=buying).state == "awaiting_check"


def test_who_has_no_account_is_checked_by_their_address(
    acme_manager: Persona, acme_finance: Persona, as_: Callable[[Persona], Client]
) -> None:
    invitation = send(acme_manager, uid="", learns_uid=True, quota=LARGE)
    assert invitation.state == "awaiting_check"
    page = as_(acme_finance).get(f"/approvals/{the_request().pk}/").content.decode()
    assert "E-mail of the customer" in page
    assert "kaito@customer.example" not in page
    with pytest.raises(EntryDiffers):
        decide(acme_finance, typed="kaito@costumer.example")
    decide(acme_finance, typed="Kaito@Customer.example")
    invitation.refresh_from_db()
    assert invitation.state == "sent"


def test_the_request_tells_everything_but_the_uid(
    checked: Invitation, acme_finance: Persona, as_: Callable[[Persona], Client]
) -> None:
    approval = the_request()
    assert approval.blind_answer == UID
    assert UID not in f"{approval.subject_label} {approval.payload} {approval.reason} {approval.because}"
    for mail in Email.objects.all():
        assert UID not in mail.message + mail.html_message + mail.subject

    page = as_(acme_finance).get(f"/approvals/{approval.pk}/").content.decode()

    assert UID not in page
    assert UID[:-6] not in page, "not even the part that proves nothing"
    for fact in ("Kaito Trading", "kaito@customer.example", "10,000.00 USD", "Production", "Japan", "See bills"):
        assert fact in page
    assert "Your rules ask for a second person from 10,000.00 USD." in page
    assert UID not in as_(acme_finance).get("/approvals/").content.decode()


def test_the_right_uid_sends_it_in_the_first_person_s_name(checked: Invitation, acme_finance: Persona) -> None:
    decide(acme_finance)

    checked.refresh_from_db()
    assert checked.state == "sent"
    assert checked.created_by != acme_finance.user
    assert checked.expires_at is not None
    mail = InvitationMail.objects.get(invitation=checked)
    assert mail.to == "kaito@customer.example"
    told = set(AuditEntry.objects.filter(subject_type="linking.invitation").values_list("action", flat=True))
    assert {"linking.invitation.check_asked", "linking.invitation.sent"} <= told


def test_a_wrong_uid_shows_places_and_sends_nothing(
    checked: Invitation, acme_finance: Persona, as_: Callable[[Persona], Client]
) -> None:
    swapped = UID[:4] + UID[5] + UID[4] + UID[6:]
    with pytest.raises(EntryDiffers):
        decide(acme_finance, typed=swapped)

    answer = as_(acme_finance).post(
        f"/approvals/{the_request().pk}/decide/", {"decision": "approve", "typed": f"{UID[:-1]}0"}
    )

    assert answer.status_code == 422
    page = answer.content.decode()
    assert "<mark>0" in page
    assert UID not in page
    assert "You can try once more." in page
    checked.refresh_from_db()
    assert checked.state == "awaiting_check"
    assert not InvitationMail.objects.exists()


def test_rejected_it_is_withdrawn_and_can_be_asked_anew(
    checked: Invitation, acme_manager: Persona, acme_finance: Persona
) -> None:
    decide(acme_finance, approve=False, note="That is the old company")

    checked.refresh_from_db()
    assert (checked.state, checked.closed_at is not None) == ("withdrawn", True)
    entry = AuditEntry.objects.get(action="linking.invitation.withdrawn")
    assert entry.note == "That is the old company"
    assert not InvitationMail.objects.exists()
    assert send(acme_manager, quota=LARGE).state == "awaiting_check"


def test_nobody_in_time_withdraws_it(checked: Invitation) -> None:
    Approval.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert approvals.expire_due(actor=system_actor("expiry")) == 1
    checked.refresh_from_db()
    assert checked.state == "withdrawn"


def test_withdrawing_the_invitation_withdraws_the_request(
    checked: Invitation, acme_manager: Persona, acme_finance: Persona
) -> None:
    services.withdraw(actor=acme_manager.actor, invitation_pk=checked.pk, reason="Typed too early")
    checked.refresh_from_db()
    assert (checked.state, the_request().state) == ("withdrawn", "withdrawn")
    with pytest.raises(NotWaiting):
        decide(acme_finance)


def test_what_happened_meanwhile_stops_it(checked: Invitation, acme_finance: Persona) -> None:
    make_account(acme_finance.partner, UID)
    with pytest.raises(Conflict) as error:
        decide(acme_finance)
    assert error.value.code == "already_linked"
    checked.refresh_from_db()
    assert (checked.state, the_request().state) == ("awaiting_check", "waiting")


def test_the_page_says_what_stopped_it(
    checked: Invitation, acme_finance: Persona, as_: Callable[[Persona], Client]
) -> None:
    make_account(acme_finance.partner, UID)
    answer = as_(acme_finance).post(f"/approvals/{the_request().pk}/decide/", {"decision": "approve", "typed": UID})
    assert answer.status_code == 409
    assert "linked" in answer.content.decode()


def test_a_second_invitation_of_the_uid_is_refused_while_the_first_waits(
    checked: Invitation, acme_manager: Persona
) -> None:
    with pytest.raises(Conflict) as error:
        send(acme_manager)
    assert error.value.code == "already_invited"


def test_an_earlier_one_whose_time_is_over_does_not_stand_in_the_way(
    acme_manager: Persona, acme_finance: Persona
) -> None:
    earlier = send(acme_manager)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))

    later = send(acme_manager, quota=LARGE)

    earlier.refresh_from_db()
    assert (earlier.state, later.state) == ("expired", "awaiting_check")
    decide(acme_finance)
    earlier.refresh_from_db()
    assert earlier.state == "replaced"


def test_only_who_may_type_it_is_kept_blind(
    checked: Invitation, acme_manager: Persona, acme_finance: Persona, acme_readonly: Persona
) -> None:
    assert checking.is_blind_for(acme_finance.actor, checked)
    assert not checking.is_blind_for(acme_manager.actor, checked), "who typed it knows it"
    assert not checking.is_blind_for(acme_readonly.actor, checked)
    assert checking.approval_url(acme_finance.actor, checked) == f"/approvals/{the_request().pk}/"
    decide(acme_finance)
    checked.refresh_from_db()
    assert not checking.is_blind_for(acme_finance.actor, checked)
    assert checking.approval_url(acme_finance.actor, checked) == ""


def test_a_partner_that_never_asks_sends_at_once(acme_master: Persona) -> None:
    approvals.set_rule(actor=acme_master.actor, action=Action.LINK_INVITED, version=0, when=When.NEVER)
    assert send(acme_master, quota=Decimal(900_000)).state == "sent"
