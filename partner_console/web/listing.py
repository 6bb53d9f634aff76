"""Lists: one small class behind every table of the console.

A list declares its columns and filters and says where its rows come from. The URL is the whole view: filters, sort,
columns, page size, place. A parameter that is unknown or bad shows an error and no rows (422), never all rows.

    # <app>/filters.py
    class EntryFilters(ListFilters):
        q = forms.CharField(label=_("Search"), required=False)
        action = forms.MultipleChoiceField(label=_("Action"), required=False, choices=Action.choices,
                                           widget=forms.CheckboxSelectMultiple)

    # <app>/tables.py — cells are built with the functions of web/tables.py, which escape
    COLUMNS = (
        Column("at", _("Time"), lambda row: when(row.at), sort=Sort("at"), is_fixed=True, heads_row=True),
        Column("actor", _("By"), lambda row: text(row.actor_label)),
    )

    # <app>/views.py
    class EntryPage(ListPage[AuditEntry]):
        url_name, template = "audit:entry_list", "audit/entry_list.html"
        permission, caption = Permission.AUDIT_VIEW, _("Audit trail")
        model, columns, filters, default_sort = AuditEntry, COLUMNS, EntryFilters, "-at"

        def rows(self) -> QuerySet[AuditEntry]:
            return selectors.list_entries(self.actor, **self.query.filters)   # visible_to, select_related, no order

    @require_GET
    def entry_list(request: ActorRequest) -> HttpResponse:
        return EntryPage(request.actor, request.GET).response(request)

    {# templates/audit/entry_list.html #}
    {% extends "_base.html" %}
    {% block title %}{% translate "Audit trail" %}{% endblock %}
    {% block content %}
      {% include "ui/list_tools.html" %}
      {% partialdef results inline %}{% include "ui/list_results.html" %}{% endpartialdef %}
    {% endblock %}

Sorts name an indexed column: `(partner, key, id)`. Selectors take the filters by name, with defaults for all of them.
A detail page that got the list's query as `?from=` asks `EntryPage(actor, from_string(query)).neighbours(row)`.
Exports take `EntryPage(actor, from_string(query)).selection(scope, pks)`, `.page().rows` and `.filter_in_words()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

from django.db.models import Model, QuerySet
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse

from partner_console.access.policy import require
from partner_console.errors import Invalid
from partner_console.web.htmx import render_page, wants_fragment
from partner_console.web.listquery import SIZES, ListFilters, ListQuery
from partner_console.web.listquery import from_string as from_string
from partner_console.web.paging import Page, mark_of, read_page
from partner_console.web.tables import Column, HeadCell, Table, prepared_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest
    from django.utils.functional import Promise

    from partner_console.access.actor import Actor
    from partner_console.access.policy import Permission

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Neighbours(Generic[M]):
    """Where a detail page's reader came from: the list's URL and query, and the rows on either side."""

    list_url: str
    query: str
    previous: M | None
    next: M | None


class ListPage(Generic[M]):
    """See the module's docstring. Built from an actor and a query; raises `Forbidden`, collects everything else."""

    url_name: ClassVar[str]
    template: ClassVar[str]
    permission: ClassVar[Permission]
    caption: ClassVar[str | Promise]
    model: ClassVar[type[Model]]
    columns: ClassVar[tuple[Column, ...]]
    filters: ClassVar[type[ListFilters]]
    default_sort: ClassVar[str]
    is_selectable: ClassVar[bool] = False

    def __init__(self, actor: Actor, data: QueryDict) -> None:
        require(actor, self.permission)
        self.actor = actor
        self.url = self.address()
        self.query = ListQuery(
            actor, data, filters=self.filters, columns=self.columns, default_sort=self.default_sort, model=self.model
        )

    # --- What a list says about itself ---------------------------------------------------------------------

    def address(self) -> str:
        """Where the list stands; a list that belongs to one object says its object's."""
        return reverse(self.url_name)

    def rows(self) -> QuerySet[M]:
        """The filtered rows the actor may see, unordered."""
        raise NotImplementedError

    def counted(self) -> QuerySet[M] | None:
        """As many rows, in a form that is cheaper to count (see `keyset.bare`); None where `rows` is as good."""
        return None

    def pinned(self) -> list[M]:
        """Rows shown above all others on the first page: an exact hit of the search."""
        return []

    def about(self) -> str:
        """What the list is about when it is about one thing only (“1792… Kaito Trading”): its exports say so."""
        return ""

    def label(self, row: M) -> str:
        """What “Select …” says of a row."""
        return str(row)

    def is_selected(self, _row: M) -> bool:
        """Whether a row comes chosen, where rows can be."""
        return False

    def shown_columns(self) -> list[Column]:
        """The columns to draw; a list whose cells need more than the row binds it here."""
        return self.query.columns

    def empty_message(self, state: str) -> dict[str, Any] | None:
        """What `ui/empty.html` takes when there is nothing; None for the common words."""
        return None

    def context(self) -> dict[str, Any]:
        """What else the template needs."""
        return {}

    # --- The page ------------------------------------------------------------------------------------------

    def response(self, request: HttpRequest) -> HttpResponse:
        if not self.query.is_canonical and not wants_fragment(request):
            return HttpResponseRedirect(f"{self.url}?{self.query.canonical}")
        context = {"list": self, "table": self.table(), "is_fragment": wants_fragment(request)} | self.context()
        status = Invalid.status if self.query.errors else 200
        response = render_page(request, self.template, context, fragment="results", status=status)
        if wants_fragment(request):
            response["HX-Push-Url"] = f"{self.url}?{self.query.canonical}"
        return response

    def table(self) -> Table:
        """One page of prepared rows with its heads and pager."""
        is_selectable = self.is_selectable and not self.query.errors
        table = Table("results", self.caption, self._heads(), is_selectable=is_selectable)
        if self.query.errors:
            table.state, table.message = "error", {"errors": self.query.errors}
            return table
        page = self.page()
        table.pager = self._pager(page)
        columns = self.shown_columns()
        table.body = prepared_rows(
            page.rows, columns, label=self.label, is_selectable=is_selectable, is_selected=self.is_selected
        )
        if not page.rows:
            table.state = "filtered" if self.query.filters else "empty"
            table.message = self.empty_message(table.state)
        return table

    def page(self) -> Page[M]:
        """The rows of this page and what lies around them; raises `Invalid` for a bad URL."""
        if self.query.errors:
            raise Invalid("bad_list_query", " ".join(self.query.errors))
        query = self.query
        return read_page(
            self.rows(),
            query.order,
            mark=query.mark,
            size=query.size,
            is_backwards=query.is_backwards,
            pinned=self.pinned(),
            counted=self.counted(),
        )

    def _pager(self, page: Page[M]) -> dict[str, Any]:
        """The context of `ui/pager.html`."""
        key, size = self.query.sort_key, self.query.size
        return {
            "first": page.first,
            "last": page.last,
            "shown": len(page.rows),
            "total": page.total,
            "is_capped": page.is_capped,
            "previous_url": self.url_with(before=page.before.encode(key)) if page.before else "",
            "next_url": self.url_with(after=page.after.encode(key)) if page.after else "",
            "size": size,
            "sizes": [(n, self.url_with(size=n), n == size) for n in SIZES],
        }

    def _heads(self) -> list[HeadCell]:
        heads = []
        for column in self.query.columns:
            url = direction = ""
            if column.sort is not None:
                is_current = self.query.sort_key.lstrip("-") == column.key
                is_falling = self.query.sort_key.startswith("-")
                url = self.url_with(sort=f"-{column.key}" if is_current and not is_falling else column.key)
                direction = ("descending" if is_falling else "ascending") if is_current else ""
            heads.append(HeadCell(column.key, column.label, column.css, url, direction, column.title))
        return heads

    # --- What templates and other doors ask ----------------------------------------------------------------

    def url_with(self, **changes: Any) -> str:
        return f"{self.url}?{self.query.string(**changes)}"

    @property
    def here(self) -> str:
        """This very page, place included."""
        return f"{self.url}?{self.query.string(place=True)}"

    @property
    def clear_url(self) -> str:
        return self.url_with(**dict.fromkeys(self.query.form.fields), sort=self.query.sort_key)

    def filter_in_words(self) -> list[tuple[str, str]]:
        form = self.query.form
        return [
            (str(form.fields[name].label), form.in_words(name, value)) for name, value in self.query.filters.items()
        ]

    @property
    def chips(self) -> list[dict[str, str]]:
        """The context of `ui/filters.html`."""
        names = zip(self.query.filters, self.filter_in_words(), strict=True)
        return [
            {"label": label, "value": value, "remove_url": self.url_with(**{name: None})}
            for name, (label, value) in names
        ]

    @property
    def has_filters(self) -> bool:
        return bool(set(self.query.form.fields) - {"q"})

    @property
    def n_filters(self) -> int:
        return len(set(self.query.filters) - {"q"})

    @property
    def column_choices(self) -> list[tuple[Column, bool]]:
        """Columns one may choose, with whether each is shown now."""
        shown = {column.key for column in self.query.columns}
        return [(column, column.key in shown) for column in self.query.offered if not column.is_fixed]

    @property
    def kept_for_columns(self) -> list[tuple[str, str]]:
        """What the menu of columns sends along unseen: the rest of the view."""
        return parse_qsl(self.query.string(columns=None))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What the form of search and filters sends along unseen."""
        return [(name, str(self.query.data[name])) for name in ("sort", "size", "columns") if self.query.data.get(name)]

    def export_url(self, spec: str, scope: str = "filter") -> str:
        """The export's start page for this view, place included, so that “this page” is the one on the screen.

        `scope` is what is chosen there to begin with: filter or page (selected goes by the bulk form).
        """
        start = urlencode({"spec": spec, "scope": scope})
        return f"{reverse('exports:job_new')}?{start}&{self.query.string(place=True)}"

    def selection(self, scope: str, pks: Sequence[int] = ()) -> list[QuerySet[M]]:
        """Rows of the whole filter, or those of `pks` in it, as querysets to be read one after another."""
        if self.query.errors:
            raise Invalid("bad_list_query", " ".join(self.query.errors))
        rows = self.rows() if scope == "filter" else self.rows().filter(pk__in=list(pks))
        return self.query.order.whole(rows)

    def neighbours(self, row: M) -> Neighbours[M]:
        """The rows before and after this one in the list; none when it is not (or no longer) in it."""
        current = None if self.query.errors else self.rows().filter(pk=row.pk).first()
        if current is None:
            return Neighbours(self.url, "", None, None)
        order, rows = self.query.order, self.rows()
        mark = mark_of(order, current, 1)
        before, after = order.read(rows, mark, 1, is_backwards=True), order.read(rows, mark, 1)
        query = self.query.string()
        return Neighbours(f"{self.url}?{query}", query, before[0] if before else None, after[0] if after else None)
