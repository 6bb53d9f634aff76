"""Which accounts a bulk edit is about."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from quota.selectors import list_uids_with_quota
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from uids.models import BulkEdit

_AMOUNTS = ("available_min", "available_max")


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen rows, or the whole filter: its values by name, and the query string that says the same to people."""

    query: str
    filters: dict[str, Any]
    pks: tuple[int, ...] | None = None

    def rows(self, actor: Actor) -> QuerySet[LinkedAccount]:
        if self.pks is not None:
            return LinkedAccount.objects.visible_to(actor).filter(pk__in=self.pks)
        return list_uids_with_quota(actor, **self.filters)

    @classmethod
    def of(cls, edit: BulkEdit) -> Selection:
        filters = {name: Decimal(value) if name in _AMOUNTS else value for name, value in edit.filters.items()}
        return cls(edit.query, filters, None if edit.pks is None else tuple(edit.pks))

    def filters_as_json(self) -> dict[str, Any]:
        return {name: str(value) if isinstance(value, Decimal) else value for name, value in self.filters.items()}
