"""Permission templates: versions, what a change means for customers, and the page."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.urls import reverse

from linking import rights, tasks
from linking.errors import StaleTemplate
from linking.models import Grant, LinkCheck, PermissionTemplate, TemplateVersion
from linking.services import ending, templates
from partner_console.access.actor import system_actor
from partner_console.access.policy import PartnerKind
from partner_console.access.services import create_partner
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound
from tests.factories import make_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from linking.models import Invitation
    from tests.personas import Persona

WORKER = system_actor("test worker")
MANAGING = ["view_bills", "view_resources", "manage_resources"]


@pytest.fixture
def managing(acme_master: Persona) -> PermissionTemplate:
    return templates.create_template(actor=acme_master.actor, name="Managed", scopes=["manage_resources"], days=365)


def give(template: PermissionTemplate, *, n: int = 1, scopes: list[str] | None = None) -> list[Grant]:
    version = templates.current_version(template)
    return [
        Grant.objects.create(
            account=make_account(template.partner), template_version=version, scopes=scopes or version.scopes
        )
        for _one in range(n)
    ]


def edit(persona: Persona, template: PermissionTemplate, scopes: list[str], **more: Any) -> PermissionTemplate:
    given: dict[str, Any] = {"name": template.name, "description": "", "days": 365, "version": template.version, **more}
    return templates.edit_template(actor=persona.actor, template_pk=template.pk, scopes=scopes, **given)


def test_a_new_partner_begins_with_the_least(db: None) -> None:
    partner = create_partner(
        actor=WORKER, code="neo", name="Neo", kind=PartnerKind.RESELLER, master_uid="5000000000000077", language="ja"
    )

    template = PermissionTemplate.objects.get(partner=partner)
    assert template.is_default
    assert templates.current_version(template).scopes == ["view_bills"]
    assert templates.ensure_default(partner=partner).template == template, "asked again, it is the same one"
    assert PermissionTemplate.objects.count() == 1


def test_partners_and_links_from_before_get_what_new_ones_have(
    acme_master: Persona, outsider: Persona, approved: Invitation
) -> None:
    """The data migration; it can meet what is there already and leaves it alone."""
    migration = import_module("linking.migrations.0008_default_templates")
    tasks.push_link(approved.pk)
    Grant.objects.all().delete()
    LinkCheck.objects.all().delete()
    own = templates.ensure_default(partner=outsider.partner).template

    for _run in range(2):
        migration.make_templates(apps, None)
        migration.grant_what_was_agreed(apps, None)

    defaults = PermissionTemplate.objects.filter(is_default=True)
    assert {template.partner_id for template in defaults} == {acme_master.partner.pk, outsider.partner.pk}
    assert defaults.get(partner=outsider.partner) == own
    grant = Grant.objects.get()
    assert grant.template_version is not None
    assert (grant.scopes, grant.template_version.template.partner) == (["view_bills"], acme_master.partner)
    assert LinkCheck.objects.filter(next_at__isnull=False).count() == 4


def test_what_scopes_imply_is_added(managing: PermissionTemplate) -> None:
    version = templates.current_version(managing)

    assert (version.number, version.scopes, version.days) == (1, MANAGING, 365)


def test_another_content_is_another_version(acme_master: Persona, managing: PermissionTemplate) -> None:
    (held,) = give(managing)

    edit(acme_master, managing, ["buy"])

    held.refresh_from_db()
    assert [v.number for v in rights.list_versions(acme_master.actor, managing)] == [2, 1]
    assert templates.current_version(managing).scopes == ["view_bills", "buy"]
    assert held.scopes == MANAGING, "who agreed to the earlier one keeps it"
    assert not CloudCommand.objects.exists()


def test_another_name_is_no_other_version(acme_master: Persona, managing: PermissionTemplate) -> None:
    edited = edit(acme_master, managing, MANAGING, name=" Managed  ")
    assert edited.version == 1, "the same values change nothing"

    edit(acme_master, managing, MANAGING, name="Full service")

    assert TemplateVersion.objects.filter(template=managing).count() == 1
    assert AuditEntry.objects.filter(action="linking.template.edited").count() == 1


def test_the_effect_counts_who_gains_and_who_loses(acme_master: Persona, managing: PermissionTemplate) -> None:
    give(managing, n=2)
    give(managing, scopes=["view_bills"])  # a customer who took everything optional back
    ended = give(managing)[0]
    Grant.objects.filter(pk=ended.pk).update(ended_at=ended.granted_at)

    effect = rights.effect_of(acme_master.actor, managing, ["view_bills", "view_resources", "buy"])

    assert (effect.n_customers, effect.n_losing) == (3, 2)
    assert [(c.scope.value, c.n_customers) for c in effect.loses] == [("manage_resources", 2)]
    assert ("buy", 3) in [(c.scope.value, c.n_customers) for c in effect.gains]


def test_losses_can_be_taken_away_at_once(acme_master: Persona, managing: PermissionTemplate) -> None:
    held = give(managing, n=3)
    other = templates.create_template(actor=acme_master.actor, name="Other", scopes=MANAGING)
    (untouched,) = give(other)

    edit(acme_master, managing, ["view_resources", "buy"], take_away=True)
    version = templates.current_version(managing)
    tasks.take_away(version.pk)
    tasks.take_away(version.pk)  # redelivered

    for grant in [*held, untouched]:
        grant.refresh_from_db()
    assert [grant.scopes for grant in held] == [["view_bills", "view_resources"]] * 3, "nobody gains by it"
    assert untouched.scopes == MANAGING
    assert CloudCommand.objects.filter(operation="set_permissions").count() == 3
    assert AuditEntry.objects.filter(action="linking.grant.reduced").count() == 3
    version.refresh_from_db()
    assert version.take_away_done_at is not None
    assert ending.due_take_aways(actor=WORKER) == []


def test_a_lost_message_is_found_by_the_sweep(acme_master: Persona, managing: PermissionTemplate) -> None:
    (held,) = give(managing)
    edit(acme_master, managing, ["view_bills"], take_away=True)

    for pk in ending.due_take_aways(actor=WORKER):
        tasks.take_away(pk)

    held.refresh_from_db()
    assert held.scopes == ["view_bills"]


def test_a_stale_edit_is_refused(acme_master: Persona, managing: PermissionTemplate) -> None:
    edit(acme_master, managing, ["buy"])

    with pytest.raises(StaleTemplate):
        edit(acme_master, managing, ["view_support"])

    assert TemplateVersion.objects.filter(template=managing).count() == 2


def test_one_template_is_the_default(acme_master: Persona, managing: PermissionTemplate) -> None:
    first = templates.ensure_default(partner=acme_master.partner).template
    for _click in range(2):
        templates.make_default(actor=acme_master.actor, template_pk=managing.pk)

    assert list(PermissionTemplate.objects.filter(is_default=True)) == [managing]
    assert AuditEntry.objects.filter(action="linking.template.made_default").count() == 1
    with pytest.raises(Conflict):
        templates.archive_template(actor=acme_master.actor, template_pk=managing.pk)
    templates.archive_template(actor=acme_master.actor, template_pk=first.pk)
    assert [row.template for row in rights.list_rows(acme_master.actor)] == [managing]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"name": "  "}, "name"), ({"name": "Managed"}, "name"), ({"scopes": ["fly"]}, "scopes"), ({"days": 0}, "days")],
)
def test_what_makes_no_template_is_refused(
    acme_master: Persona, managing: PermissionTemplate, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        templates.create_template(actor=acme_master.actor, **{"name": "New", "scopes": [], "days": None, **values})

    assert refusal.value.field == field
    assert AuditEntry.objects.filter(action="linking.template.created").count() == 1


def test_only_owners_of_the_partner_change_templates(
    acme_manager: Persona, outsider: Persona, managing: PermissionTemplate
) -> None:
    with pytest.raises(Forbidden):
        edit(acme_manager, managing, ["buy"])
    with pytest.raises(NotFound):
        edit(outsider, managing, ["buy"])

    assert TemplateVersion.objects.filter(template=managing).count() == 1


def test_the_page_shows_whom_a_change_affects_before_it_happens(
    acme_master: Persona, managing: PermissionTemplate, as_: Callable[[Persona], Client]
) -> None:
    give(managing, n=2)
    client = as_(acme_master)
    url = reverse("linking:template_edit", args=[managing.pk])
    form = {"name": "Managed", "description": "", "scopes": ["view_resources", "buy"], "days": "365", "version": "1"}

    review = client.post(url, form)

    page = review.content.decode()
    assert "Changing this affects 2 customers" in page
    assert "take it away from 2 customers at once" in page
    assert "a customer has to agree to more" in page
    assert TemplateVersion.objects.filter(template=managing).count() == 1

    saved = client.post(url, {**form, "step": "save", "existing": "take_away"})

    assert saved.status_code == 303
    assert TemplateVersion.objects.filter(template=managing).count() == 2
    assert templates.current_version(managing).take_away_asked_at is not None


def test_permissions_are_not_called_optional(
    acme_master: Persona, managing: PermissionTemplate, as_: Callable[[Persona], Client]
) -> None:
    page = as_(acme_master).get(reverse("linking:template_edit", args=[managing.pk])).content.decode()

    assert "<legend>Permissions</legend>" in page
    assert "(optional)" in page, "the end still is"


def test_a_change_that_touches_nobody_is_saved_at_once(
    acme_master: Persona, managing: PermissionTemplate, as_: Callable[[Persona], Client]
) -> None:
    form = {"name": "Managed", "scopes": ["buy"], "days": "", "version": "1"}

    answer = as_(acme_master).post(reverse("linking:template_edit", args=[managing.pk]), form)

    assert answer.status_code == 303
    assert templates.current_version(managing).days is None


def test_who_may_not_change_templates_reads_why(
    acme_manager: Persona, managing: PermissionTemplate, as_: Callable[[Persona], Client]
) -> None:
    page = as_(acme_manager).get(reverse("linking:template_list")).content.decode()

    assert "Managed" in page
    assert "Ask an owner of your partner." in page
    assert "New template" not in page
