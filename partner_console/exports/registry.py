"""What can be exported: one spec per list, found by name. Specs live in each app's `exports.py`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db.models import TextChoices
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, allows
from partner_console.errors import Invalid, NotFound
from partner_console.exports.cells import Kind as Kind
from partner_console.web.keyset import bare, capped_count
from partner_console.web.listing import from_string

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from django.db.models import QuerySet
    from django.http import QueryDict
    from django.utils.functional import _StrPromise

    from partner_console.access.actor import Actor
    from partner_console.web.listing import ListPage

# Dotted names, so that the kernel imports no app and nothing registers itself by being imported.
SPECS = {
    "uids.accounts": "uids.exports.ACCOUNTS",
    "uids.controls": "uids.control_exports.CONTROLS",
    "quota.entries": "quota.exports.ENTRIES",
    "quota.warnings": "quota.warning_exports.WARNINGS",
    "quota.exposure": "quota.exports.EXPOSURE",
    "linking.invitations": "linking.exports.INVITATIONS",
    "audit.entries": "partner_console.audit.exports.ENTRIES",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `permission`, when given, is needed beside the spec's: without it the column does not exist."""

    key: str
    label: str | _StrPromise
    kind: Kind = Kind.TEXT
    permission: Permission | None = None


class Scope(TextChoices):
    FILTER = "filter", _("Everything that matches")
    PAGE = "page", _("This page")
    SELECTED = "selected", _("The selected rows")


MOST_SELECTED = 5_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows: the list's query string and, for a page or a choice of rows, their keys in the list's order."""

    query: str = ""
    scope: Scope = Scope.FILTER
    pks: tuple[int, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Selection:
        return cls(query=data["query"], scope=Scope(data["scope"]), pks=tuple(data["pks"]))


@dataclass(frozen=True, slots=True)
class ExportSpec:
    """How one list becomes a file: the list itself says which rows and which columns it shows.

    `columns` are all there are, in order, with the list's own keys where it has them. `read(actor, rows, columns)`
    yields one tuple per row of a queryset, in the active language, with constant memory. `shown_as` says which columns
    stand for one of the list's, where that is not the one of the same key.
    """

    name: str
    title: str | _StrPromise
    permission: Permission
    file_stem: str
    list_page: Callable[[Actor, QueryDict], ListPage[Any]]
    columns: tuple[Column, ...]
    read: Callable[[Actor, QuerySet[Any], Sequence[Column]], Iterator[tuple[Any, ...]]]
    shown_as: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def open_list(self, actor: Actor, query: str) -> ListPage[Any]:
        """The list as that query string shows it. Raises `Invalid` when the query string is not one of its own."""
        found = self.list_page(actor, from_string(query))
        if found.query.errors:
            raise Invalid("bad_filter", " ".join(found.query.errors))
        return found

    def columns_for(self, actor: Actor) -> list[Column]:
        """Those the actor may see, in order."""
        return [c for c in self.columns if c.permission is None or allows(actor, c.permission)]

    def choose(self, actor: Actor, keys: Iterable[str]) -> list[Column]:
        """The columns of these keys, in their order, without those the actor may not see."""
        allowed = {c.key: c for c in self.columns_for(actor)}
        return [allowed[key] for key in keys if key in allowed]

    def visible(self, actor: Actor, query: str) -> list[Column]:
        """The columns the list shows under that query string."""
        shown = [column.key for column in self.open_list(actor, query).query.columns]
        keys = [key for name in shown for key in self.shown_as.get(name, (name,))]
        return self.choose(actor, dict.fromkeys(keys))

    def count(self, actor: Actor, selection: Selection, cap: int | None = None) -> int:
        """How many rows; no further than one past `cap`."""
        parts = self._parts(actor, selection)
        return sum(part.order_by().count() if cap is None else capped_count(bare(part), cap) for part in parts)

    def rows(self, actor: Actor, selection: Selection, columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
        """The rows in the list's order."""
        for part in self._parts(actor, selection):
            yield from self.read(actor, part, columns)

    def _parts(self, actor: Actor, selection: Selection) -> list[QuerySet[Any]]:
        scope = "filter" if selection.scope == Scope.FILTER else "selected"
        return self.open_list(actor, selection.query).selection(scope, selection.pks)


@cache
def get_spec(name: str) -> ExportSpec:
    """The spec of this name; `NotFound` for any other."""
    if name not in SPECS:
        raise NotFound("unknown_export", _("There is no such export."))
    spec: ExportSpec = import_string(SPECS[name])
    return spec


def parse_selection(*, scope: str, query: str, pks: Sequence[str]) -> Selection:
    """What a form or link asks for, in our types. Raises `Invalid` for anything that is not exactly that."""
    if scope not in Scope.values:
        raise Invalid("unknown_scope", _("Choose which rows to export."), field="scope")
    try:
        numbers = tuple(dict.fromkeys(int(pk) for pk in pks))
    except ValueError as error:
        raise Invalid(
            "bad_selection", _("The selection could not be read. Select the rows again."), field="scope"
        ) from error
    if len(numbers) > MOST_SELECTED:
        raise Invalid(
            "too_many_selected",
            _("At most %(most)s rows can be selected one by one. Use a filter instead.")
            % {"most": f"{MOST_SELECTED:,}"},
            field="scope",
        )
    return Selection(query=query.removeprefix("?"), scope=Scope(scope), pks=numbers)
