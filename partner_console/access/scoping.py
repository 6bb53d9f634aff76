"""Tenant scoping that fails closed: `visible_to(actor)` is the only door to a partner's rows (style §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.utils.translation import gettext_lazy as _

from partner_console.errors import NotFound

if TYPE_CHECKING:
    from .actor import Actor


def sees_all(actor: Actor) -> bool:
    """Operators and the unscoped system; everybody else sees one partner's rows, or none."""
    return actor.is_authenticated and actor.partner_pk is None and (actor.is_operator or actor.is_system)


def visible_sql(actor: Actor, column: str) -> tuple[str, list[int]]:
    """`visible_to` for a statement written out: a condition on `column`, which holds the partner's pk, and its values.

    `column` is a name of our own, never anybody's input.
    """
    if sees_all(actor):
        return "TRUE", []
    if not actor.is_authenticated or actor.partner_pk is None:
        return "FALSE", []
    return f"{column} = %s", [actor.partner_pk]


class ScopedQuerySet(models.QuerySet):  # type: ignore[type-arg]  # generic over each model's own type by django-stubs
    """Rows of one partner. Operators and the unscoped system see all; a member their partner's; nobody, nothing."""

    def visible_to(self, actor: Actor) -> Self:
        path = getattr(self.model, "partner_path", "")
        if not path:
            msg = f"{self.model.__name__} declares no partner_path."
            raise ImproperlyConfigured(msg)
        if sees_all(actor):
            return self.all()
        if not actor.is_authenticated or actor.partner_pk is None:
            return self.none()
        column = "pk" if path == "self" else f"{path}_id"
        return self.filter(**{column: actor.partner_pk})


class PartnerScoped(models.Model):
    """A row that belongs to one partner, reached over `partner_path` (`"partner"`, `"account__partner"` …)."""

    partner_path: ClassVar[str] = ""

    objects = ScopedQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def check(cls, **kwargs: object) -> list[checks.CheckMessage]:
        errors: list[checks.CheckMessage] = super().check(**kwargs)
        if not cls.partner_path:
            errors.append(checks.Error(f"{cls.__name__} declares no partner_path.", obj=cls, id="access.E001"))
        return errors


M = TypeVar("M", bound=PartnerScoped)


def get_visible_or_404(model: type[M], actor: Actor, **lookup: object) -> M:
    """The one row visible to the actor; otherwise `NotFound`, whether it is absent or another partner's."""
    try:
        return model.objects.visible_to(actor).get(**lookup)  # type: ignore[no-any-return]
    except model.DoesNotExist as error:
        raise NotFound("not_found", _("It does not exist, or you may not see it.")) from error
