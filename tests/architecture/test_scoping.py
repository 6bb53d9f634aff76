"""Every tenant model fails closed: an outsider sees nothing, whatever the model (style §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.core.exceptions import FieldDoesNotExist

from partner_console.access.actor import NOBODY, Actor, Channel, system_actor
from partner_console.access.models import Partner
from partner_console.access.policy import Role
from partner_console.access.scoping import PartnerScoped

if TYPE_CHECKING:
    from tests.personas import Persona

TENANT_MODELS = [m for m in apps.get_models() if issubclass(m, PartnerScoped)]
OURS = {"access", "audit", "approvals", "cloud", "exports", "uids", "quota", "linking"}
# Ours, and of no partner: people belong to several (see Membership), a customer's address may be known to several.
SHARED = {"access.User", "linking.CustomerCode", "linking.CustomerSession", "linking.VisitCount", "quota.RollUp"}


def test_every_model_of_ours_belongs_to_a_partner() -> None:
    strays = {
        m._meta.label
        for m in apps.get_models()
        if m._meta.app_label in OURS and not issubclass(m, PartnerScoped) and not m._meta.auto_created
    }

    assert strays == SHARED


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_the_path_leads_to_the_partner(model: type[PartnerScoped]) -> None:
    current: type = model
    for step in [] if model.partner_path == "self" else model.partner_path.split("__"):
        try:
            related = current._meta.get_field(step).related_model  # type: ignore[attr-defined]
        except FieldDoesNotExist:
            pytest.fail(f"{model.__name__}.partner_path: {current.__name__} has no {step}")
        assert isinstance(related, type)
        current = related

    assert current is Partner


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_nobody_sees_nothing(model: type[PartnerScoped]) -> None:
    homeless = Actor(role=Role.OWNER, channel=Channel.CONSOLE, label="member of nothing", user_pk=1)

    assert model.objects.visible_to(NOBODY).query.is_empty()
    assert model.objects.visible_to(homeless).query.is_empty()


@pytest.mark.parametrize("model", TENANT_MODELS, ids=lambda m: m._meta.label)
def test_a_member_is_held_to_their_partner(model: type[PartnerScoped], acme_master: Persona) -> None:
    """Read from the SQL itself, so that a model without rows in any test is held to it too."""
    assert acme_master.partner is not None
    sql = str(model.objects.visible_to(acme_master.actor).query)

    column = '"access_partner"."id"' if model is Partner else '"partner_id"'
    assert f"{column} = {acme_master.partner.pk}" in sql


def test_the_system_confined_to_a_partner_stays_there(acme_master: Persona, outsider: Persona) -> None:
    actor = system_actor("worker", partner=acme_master.partner)

    assert [p.code for p in Partner.objects.visible_to(actor)] == ["acme"]
