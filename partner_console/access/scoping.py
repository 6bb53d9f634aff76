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


class ScopedQuerySet(models.QuerySet):  # type: ignore[type-arg]  # generic over each model's own type by django-stubs
    """Rows of one partner. Operators and the unscoped system see all; a member their partner's; nobody, nothing."""

    def visible_to(self, actor: Actor) -> Self:
        path = getattr(self.model, "partner_path", "")
        if not path:
            msg = f"{self.model.__name__} declares no partner_path."
            raise ImproperlyConfigured(msg)
        if not actor.is_authenticated:
            return self.none()
        if actor.partner_pk is not None:
            column = "pk" if path == "self" else f"{path}_id"
            return self.filter(**{column: actor.partner_pk})
        if actor.is_operator or actor.is_system:
            return self.all()
        return self.none()


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
