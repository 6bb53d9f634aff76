"""Reads of permission templates and of what was granted (design §4: PermissionTemplate, Grant)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from linking.models import Grant, PermissionTemplate, TemplateVersion
from linking.scopes import Scope
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A template as the list shows it."""

    template: PermissionTemplate
    version: TemplateVersion
    n_customers: int


@dataclass(frozen=True, slots=True)
class Change:
    """A scope a template gains or loses, and how many customers that touches."""

    scope: Scope
    n_customers: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What another content of a template would mean for the customers it was granted to."""

    n_customers: int
    gains: tuple[Change, ...]
    loses: tuple[Change, ...]
    n_losing: int

    @property
    def changes_scopes(self) -> bool:
        return bool(self.gains or self.loses)


def list_rows(actor: Actor) -> list[TemplateRow]:
    """The partner's templates in use, the default first, with their current content and who has them. Two queries."""
    versions = list_current_versions(actor)
    # By the templates, which are the partner's own: an index serves it, whatever other partners have.
    held = Grant.objects.filter(
        ended_at__isnull=True, template_version__template__in=[one.template_id for one in versions]
    )
    counts = dict(held.order_by().values_list("template_version__template").annotate(n=Count("pk")))
    return [TemplateRow(one.template, one, counts.get(one.template_id, 0)) for one in versions]


def list_current_versions(actor: Actor) -> list[TemplateVersion]:
    """The newest version of each template in use, the default first: what an invitation may choose from."""
    require(actor, Permission.LINK_VIEW)
    rows = (
        TemplateVersion.objects.visible_to(actor)
        .filter(template__archived_at__isnull=True)
        .select_related("template")
        .order_by("template_id", "-number")
        .distinct("template_id")
    )
    return sorted(rows, key=lambda row: (not row.template.is_default, row.template.name, row.pk))


def get_template(actor: Actor, pk: int) -> PermissionTemplate:
    require(actor, Permission.LINK_VIEW)
    template: PermissionTemplate = get_visible_or_404(PermissionTemplate, actor, pk=pk)
    return template


def list_versions(actor: Actor, template: PermissionTemplate) -> QuerySet[TemplateVersion]:
    """All versions, newest first, with who made each and how many customers still hold it."""
    held = Count("grants", filter=Q(grants__ended_at__isnull=True))
    rows: QuerySet[TemplateVersion] = (
        TemplateVersion.objects.visible_to(actor)
        .filter(template=template)
        .select_related("made_by")
        .annotate(n_customers=held)
        .order_by("-number", "pk")
    )
    return rows


def effect_of(actor: Actor, template: PermissionTemplate, scopes: Iterable[str]) -> Effect:
    """Who would gain and lose what if the template contained `scopes`: counted over the grants in force."""
    wanted = {Scope(one) for one in scopes}
    require(actor, Permission.LINK_VIEW)
    held = Grant.objects.filter(template_version__template=template, ended_at__isnull=True)
    losing = Q()
    for scope in set(Scope) - wanted:
        losing |= Q(scopes__contains=[scope.value])
    counts = held.aggregate(
        n_customers=Count("pk"),
        n_losing=Count("pk", filter=losing) if losing else Count("pk", filter=Q(pk__lt=0)),
        **{f"n_{scope.value}": Count("pk", filter=Q(scopes__contains=[scope.value])) for scope in Scope},
    )
    n_customers = counts["n_customers"]
    having = {scope: counts[f"n_{scope.value}"] for scope in Scope}
    current = _current_scopes(template)
    return Effect(
        n_customers=n_customers,
        gains=tuple(
            Change(scope, n_customers - having[scope])
            for scope in Scope
            if scope in wanted and (scope not in current or having[scope] < n_customers)
        ),
        loses=tuple(
            Change(scope, having[scope])
            for scope in Scope
            if scope not in wanted and (scope in current or having[scope])
        ),
        n_losing=counts["n_losing"],
    )


def _current_scopes(template: PermissionTemplate) -> set[Scope]:
    scopes = template.versions.order_by("-number").values_list("scopes", flat=True).first() or []
    return {Scope(one) for one in scopes}


def grant_in_force(account: LinkedAccount) -> Grant | None:
    """What may be done in the account now; None when nothing was granted through this console.

    Takes the account, not the actor: whoever could read it (staff, or the customer themselves) may read this.
    """
    return (
        Grant.objects.filter(account=account, ended_at__isnull=True)
        .select_related("template_version__template")
        .first()
    )
