"""Seven people who are the whole permission model (style §19), as fixtures; `as_(persona)` gives a signed-in client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from partner_console.access.actor import NOBODY, Actor, actor_for_membership, operator_actor
from partner_console.access.policy import PartnerKind, Role
from tests.factories import make_member, make_partner, make_user

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_console.access.models import Membership, Partner, User


@dataclass(frozen=True)
class Persona:
    name: str
    actor: Actor
    user: User | None = None
    membership: Membership | None = None

    @property
    def partner(self) -> Partner:
        """Where they work; the operator and the anonymous visitor work nowhere, and tests do not ask."""
        assert self.membership is not None
        return self.membership.partner


def persona_of(name: str, membership: Membership) -> Persona:
    actor = actor_for_membership(membership)
    return Persona(name, actor, membership.user, membership)


@pytest.fixture
def acme(db: None) -> Partner:
    """The reseller most tests are about."""
    return make_partner("acme", name="Acme Cloud", alert_recipients=["alerts@acme.example"])


@pytest.fixture
def acme_master(acme: Partner) -> Persona:
    return persona_of("acme_master", make_member(acme, Role.OWNER, email="owner@acme.example"))


@pytest.fixture
def acme_manager(acme: Partner) -> Persona:
    return persona_of("acme_manager", make_member(acme, Role.MANAGER, email="manager@acme.example", ram_uid="2099"))


@pytest.fixture
def acme_finance(acme: Partner) -> Persona:
    return persona_of("acme_finance", make_member(acme, Role.FINANCE, email="finance@acme.example"))


@pytest.fixture
def acme_readonly(acme: Partner) -> Persona:
    return persona_of("acme_readonly", make_member(acme, Role.VIEWER, email="viewer@acme.example"))


@pytest.fixture
def agency_master(db: None) -> Persona:
    partner = make_partner("blue", name="Blue Agency", kind=PartnerKind.AGENCY)
    return persona_of("agency_master", make_member(partner, Role.OWNER, email="owner@blue.example"))


@pytest.fixture
def distributor_master(db: None) -> Persona:
    partner = make_partner("delta", name="Delta Distribution", kind=PartnerKind.DISTRIBUTOR)
    return persona_of("distributor_master", make_member(partner, Role.OWNER, email="owner@delta.example"))


@pytest.fixture
def outsider(db: None) -> Persona:
    """A reseller's owner who must never see anything of acme's."""
    partner = make_partner("globex", name="Globex")
    return persona_of("outsider", make_member(partner, Role.OWNER, email="owner@globex.example"))


@pytest.fixture
def operator(db: None) -> Persona:
    user = make_user("operator@console.example", is_staff=True, is_superuser=True)
    TOTP.activate(user, generate_totp_secret())  # the admin opens only with a second factor
    return Persona("operator", operator_actor(user), user)


@pytest.fixture
def anonymous() -> Persona:
    return Persona("anonymous", NOBODY)


@pytest.fixture
def as_() -> Callable[[Persona], Client]:
    """A test client signed in as this persona; in front of the door for the anonymous one."""

    def sign_in(persona: Persona) -> Client:
        client = Client()
        if persona.user is not None:
            client.force_login(persona.user)
        return client

    return sign_in
