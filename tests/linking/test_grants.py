"""What the customer agreed to: in force with the link, taken back, ended, reduced, and told to the cloud."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.utils import timezone, translation
from post_office.models import Email

from linking import consent as consent_words
from linking import services, tasks
from linking.contacts import contact_actor
from linking.errors import NoGrant
from linking.models import Grant, LinkCheck
from linking.services import ending, templates
from linking.services.granting import first_reminder_passed
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from partner_console.errors import Forbidden, Invalid, NotFound
from tests.factories import make_account
from tests.linking.conftest import consent, send
from uids.states import Relationship

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from linking.models import Invitation
    from tests.personas import Persona
    from uids.models import LinkedAccount

WORKER = system_actor("test worker")
MANAGING = ["view_bills", "view_resources", "manage_resources"]
CUSTOMER = "kaito@customer.example"


def orders() -> list[list[str]]:
    """What the cloud was told about permissions, oldest first."""
    sent = CloudCommand.objects.filter(operation="set_permissions").order_by("pk")
    return [payload["scopes"] for payload in sent.values_list("payload", flat=True)]


def actions() -> list[str]:
    return list(
        AuditEntry.objects.filter(action__startswith="linking.grant").order_by("pk").values_list("action", flat=True)
    )


def link(persona: Persona, scopes: list[str], *, days: int | None = None) -> Invitation:
    """Invited with a template of these scopes, approved, linked."""
    owner = system_actor("test", partner=persona.partner)
    template = templates.create_template(actor=owner, name=f"{scopes} {days}", scopes=scopes, days=days)
    version = templates.current_version(template)
    invitation = send(persona)
    type(invitation).objects.filter(pk=invitation.pk).update(template_version=version, scopes=version.scopes)
    consent(invitation)
    tasks.push_link(invitation.pk)
    invitation.refresh_from_db()
    return invitation


@pytest.fixture
def managed(acme_manager: Persona) -> LinkedAccount:
    """A linked account whose customer allowed to manage resources, for a year."""
    account = link(acme_manager, MANAGING, days=365).account
    assert account is not None
    return account


def in_force(account: LinkedAccount) -> Grant:
    return Grant.objects.get(account=account, ended_at__isnull=True)


def test_the_link_brings_what_was_agreed_and_tells_the_cloud(managed: LinkedAccount) -> None:
    grant = in_force(managed)

    assert (grant.scopes, grant.withdrawn) == (MANAGING, [])
    assert grant.ends_at == grant.granted_at + timedelta(days=365)
    assert orders() == [MANAGING]
    assert actions() == ["linking.grant.given"]


def test_an_invitation_that_asks_nothing_grants_the_least(sent: Invitation) -> None:
    consent(sent)
    tasks.push_link(sent.pk)
    sent.refresh_from_db()

    assert sent.account is not None
    assert (in_force(sent.account).scopes, in_force(sent.account).ends_at) == (["view_bills"], None)


def test_granting_again_returns_what_is_in_force(managed: LinkedAccount, acme_manager: Persona) -> None:
    invitation = managed.invitations.get()

    again = services.grant(actor=acme_manager.actor, account=managed, invitation=invitation)

    assert again.pk == in_force(managed).pk
    assert orders() == [MANAGING]


def test_the_customer_takes_back_what_is_optional(managed: LinkedAccount) -> None:
    customer = contact_actor(CUSTOMER)

    for _click in range(2):
        services.withdraw_scopes(actor=customer, account_pk=managed.pk, scopes=["view_resources"])

    grant = in_force(managed)
    assert grant.scopes == ["view_bills"], "who may not see may not manage"
    assert grant.withdrawn == ["view_resources", "manage_resources"]
    assert orders() == [MANAGING, ["view_bills"]]
    assert actions() == ["linking.grant.given", "linking.grant.withdrawn"]
    check = LinkCheck.objects.get(account=managed, kind="permissions")
    assert check.next_at is not None
    assert check.next_at > timezone.now() + timedelta(minutes=1), "the order needs a moment to arrive"


@pytest.mark.parametrize(
    ("scopes", "refusal"),
    [(["view_bills"], Invalid), ([], Invalid), (["fly"], Invalid)],
    ids=["required", "none", "unknown"],
)
def test_what_cannot_be_taken_back_is_refused(
    managed: LinkedAccount, scopes: list[str], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        services.withdraw_scopes(actor=contact_actor(CUSTOMER), account_pk=managed.pk, scopes=scopes)

    assert in_force(managed).scopes == MANAGING
    assert orders() == [MANAGING]


def test_only_the_customer_takes_back(managed: LinkedAccount, acme_master: Persona, outsider: Persona) -> None:
    for actor, refusal in (
        (acme_master.actor, Forbidden),
        (outsider.actor, Forbidden),
        (contact_actor("somebody@else.example"), NotFound),
    ):
        with pytest.raises(refusal):
            services.withdraw_scopes(actor=actor, account_pk=managed.pk, scopes=["view_resources"])

    assert in_force(managed).scopes == MANAGING


def test_an_account_without_a_grant_has_nothing_to_take_back(acme_master: Persona) -> None:
    imported = make_account(acme_master.partner, email=CUSTOMER)

    with pytest.raises(NoGrant):
        services.withdraw_scopes(actor=contact_actor(CUSTOMER), account_pk=imported.pk, scopes=["buy"])
    with pytest.raises(NoGrant):
        services.repeat_order(actor=acme_master.actor, account_pk=imported.pk)


def test_when_the_time_is_over_only_the_required_remains(managed: LinkedAccount) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=365, minutes=1), tick=False):
        assert ending.end_due(actor=WORKER) == 1
        assert ending.end_due(actor=WORKER) == 0, "a second worker finds nothing"

    grant = in_force(managed)
    assert (grant.scopes, grant.ends_at, grant.template_version) == (["view_bills"], None, None)
    assert orders() == [MANAGING, ["view_bills"]]
    assert actions()[-1] == "linking.grant.ended"
    assert Grant.objects.filter(account=managed).count() == 2


def test_the_customer_is_told_in_their_language_what_ended(managed: LinkedAccount) -> None:
    type(managed).objects.filter(pk=managed.pk).update(email=CUSTOMER)
    managed.invitations.update(language="ja")
    Email.objects.all().delete()

    with time_machine.travel(timezone.now() + timedelta(days=365, minutes=1), tick=False):
        assert [ending.end_due(actor=WORKER) for _twice in range(2)] == [1, 0]

    mail = Email.objects.get()
    assert mail.to == [CUSTOMER]
    assert managed.uid in mail.subject
    with translation.override("ja"):
        gone, left = consent_words.may(["view_resources", "manage_resources"]), consent_words.may(["view_bills"])
    assert all(text in mail.message and text in mail.html_message for text in (*gone, *left))
    assert "/my/" in mail.message


def test_who_loses_nothing_or_has_no_address_is_not_written_to(acme_master: Persona) -> None:
    past = timezone.now() - timedelta(days=2)
    for email, scopes in (("", MANAGING), (CUSTOMER, ["view_bills"])):
        account = make_account(acme_master.partner, email=email)
        Grant.objects.create(account=account, scopes=scopes, granted_at=past, ends_at=past + timedelta(days=1))

    assert ending.end_due(actor=WORKER) == 2
    assert not Email.objects.exists()


def test_nothing_ends_a_minute_early(managed: LinkedAccount) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=364, hours=23), tick=False):
        assert ending.end_due(actor=WORKER) == 0


def test_an_ended_link_gets_no_grant_after_it(managed: LinkedAccount, acme_manager: Persona) -> None:
    for _again in range(2):
        services.close_grant(actor=system_actor("termination"), account_pk=managed.pk)

    assert not Grant.objects.filter(account=managed, ended_at__isnull=True).exists()
    assert not LinkCheck.objects.filter(account=managed, next_at__isnull=False).exists()
    assert actions() == ["linking.grant.given", "linking.grant.ended"]


def test_a_grant_of_an_account_that_is_gone_just_ends(managed: LinkedAccount) -> None:
    type(managed).objects.filter(pk=managed.pk).update(relationship=Relationship.TERMINATED)

    with time_machine.travel(timezone.now() + timedelta(days=366), tick=False):
        ending.end_due(actor=WORKER)

    assert not Grant.objects.filter(account=managed, ended_at__isnull=True).exists()
    assert orders() == [MANAGING]


def test_reminders_come_at_30_7_and_1_days_once_each(managed: LinkedAccount) -> None:
    start = timezone.now()
    told: list[int] = []
    for day in range(300, 366):
        with time_machine.travel(start + timedelta(days=day), tick=False):
            tasks.remind_grants()
            tasks.remind_grants()
        told += [day] * (
            Email.objects.filter(headers__contains={"X-Console-Mail": "grants_ending"}).count() - len(told)
        )

    assert told == [335, 358, 364]
    mail = Email.objects.filter(headers__contains={"X-Console-Mail": "grants_ending"}).latest("pk")
    assert mail.to == ["alerts@acme.example"]
    assert managed.uid in mail.message
    assert f"/uids/{managed.uid}/permissions/" in mail.message


def test_after_an_outage_only_the_nearest_reminder_comes(managed: LinkedAccount) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=364, hours=12), tick=False):
        tasks.remind_grants()

    mails = Email.objects.filter(headers__contains={"X-Console-Mail": "grants_ending"})
    assert [mail.subject for mail in mails] == ["1 customer's permissions end within 1 days"]


def test_one_mail_names_all_customers_of_a_partner(acme_manager: Persona, outsider: Persona) -> None:
    now = timezone.now()
    for persona, number in ((acme_manager, 3), (outsider, 1)):
        for _one in range(number):
            account = make_account(persona.partner)
            Grant.objects.create(account=account, scopes=MANAGING, ends_at=now + timedelta(days=6))

    assert ending.remind_due(actor=WORKER) == 4

    mails = {mail.to[0]: mail.subject for mail in Email.objects.all()}
    assert mails["alerts@acme.example"].startswith("3 customers")
    assert mails["owner@globex.example"].startswith("1 customer"), "owners, where nobody is named for alerts"


@pytest.mark.parametrize(("days", "passed"), [(None, None), (365, None), (30, 30), (10, 30), (7, 7), (2, 7), (1, 1)])
def test_a_short_grant_is_not_reminded_at_once(days: int | None, passed: int | None) -> None:
    assert first_reminder_passed(days) == passed


def test_sending_again_repeats_the_whole_set(managed: LinkedAccount, acme_manager: Persona) -> None:
    services.repeat_order(actor=acme_manager.actor, account_pk=managed.pk)

    assert orders() == [MANAGING, MANAGING]
    assert CloudCommand.objects.filter(operation="set_permissions", state="superseded").count() == 1


def test_who_may_not_invite_sends_nothing(managed: LinkedAccount, acme_readonly: Persona, outsider: Persona) -> None:
    with pytest.raises(Forbidden):
        services.repeat_order(actor=acme_readonly.actor, account_pk=managed.pk)
    with pytest.raises(NotFound):
        services.repeat_order(actor=outsider.actor, account_pk=managed.pk)

    assert orders() == [MANAGING]


def test_ends_are_set_based(acme_master: Persona, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    past = timezone.now() - timedelta(days=2)
    for _one in range(30):
        account = make_account(acme_master.partner)
        Grant.objects.create(account=account, scopes=MANAGING, granted_at=past, ends_at=past + timedelta(days=1))

    with django_assert_max_num_queries(12):
        assert ending.end_due(actor=WORKER) == 30

    assert len(orders()) == 30
