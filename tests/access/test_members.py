"""Inviting, joining, changing and deactivating members."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from partner_console.access import services
from partner_console.access.models import MemberInvitation, Membership, User
from partner_console.access.policy import Role
from partner_console.audit.models import AuditEntry
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound
from tests.factories import make_member

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

PASSWORD = "a long enough pass phrase"


def token_in_mail(to: str) -> str:
    mail = Email.objects.filter(to=[to]).latest("pk")
    found = re.search(r"/settings/join/([\w-]+)/", mail.message)
    assert found
    return found.group(1)


def test_a_new_person_joins_with_the_mail_and_can_work(acme_master: Persona, client: Client) -> None:
    services.invite_member(actor=acme_master.actor, email="New@Acme.example", role="finance", ram_uid="2055")
    url = reverse("access:join", args=[token_in_mail("new@acme.example")])
    assert "Acme Cloud" in client.get(url).content.decode()

    response = client.post(url, {"name": "Nina", "password": PASSWORD})

    assert response.status_code == 303
    member = Membership.objects.get(user__email="new@acme.example")
    assert (member.role, member.ram_uid, member.user.name) == ("finance", "2055", "Nina")
    signed_in = client.post(reverse("account_login"), {"login": "new@acme.example", "password": PASSWORD})
    assert signed_in.status_code == 302
    assert "Acme Cloud" in client.get(reverse("web:overview")).content.decode()


def test_looking_at_the_invitation_changes_nothing(acme_master: Persona, client: Client) -> None:
    services.invite_member(actor=acme_master.actor, email="new@acme.example", role="viewer")
    url = reverse("access:join", args=[token_in_mail("new@acme.example")])

    for _ in range(3):
        assert client.get(url).status_code == 200

    assert MemberInvitation.objects.get().is_open
    assert not User.objects.filter(email="new@acme.example").exists()


def test_the_token_is_nowhere_but_in_the_mail(acme_master: Persona) -> None:
    invitation = services.invite_member(actor=acme_master.actor, email="new@acme.example", role="viewer")

    token = token_in_mail("new@acme.example")

    assert token not in str({f.name: getattr(invitation, f.name) for f in MemberInvitation._meta.fields})
    assert not AuditEntry.objects.filter(changes__icontains=token).exists()


def test_sent_again_the_earlier_link_is_dead(acme_master: Persona) -> None:
    invitation = services.invite_member(actor=acme_master.actor, email="new@acme.example", role="viewer")
    old = token_in_mail("new@acme.example")

    services.resend_invitation(actor=acme_master.actor, invitation_pk=invitation.pk)

    with pytest.raises(NotFound):
        services.find_invitation(token=old)
    assert services.find_invitation(token=token_in_mail("new@acme.example")).pk == invitation.pk


def test_used_withdrawn_and_old_links_lead_to_a_page_that_says_so(acme_master: Persona, client: Client) -> None:
    invitation = services.invite_member(actor=acme_master.actor, email="new@acme.example", role="viewer")
    url = reverse("access:join", args=[token_in_mail("new@acme.example")])

    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert client.get(url).status_code == 404
    services.withdraw_invitation(actor=acme_master.actor, invitation_pk=invitation.pk)
    response = client.get(url)

    assert response.status_code == 404
    assert "Ask for a new one" in response.content.decode()


def test_a_weak_password_is_refused_and_the_link_still_works(acme_master: Persona, client: Client) -> None:
    services.invite_member(actor=acme_master.actor, email="new@acme.example", role="viewer")
    url = reverse("access:join", args=[token_in_mail("new@acme.example")])

    response = client.post(url, {"name": "Nina", "password": "short"})

    assert response.status_code == 422
    assert client.post(url, {"name": "Nina", "password": PASSWORD}).status_code == 303


def test_somebody_with_a_login_signs_in_instead_of_choosing_a_password(
    acme_master: Persona, outsider: Persona, as_: Callable[[Persona], Client], client: Client
) -> None:
    services.invite_member(actor=acme_master.actor, email="owner@globex.example", role="viewer")
    url = reverse("access:join", args=[token_in_mail("owner@globex.example")])

    refused = client.post(url, {"name": "Thief", "password": PASSWORD})
    assert refused.status_code == 422
    accepted = as_(outsider).post(url)

    assert accepted.status_code == 303
    assert Membership.objects.filter(user__email="owner@globex.example").count() == 2


@pytest.mark.parametrize("again", ["member", "invited"])
def test_nobody_is_invited_twice(acme_master: Persona, again: str) -> None:
    if again == "member":
        make_member(acme_master.partner, email="twice@acme.example")
    else:
        services.invite_member(actor=acme_master.actor, email="twice@acme.example", role="viewer")
    mails = Email.objects.count()

    with pytest.raises(Conflict):
        services.invite_member(actor=acme_master.actor, email="TWICE@acme.example", role="viewer")

    assert Email.objects.count() == mails


def test_an_unknown_role_is_refused(acme_master: Persona) -> None:
    with pytest.raises(Invalid):
        services.invite_member(actor=acme_master.actor, email="new@acme.example", role="operator")


def test_only_owners_manage_members(acme_manager: Persona, acme_master: Persona) -> None:
    membership = acme_master.membership
    assert membership is not None
    before = AuditEntry.objects.count()

    with pytest.raises(Forbidden):
        services.invite_member(actor=acme_manager.actor, email="new@acme.example", role="viewer")
    with pytest.raises(Forbidden):
        services.deactivate_member(actor=acme_manager.actor, membership_pk=membership.pk, reason="x")

    assert AuditEntry.objects.count() == before
    assert not Email.objects.exists()


def test_another_partners_member_does_not_exist(acme_master: Persona, outsider: Persona) -> None:
    membership = acme_master.membership
    assert membership is not None

    with pytest.raises(NotFound):
        services.deactivate_member(actor=outsider.actor, membership_pk=membership.pk, reason="x")
    with pytest.raises(NotFound):
        services.edit_member(actor=outsider.actor, membership_pk=membership.pk, role="viewer", ram_uid="")


def test_the_last_owner_stays_one(acme_master: Persona) -> None:
    membership = acme_master.membership
    assert membership is not None

    with pytest.raises(Conflict):
        services.deactivate_member(actor=acme_master.actor, membership_pk=membership.pk, reason="x")
    with pytest.raises(Conflict):
        services.edit_member(actor=acme_master.actor, membership_pk=membership.pk, role="viewer", ram_uid="")

    make_member(acme_master.partner, Role.OWNER)
    changed = services.edit_member(actor=acme_master.actor, membership_pk=membership.pk, role="viewer", ram_uid="")
    assert changed.role == "viewer"


def test_a_deactivated_member_is_out_at_the_next_click(
    acme_master: Persona, acme_readonly: Persona, as_: Callable[[Persona], Client]
) -> None:
    theirs = as_(acme_readonly)
    members = reverse("access:member_list")
    assert theirs.get(members).status_code == 200
    assert acme_readonly.membership is not None

    response = as_(acme_master).post(
        reverse("access:member_deactivate", args=[acme_readonly.membership.pk]), {"reason": "Left the company"}
    )

    assert response.status_code == 303
    assert theirs.get(members).status_code == 403
    assert AuditEntry.objects.filter(action="access.member.deactivated", note="Left the company").count() == 1
