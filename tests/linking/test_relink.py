"""An ended link taken up again: what it had is proposed, what would differ is shown."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from post_office.models import Email

from linking import services, tasks
from linking.errors import LinkEnded
from linking.models import Grant, Invitation, PermissionTemplate, TemplateVersion
from linking.scopes import complete
from linking.services.relinking import changes, earlier_link, earlier_of
from linking.states import InvitationState
from partner_console.cloud.simulated.models import SimLink
from partner_console.errors import NotFound
from quota.models import CreditAccount
from tests.factories import make_account
from tests.linking.conftest import UID, consent, send
from uids.models import LinkedAccount
from uids.states import PurchaseControl, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

    type_of_door = Callable[[Persona], Client]


@pytest.fixture
def ended(acme: Partner) -> LinkedAccount:
    """A link that ended, with all it had."""
    account = make_account(
        acme, UID, nickname="Kaito Trading", email="kaito@customer.example", country="JP", quota=Decimal(5000),
        shutdown_policy=ShutdownPolicy.NO_STOP, business_manager="Mei Lin", remarks="Pays late",
    )  # fmt: skip
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)
    account.refresh_from_db()
    return account


@pytest.fixture
def granted(acme: Partner, ended: LinkedAccount) -> TemplateVersion:
    template = PermissionTemplate.objects.create(partner=acme, name="Full service")
    version = TemplateVersion.objects.create(template=template, number=1, scopes=complete(["buy"]))
    Grant.objects.create(account=ended, template_version=version, scopes=version.scopes)
    return version


def test_what_an_ended_link_had_is_known(
    acme_manager: Persona, outsider: Persona, ended: LinkedAccount, granted: TemplateVersion
) -> None:
    earlier = earlier_link(acme_manager.actor, UID)

    assert earlier is not None
    assert earlier.account == ended
    assert (earlier.settings["quota"], earlier.settings["shutdown_policy"]) == (Decimal(5000), "noStop")
    assert (earlier.scopes, earlier.template_pk) == (["view_bills", "buy"], granted.template_id)
    assert earlier_link(outsider.actor, UID) is None
    with pytest.raises(NotFound):
        earlier_of(outsider.actor, ended.pk)


def test_a_live_link_is_no_earlier_one(acme: Partner, acme_manager: Persona, ended: LinkedAccount) -> None:
    make_account(acme, UID)

    assert earlier_link(acme_manager.actor, UID) is None


def test_only_what_differs_is_a_change(acme_manager: Persona, ended: LinkedAccount) -> None:
    earlier = earlier_link(acme_manager.actor, UID)
    assert earlier is not None

    same = changes(earlier, {**earlier.settings, "scopes": earlier.scopes})
    other = changes(earlier, {**earlier.settings, "quota": Decimal(100), "scopes": complete(["buy"])})

    assert same == []
    assert [(one.field, one.then, one.now) for one in other] == [
        ("quota", Decimal(5000), Decimal(100)),
        ("scopes", ["view_bills"], ["view_bills", "buy"]),
    ]


def test_the_page_proposes_and_compares(
    acme_manager: Persona, outsider: Persona, as_: type_of_door, ended: LinkedAccount, granted: TemplateVersion
) -> None:
    client = as_(acme_manager)

    typed = {"uid": UID, "quota": "100", "shutdown_policy": "noStop", "environment": "production"}
    fragment = client.post("/links/new/sheet/", typed).content.decode()
    assert "5,000.00 USD" in fragment
    assert "100.00 USD" in fragment
    assert "Buy for the customer" in fragment
    assert f"?account={ended.pk}" in fragment

    response = client.get(f"/links/new/?account={ended.pk}")
    text = response.content.decode()
    form = response.context["form"]
    assert "Filled in with what the earlier link had" in text
    assert form["template_pk"].value() == granted.template_id
    assert (form["uid"].value(), form["business_manager"].value()) == (UID, "Mei Lin")
    assert "Everything is as it was." in text
    assert as_(outsider).get(f"/links/new/?account={ended.pk}").status_code == 404


def test_the_invitation_remembers_what_it_takes_up(acme_manager: Persona, ended: LinkedAccount) -> None:
    invitation = send(acme_manager, purchase_control=PurchaseControl.BAN)

    assert invitation.earlier_account == ended
    draft = services.save_draft(actor=acme_manager.actor, uid=UID)
    assert draft.earlier_account == ended
    draft = services.save_draft(actor=acme_manager.actor, invitation_pk=draft.pk, uid="5113766248609999")
    assert draft.earlier_account is None, "another customer now"
    assert Invitation.objects.filter(earlier_account=ended).count() == 1


@pytest.fixture
def linked(acme: Partner) -> LinkedAccount:
    account = make_account(acme, UID, nickname="Kaito Trading", email="kaito@customer.example", quota=Decimal(5000))
    Grant.objects.create(account=account, scopes=complete([]))
    return account


@pytest.fixture
def full_service(acme: Partner) -> PermissionTemplate:
    template = PermissionTemplate.objects.create(partner=acme, name="Full service")
    TemplateVersion.objects.create(template=template, number=1, scopes=complete(["view_resources"]))
    return template


def test_a_linked_customer_is_asked_for_other_permissions_and_nothing_else_changes(
    acme_manager: Persona, linked: LinkedAccount, full_service: PermissionTemplate
) -> None:
    invitation = services.invite(
        actor=acme_manager.actor,
        uid="",
        email="kaito@customer.example",
        company="",
        account_pk=linked.pk,
        template_pk=full_service.pk,
    )
    assert (invitation.state, invitation.uid, invitation.quota) == (InvitationState.SENT, UID, None)
    assert "other permissions" in Email.objects.get().subject
    consent(invitation)

    for _ in range(2):  # redelivered
        tasks.push_link(invitation.pk)

    invitation.refresh_from_db()
    assert invitation.state in (InvitationState.LINKED, InvitationState.VERIFIED)
    assert invitation.account == linked
    assert LinkedAccount.objects.filter(uid=UID).count() == 1
    assert CreditAccount.objects.get(pk=linked.pk).amount == 5000
    in_force = Grant.objects.get(account=linked, ended_at__isnull=True)
    assert in_force.scopes == ["view_bills", "view_resources"]
    assert Grant.objects.filter(account=linked).count() == 2
    assert not SimLink.objects.exists(), "the cloud was not asked to link anything"


def test_a_link_that_ended_meanwhile_is_not_made_anew_by_asking_for_permissions(
    acme_manager: Persona, linked: LinkedAccount
) -> None:
    invitation = services.invite(
        actor=acme_manager.actor, uid="", email="k@customer.example", company="", account_pk=linked.pk
    )
    consent(invitation)
    LinkedAccount.objects.filter(pk=linked.pk).update(relationship=Relationship.TERMINATED)

    tasks.push_link(invitation.pk)

    invitation.refresh_from_db()
    assert (invitation.state, invitation.failure_code) == (InvitationState.FAILED, "link_ended")
    assert not SimLink.objects.exists()
    with pytest.raises(LinkEnded):
        services.invite(actor=acme_manager.actor, uid="", email="k@x.example", company="", account_pk=linked.pk)


def test_the_page_asks_for_other_permissions(
    acme_manager: Persona, as_: type_of_door, linked: LinkedAccount, full_service: PermissionTemplate
) -> None:
    client = as_(acme_manager)
    url = f"/links/new/?account={linked.pk}"

    assert f"?account={linked.pk}" in client.get("/links/new/uid/", {"uid": UID}).content.decode()
    text = client.get(url).content.decode()
    assert "Ask for other permissions" in text
    assert 'name="quota"' not in text

    posted = {"email": "k@customer.example", "language": "en", "template_pk": full_service.pk, "account": linked.pk}
    fragment = client.post("/links/new/sheet/", posted).content.decode()
    assert "Compared with now" in fragment
    assert "See resources" in fragment
    response = client.post(url, {**posted, "uid": "1111111111111111"})

    assert response.status_code == 303
    invitation = Invitation.objects.get()
    assert (invitation.uid, invitation.renews) == (UID, True), "who it is cannot be posted"
