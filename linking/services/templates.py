"""Permission templates: named sets of scopes with versions (design §4). What a version contains never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking import tasks
from linking.errors import StaleTemplate
from linking.models import PermissionTemplate, TemplateVersion
from linking.scopes import LEAST, Scope, complete
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import get_own_partner
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Conflict, Invalid, NotFound
from partner_console.waking import after_commit
from uids.services.accounts import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

LONGEST_NAME, LONGEST_DESCRIPTION, MOST_DAYS = 80, 300, 3650


@transaction.atomic
def create_template(
    *, actor: Actor, name: str, description: str = "", scopes: Iterable[str], days: int | None = None
) -> PermissionTemplate:
    """A new template with its first version; what its scopes imply is added. `Invalid` for an empty or taken name."""
    require(actor, Permission.PARTNER_EDIT)
    template = PermissionTemplate(partner=get_own_partner(actor), name=name, description=description)
    _save(template, is_new=True)
    first = _add_version(actor, template, scopes=scopes, days=days)
    changes = {"name": ["", template.name], "scopes": [[], first.scopes], "days": ["", first.days]}
    audit.record(actor, Action.TEMPLATE_CREATED, template, changes=changes)
    return template


@transaction.atomic
def edit_template(
    *,
    actor: Actor,
    template_pk: int,
    version: int,
    name: str,
    description: str,
    scopes: Iterable[str],
    days: int | None,
    take_away: bool = False,
) -> PermissionTemplate:
    """Change name and content. Other scopes or another end make a new version; who has an earlier one keeps it.

    With `take_away`, what the new version no longer has is taken from its customers at once, account by account in
    the background; what it has more, each customer must agree to. The same values again change and record nothing.
    A stale `version` is a `StaleTemplate` (409).
    """
    require(actor, Permission.PARTNER_EDIT)
    template = _lock(actor, template_pk)
    if version != template.version:
        raise StaleTemplate(template.version)
    current = current_version(template)
    wanted = complete(scopes)
    before = template.audit_state() | {"scopes": current.scopes, "days": current.days}
    template.name, template.description = name, description
    _clean(template)
    if (wanted, days) != (current.scopes, current.days):
        current = _add_version(actor, template, scopes=wanted, days=days)
    after = template.audit_state() | {"scopes": current.scopes, "days": current.days}
    if take_away and set(before["scopes"]) - set(after["scopes"]):
        current.take_away_asked_at = timezone.now()
        current.save(update_fields=["take_away_asked_at"])
        after_commit(tasks.take_away, current.pk)
    if before == after:
        return template
    _save(template, is_new=False)
    changes = audit.difference(before, after)
    if current.take_away_asked_at is not None:
        changes["take_away"] = [False, True]
    audit.record(actor, Action.TEMPLATE_EDITED, template, changes=changes)
    return template


@transaction.atomic
def make_default(*, actor: Actor, template_pk: int) -> PermissionTemplate:
    """New invitations begin with this template. On repeat nothing changes."""
    require(actor, Permission.PARTNER_EDIT)
    template = _lock(actor, template_pk)
    if template.is_default:
        return template
    others = PermissionTemplate.objects.filter(partner_id=template.partner_id, is_default=True)
    former = others.select_for_update().filter(archived_at__isnull=True).first()
    others.update(is_default=False)
    template.is_default = True
    _save(template, is_new=False)
    changes = {"is_default": [former.name if former else "", template.name]}
    audit.record(actor, Action.TEMPLATE_MADE_DEFAULT, template, changes=changes)
    return template


@transaction.atomic
def archive_template(*, actor: Actor, template_pk: int) -> PermissionTemplate:
    """Offer it no longer. Customers and open invitations keep what they have. Refused (409) for the default one."""
    require(actor, Permission.PARTNER_EDIT)
    template = _lock(actor, template_pk)
    if template.is_default:
        raise Conflict(
            "template_is_default",
            _("New invitations begin with this template. Choose another one for that first."),
        )
    template.archived_at = timezone.now()
    _save(template, is_new=False)
    audit.record(actor, Action.TEMPLATE_ARCHIVED, template, changes={"name": [template.name, ""]})
    return template


@transaction.atomic
def ensure_default(*, partner: Partner) -> TemplateVersion:
    """The current version of the partner's default template; made with the least permissions where there is none.

    Called when a partner is made (`settings.PARTNER_STARTERS`) and by whoever needs a template. Safe at once: the
    constraint lets one win, and the other finds it.
    """
    found = PermissionTemplate.objects.filter(partner=partner, is_default=True, archived_at__isnull=True).first()
    if found is None:
        with translation.override(partner.language):
            name, description = str(LEAST_NAME), str(LEAST_DESCRIPTION)
        try:
            with transaction.atomic():
                found = PermissionTemplate.objects.create(
                    partner=partner, name=name, description=description, is_default=True
                )
                TemplateVersion.objects.create(template=found, number=1, scopes=complete(LEAST))
        except IntegrityError:
            found = PermissionTemplate.objects.get(partner=partner, is_default=True, archived_at__isnull=True)
    return current_version(found)


LEAST_NAME = gettext_lazy("See bills only")
LEAST_DESCRIPTION = gettext_lazy("What whoever pays the cloud needs, and nothing else.")


def current_version(template: PermissionTemplate) -> TemplateVersion:
    """The newest version; every template has one."""
    version: TemplateVersion = TemplateVersion.objects.filter(template=template).order_by("-number")[0]
    return version


def _lock(actor: Actor, pk: int) -> PermissionTemplate:
    rows = PermissionTemplate.objects.visible_to(actor).select_for_update()
    template: PermissionTemplate | None = rows.filter(pk=pk, archived_at__isnull=True).first()
    if template is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return template


def _add_version(
    actor: Actor, template: PermissionTemplate, *, scopes: Iterable[str], days: int | None
) -> TemplateVersion:
    given = list(scopes)
    if not {*given} <= {*Scope.values}:
        raise Invalid("unknown_scope", _("Choose from the permissions shown."), field="scopes")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid("days_out_of_range", _("Between 1 and 3650 days, or empty for no end."), field="days")
    number = TemplateVersion.objects.filter(template=template).aggregate(n=Max("number"))["n"] or 0
    version: TemplateVersion = TemplateVersion.objects.create(
        template=template, number=number + 1, scopes=complete(given), days=days, made_by_id=actor.user_pk
    )
    return version


def _clean(template: PermissionTemplate) -> None:
    template.name, template.description = clean_line(template.name), clean_line(template.description)
    if not template.name:
        raise Invalid("required", _("Give the template a name."), field="name")
    if len(template.name) > LONGEST_NAME:
        raise Invalid("too_long", _("A name has at most 80 characters."), field="name")
    if len(template.description) > LONGEST_DESCRIPTION:
        raise Invalid("too_long", _("A description has at most 300 characters."), field="description")


def _save(template: PermissionTemplate, *, is_new: bool) -> None:
    _clean(template)
    template.updated_at = timezone.now()
    if not is_new:
        template.version += 1
    fields = ["name", "description", "is_default", "archived_at", "version", "updated_at"]
    try:
        with transaction.atomic():
            template.save(force_insert=is_new, update_fields=None if is_new else fields)
    except IntegrityError as error:
        raise Invalid("taken", _("There is already a template with this name."), field="name") from error
