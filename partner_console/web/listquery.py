"""The URL of a list, read strictly: filters, sort, columns, page size and place. The URL is the whole view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from partner_console.access.policy import Permission, allows, require
from partner_console.errors import Invalid
from partner_console.web import formats
from partner_console.web.keyset import Mark, Order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import Model

    from partner_console.access.actor import Actor
    from partner_console.web.tables import Column

OWN = ("sort", "size", "columns", "after", "before")
SIZES = (25, 50, 100, 200)
DEFAULT_SIZE = 50


class ListFilters(forms.Form):
    """The filters of one list; the search is a field named `q`. `cleaned_data` is what the selector takes.

    `permissions` names filters that need one: absent from the form, and refused (403) in the URL, for who lacks it.
    """

    permissions: ClassVar[dict[str, Permission]] = {}

    def __init__(self, data: QueryDict, *, actor: Actor) -> None:
        super().__init__(data, auto_id="filter-%s")
        self.actor = actor
        for name, permission in self.permissions.items():
            if not allows(actor, permission):
                if name in data:
                    require(actor, permission)
                del self.fields[name]

    def in_force(self) -> dict[str, Any]:
        """What was asked for, without the fields left empty."""
        return {
            name: value for name, value in self.cleaned_data.items() if value or (value == 0 and value is not False)
        }

    def drawn(self) -> list[forms.BoundField]:
        """The fields of the filter menu: all but the search and those with nothing to choose from."""
        fields = [field for field in self.visible_fields() if field.name != "q"]
        return [field for field in fields if any(True for _choice in getattr(field.field, "choices", (1,)))]

    def in_words(self, name: str, value: Any) -> str:
        """A value as its chip says it."""
        choices = dict(_flat(getattr(self.fields[name], "choices", ())))
        values = value if isinstance(value, list | tuple) else [value]
        if isinstance(self.fields[name], forms.BooleanField):
            return _("yes")
        return formats.listed(choices.get(str(item), choices.get(item, item)) for item in values)


def _flat(choices: Any) -> list[tuple[Any, Any]]:
    return [(value, label) for value, label in choices if not isinstance(label, list | tuple)]


class ListQuery:
    """One list URL, parsed. `errors` is empty, or says in words what is wrong; then there are no rows to show."""

    def __init__(
        self,
        actor: Actor,
        data: QueryDict,
        *,
        filters: type[ListFilters],
        columns: Sequence[Column],
        default_sort: str,
        model: type[Model],
    ) -> None:
        self.data, self.default_sort = data, default_sort
        self.errors: list[str] = []
        self.form = filters(data, actor=actor)
        if unknown := sorted(set(data) - set(self.form.fields) - set(OWN)):
            self.errors.append(_("This list has no filter named “%s”.") % ", ".join(unknown)[:100])
        if not self.form.is_valid():
            self.errors += [
                formats.named(self.form.fields[name].label, " ".join(map(str, messages)))
                if name in self.form.fields
                else str(messages[0])
                for name, messages in self.form.errors.items()
            ]
        self.columns = self._columns([c for c in columns if c.permission is None or allows(actor, c.permission)])
        self.size = self._size()
        self.sort_key, self.order = self._order(columns, actor)
        self.mark, self.is_backwards = self._mark(model)

    @property
    def filters(self) -> dict[str, Any]:
        return self.form.in_force() if self.form.is_valid() else {}

    def string(self, *, place: bool = False, **changes: Any) -> str:
        """The query string with some parameters changed (None removes one); without the place unless asked."""
        gone = set(changes) | (set() if place else {"after", "before"})
        pairs = [(name, value) for name, values in self.data.lists() if name not in gone for value in values if value]
        pairs += [(name, value) for name, value in changes.items() if value not in (None, "")]
        return urlencode(pairs)

    @property
    def is_canonical(self) -> bool:
        """No empty parameters: a form without scripts sends its empty fields too."""
        return (
            all(value for values in self.data.lists() for value in values[1]) and len(self.data.getlist("columns")) < 2
        )

    @property
    def canonical(self) -> str:
        chosen = ",".join(self.data.getlist("columns"))
        return self.string(place=True, **({"columns": chosen} if chosen else {})) or f"sort={self.default_sort}"

    def _columns(self, offered: list[Column]) -> list[Column]:
        self.offered = offered
        chosen = [key for part in self.data.getlist("columns") for key in part.split(",") if key]
        if unknown := sorted(set(chosen) - {column.key for column in offered}):
            self.errors.append(_("This list has no column named “%s”.") % ", ".join(unknown)[:100])
        if not chosen:
            return [column for column in offered if column.is_shown or column.is_fixed]
        return [column for column in offered if column.is_fixed or column.key in chosen]

    def _size(self) -> int:
        text = self.data.get("size") or str(DEFAULT_SIZE)
        if text not in map(str, SIZES):
            self.errors.append(_("A page has 25, 50, 100 or 200 rows, not “%s”.") % text[:20])
            return DEFAULT_SIZE
        return int(text)

    def _order(self, columns: Sequence[Column], actor: Actor) -> tuple[str, Order[Any]]:
        sorts = {column.key: column.sort for column in self.offered if column.sort is not None}
        wanted = self.data.get("sort") or self.default_sort
        if wanted.lstrip("-") not in sorts or wanted.startswith("--"):
            hidden = [
                c.permission for c in columns if c.key == wanted.lstrip("-") and c.permission and c not in self.offered
            ]
            if hidden:
                require(actor, hidden[0])
            self.errors.append(_("This list cannot be sorted by “%s”.") % wanted[:40])
            wanted = self.default_sort
        return wanted, Order(sorts[wanted.lstrip("-")], wanted.startswith("-"), actor.partner_pk)

    def _mark(self, model: type[Model]) -> tuple[Mark | None, bool]:
        name = "before" if self.data.get("before") else "after"
        token = self.data.get(name)
        if not token or self.errors:
            return None, False
        try:
            return Mark.decode(token, self.sort_key, self.order.sort.field(model)), name == "before"
        except Invalid as error:
            self.errors.append(str(error.message))
            return None, False


def from_string(query: str | Mapping[str, str]) -> QueryDict:
    """A query string kept somewhere (a saved view, an export job, `?from=`) as a request would have it."""
    return QueryDict(query if isinstance(query, str) else urlencode(query, doseq=True))
