"""The list of requests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from partner_console.access.policy import Permission
from partner_console.approvals import selectors
from partner_console.approvals.filters import ApprovalFilters
from partner_console.approvals.models import Approval
from partner_console.approvals.tables import COLUMNS, state_cell
from partner_console.web.listing import ListPage

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from partner_console.web.tables import Column


class ApprovalPage(ListPage[Approval]):
    """`/approvals/`: newest first; what waits for the reader stands above all of it until they filter or sort."""

    url_name, template = "approvals:approval_list", "approvals/approval_list.html"
    permission, caption = Permission.APPROVAL_VIEW, gettext_lazy("Approvals")
    model, columns, filters, default_sort = Approval, COLUMNS, ApprovalFilters, "-asked"

    def rows(self) -> QuerySet[Approval]:
        return selectors.list_approvals(self.actor, **self.query.filters)

    @cached_property
    def mine(self) -> list[Approval]:
        """At most a page of them: the rest is a filter away."""
        return list(selectors.list_waiting_for(self.actor)[: self.query.size])

    def pinned(self) -> list[Approval]:
        is_plain = not self.query.filters and self.query.sort_key == self.default_sort
        return self.mine if is_plain else []

    def shown_columns(self) -> list[Column]:
        mine = {one.pk for one in self.mine}
        return [
            replace(column, cell=lambda row: state_cell(row, is_mine=row.pk in mine))
            if column.key == "state"
            else column
            for column in self.query.columns
        ]

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state != "empty":
            return None
        return {
            "title": _("Nothing was asked for yet"),
            "text": _(
                "When a colleague asks for something that one person alone may not do, such as an invitation with a "
                "large starting quota, it appears here and you get a mail."
            ),
            "icon": "shield-check",
        }

    def context(self) -> dict[str, Any]:
        return {"n_mine": selectors.count_waiting_for(self.actor)}


@require_GET
def approval_list(request: ActorRequest) -> HttpResponse:
    """The list, or its results as a fragment."""
    return ApprovalPage(request.actor, request.GET).response(request)
