"""The audit page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from partner_console.access.policy import Permission
from partner_console.exports.registry import get_spec
from partner_console.exports.selectors import may_export
from partner_console.web.listing import ListPage

from . import selectors
from .filters import EntryFilters
from .models import AuditEntry
from .tables import COLUMNS
from .wording import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from partner_console.web.paging import Page
    from partner_console.web.tables import Column

    from .wording import Line


class EntryPage(ListPage[AuditEntry]):
    """The trail, newest first. A page of entries is put into words at once, so that references cost one query."""

    url_name, template = "audit:entry_list", "audit/entry_list.html"
    permission, caption = Permission.AUDIT_VIEW, gettext_lazy("Audit trail")
    model, columns, filters, default_sort = AuditEntry, COLUMNS, EntryFilters, "-at"

    def rows(self) -> QuerySet[AuditEntry]:
        return selectors.list_entries(self.actor, **self.query.filters)

    def page(self) -> Page[AuditEntry]:
        page = super().page()
        self._lines: dict[int, Line] = {line.pk: line for line in in_words(self.actor, page.rows)}
        return page

    def shown_columns(self) -> list[Column]:
        return [replace(column, cell=self._in_words(column)) for column in self.query.columns]

    def _in_words(self, column: Column) -> Callable[[AuditEntry], str]:
        return lambda entry: column.cell(self._lines[entry.pk])

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state == "filtered":
            return None
        return {
            "title": _("Nothing has been done yet"),
            "text": _("Every change anybody makes here is written down on this page, with who, when and why."),
            "icon": "scroll-text",
        }

    def context(self) -> dict[str, Any]:
        return {"may_export": may_export(self.actor, get_spec("audit.entries"))}

    @property
    def url_of_export(self) -> str:
        return self.export_url("audit.entries")


@require_GET
def entry_list(request: ActorRequest) -> HttpResponse:
    """`/audit/`: everything done in the partner, filterable."""
    return EntryPage(request.actor, request.GET).response(request)
