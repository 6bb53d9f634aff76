"""Staff invites, sends again and takes back."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.utils import timezone
from post_office.models import Email

from linking import services
from linking.errors import AlreadyInvited, BeingLinked, NothingToResend, TooManyMails
from linking.models import Invitation, InvitationToken
from linking.states import InvitationState
from linking.tokens import digest
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.errors import DomainError, Forbidden, Invalid, NotFound
from tests.factories import make_account
from tests.linking.conftest import UID, send
from uids.errors import AlreadyLinked
from uids.states import AccountType, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_console.access.models import Partner
    from tests.personas import Persona


def test_an_invitation_is_sent_with_its_link_only_in_the_mail(acme_manager: Persona) -> None:
    invitation = send(
        acme_manager, uid=" 5113-7662-4860-1929 ", shutdown_policy=ShutdownPolicy.NO_STOP, purpose="Onboarding"
    )

    assert (invitation.uid, invitation.state) == (UID, InvitationState.SENT)
    assert invitation.sent_at is not None
    assert invitation.expires_at == invitation.sent_at + timedelta(days=15)
    mail = Email.objects.get()
    assert mail.to == ["kaito@customer.example"]
    assert f"/invite/{invitation.fresh_token}/" in mail.message
    assert f"/invite/{invitation.fresh_token}/" in mail.html_message
    assert UID[-6:] not in mail.message + mail.html_message, "the mail must not give away what proves the account"
    assert InvitationToken.objects.get().digest == digest(invitation.fresh_token)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_label, entry.subject_pk) == (
        "linking.invitation.sent", "manager@acme.example", invitation.pk,
    )  # fmt: skip
    assert entry.changes["quota"] == [None, "1500.00"]
    assert invitation.fresh_token not in str(entry.changes)


def test_the_link_has_at_least_128_random_bits(acme_manager: Persona) -> None:
    tokens = {send(acme_manager, uid=f"51137662486019{n}", email=f"c{n}@x.example").fresh_token for n in (10, 11)}

    assert len(tokens) == 2
    assert all(len(token) >= 22 for token in tokens), "22 characters of base64 are 128 bits"


def test_the_threshold_comes_from_the_partner_when_not_given(acme_manager: Persona) -> None:
    assert send(acme_manager).warning_percent == 20
    assert send(acme_manager, uid="5113766248601930", warning_percent=35, email="b@x.example").warning_percent == 35


def test_the_mail_speaks_the_customers_language(acme_manager: Persona) -> None:
    invitation = send(acme_manager, language="ja")

    assert invitation.language == "ja"
    assert 'lang="ja"' in Email.objects.get().html_message


REFUSALS: list[tuple[dict[str, Any], type[DomainError], str, str]] = [
    ({"uid": "kaito@alibaba.example"}, Invalid, "uid", "uid_email"),
    ({"uid": "kaito-trading"}, Invalid, "uid", "uid_login_name"),
    ({"uid": ""}, Invalid, "uid", "uid_missing"),
    ({"email": "not an address"}, Invalid, "email", "invalid"),
    ({"company": ""}, Invalid, "company", "invalid"),
    ({"company": "商" * 51}, Invalid, "company", "invalid"),
    ({"quota": None}, Invalid, "quota", "quota_missing"),
    ({"quota": Decimal(-1)}, Invalid, "quota", "invalid"),
    ({"warning_percent": 0}, Invalid, "warning_percent", "invalid"),
    ({"account_type": AccountType.AGENCY_END_USER}, Invalid, "account_type", "account_type_not_invitable"),
    ({"account_type": AccountType.T2_RESELLER}, Invalid, "account_type", "account_type_not_invitable"),
]


@pytest.mark.parametrize(("fields", "error", "field", "code"), REFUSALS)
def test_what_cannot_be_asked_is_refused_and_changes_nothing(
    acme_manager: Persona,
    unchanged: Callable[[], bool],
    fields: dict[str, Any],
    error: type[DomainError],
    field: str,
    code: str,
) -> None:
    assert unchanged()

    with pytest.raises(error) as refusal:
        send(acme_manager, **fields)

    assert (refusal.value.field, refusal.value.code) == (field, code)
    assert unchanged()


def test_only_countries_of_the_contract(acme: Partner, acme_manager: Persona) -> None:
    acme.contract_countries = ["SG", "JP"]
    acme.save()

    with pytest.raises(Invalid) as refusal:
        send(acme_manager, country="FR")

    assert refusal.value.field == "country"
    assert "SG, JP" in str(refusal.value)
    assert send(acme_manager, country="jp").country == "JP"


def test_viewers_and_finance_may_not_invite(
    acme_readonly: Persona, acme_finance: Persona, unchanged: Callable[[], bool]
) -> None:
    assert unchanged()
    for persona in (acme_readonly, acme_finance):
        with pytest.raises(Forbidden):
            send(persona)
    assert unchanged()


def test_an_account_linked_here_or_elsewhere_is_refused_without_saying_by_whom(
    acme: Partner, acme_manager: Persona, outsider: Persona
) -> None:
    make_account(acme, UID)

    with pytest.raises(AlreadyLinked) as here:
        send(acme_manager)
    with pytest.raises(AlreadyLinked) as elsewhere:
        send(outsider)

    assert "to you" in str(here.value)
    assert "Acme" not in str(elsewhere.value)
    assert not Invitation.objects.exists()


def test_one_open_invitation_per_uid_and_partner(sent: Invitation, acme_manager: Persona, outsider: Persona) -> None:
    with pytest.raises(AlreadyInvited) as refusal:
        send(acme_manager)

    assert refusal.value.data["invitation"] == sent.pk
    assert send(outsider).state == InvitationState.SENT, "another partner may ask the same customer"


def test_inviting_anew_replaces_an_expired_invitation(acme_manager: Persona) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=16), tick=False):
        old = send(acme_manager)

    new = send(acme_manager)

    old.refresh_from_db()
    assert old.state == InvitationState.REPLACED
    assert new.state == InvitationState.SENT
    assert InvitationToken.objects.filter(retired_at__isnull=True).count() == 1


def test_an_agencys_invitation_carries_no_money(agency_master: Persona) -> None:
    invitation = send(agency_master)

    assert (invitation.quota, invitation.warning_percent) == (None, None)
    assert invitation.account_type == AccountType.AGENCY_END_USER
    for fields in (
        {"quota": Decimal(1)},
        {"warning_percent": 20},
        {"purchase_control": PurchaseControl.BAN},
        {"shutdown_policy": ShutdownPolicy.NO_STOP},
        {"business_manager": "Mei"},
    ):
        with pytest.raises(Invalid) as refusal:
            send(agency_master, uid="5113766248601930", **fields)
        assert refusal.value.field in fields


def test_a_distributor_may_invite_a_second_tier_reseller(distributor_master: Persona) -> None:
    assert send(distributor_master, account_type=AccountType.T2_RESELLER).account_type == AccountType.T2_RESELLER


def test_sending_again_rotates_the_link_and_starts_the_time_anew(sent: Invitation, acme_manager: Persona) -> None:
    first_token, first_end = sent.fresh_token, sent.expires_at

    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        again = services.resend(actor=acme_manager.actor, invitation_pk=sent.pk)

    assert again.fresh_token != first_token
    assert again.expires_at is not None
    assert first_end is not None
    assert again.expires_at > first_end + timedelta(days=1)
    current = InvitationToken.objects.get(retired_at__isnull=True)
    assert current.digest == digest(again.fresh_token)
    assert Email.objects.count() == 2
    assert AuditEntry.objects.filter(action="linking.invitation.resent").count() == 1


def test_what_is_not_with_the_customer_is_not_sent_again(
    sent: Invitation, acme_manager: Persona, unchanged: Callable[[], bool]
) -> None:
    services.withdraw(actor=acme_manager.actor, invitation_pk=sent.pk)
    assert unchanged()

    with pytest.raises(NothingToResend):
        services.resend(actor=acme_manager.actor, invitation_pk=sent.pk)

    assert unchanged()


def test_withdrawing_says_why_and_happens_once(sent: Invitation, acme_manager: Persona) -> None:
    services.withdraw(actor=acme_manager.actor, invitation_pk=sent.pk, reason="Wrong customer")

    sent.refresh_from_db()
    assert sent.state == InvitationState.WITHDRAWN
    assert AuditEntry.objects.get(action="linking.invitation.withdrawn").note == "Wrong customer"
    with pytest.raises(DomainError, match="cannot become"):
        services.withdraw(actor=acme_manager.actor, invitation_pk=sent.pk)


def test_an_approved_invitation_is_withdrawn_only_before_the_cloud_is_asked(
    approved: Invitation, acme_manager: Persona
) -> None:
    Invitation.objects.filter(pk=approved.pk).update(attempts=1)

    with pytest.raises(BeingLinked):
        services.withdraw(actor=acme_manager.actor, invitation_pk=approved.pk)

    Invitation.objects.filter(pk=approved.pk).update(attempts=0)
    assert services.withdraw(actor=acme_manager.actor, invitation_pk=approved.pk).state == InvitationState.WITHDRAWN


def test_another_partners_invitation_does_not_exist(sent: Invitation, outsider: Persona) -> None:
    for act in (services.resend, services.withdraw, services.retry):
        with pytest.raises(NotFound):
            act(actor=outsider.actor, invitation_pk=sent.pk)


def test_a_customers_mailbox_gets_three_invitations_a_day(sent: Invitation, acme_manager: Persona) -> None:
    for _ in range(2):
        services.resend(actor=acme_manager.actor, invitation_pk=sent.pk)

    with pytest.raises(TooManyMails, match=r"kaito@customer\.example"):
        services.resend(actor=acme_manager.actor, invitation_pk=sent.pk)
    with time_machine.travel(timezone.now() + timedelta(days=1, minutes=1), tick=False):
        services.resend(actor=acme_manager.actor, invitation_pk=sent.pk)


def test_ten_mails_in_five_minutes_per_partner_but_programs_pace_themselves(
    acme: Partner, acme_manager: Persona
) -> None:
    for number in range(10):
        send(acme_manager, uid=str(5113766248601930 + number), email=f"c{number}@x.example")

    with pytest.raises(TooManyMails, match="10 invitations"):
        send(acme_manager, uid="5113766248601990", email="late@x.example")
    services.invite(
        actor=system_actor("demo", partner=acme),
        uid="5113766248601991",
        email="p@x.example",
        company="P",
        quota=Decimal(0),
    )
