"""The records of an account's switches: View PAYG Freeze Status & PAYG Shutdown Status Changes, and the other two."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from partner_console.access.actor import Channel
from partner_console.access.policy import Permission, allows, require
from partner_console.exports.registry import get_spec
from partner_console.exports.selectors import may_export
from partner_console.web import formats
from partner_console.web.listing import ListPage
from partner_console.web.listquery import ListFilters
from uids import selectors
from uids.control_tables import COLUMNS, at_the_cloud, undo_button
from uids.models import ControlChange
from uids.states import Control
from uids.switches import undo_urls
from uids.views.lists import CHANGED

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse, QueryDict

    from partner_console.access.actor import Actor
    from partner_console.access.middleware import ActorRequest
    from partner_console.web.paging import Page
    from partner_console.web.tables import Column, Table
    from uids.models import LinkedAccount

EXPORT = "uids.controls"
KINDS = (
    ("", gettext_lazy("All changes")),
    (selectors.PAYG, gettext_lazy("PAYG freeze & PAYG shutdown")),
    (Control.PURCHASE_CONTROL.value, Control.PURCHASE_CONTROL.label),
    (Control.SHUTDOWN_POLICY.value, Control.SHUTDOWN_POLICY.label),
)
PAYG_APART = tuple((what.value, what.label) for what in selectors.PAYG_CONTROLS)


class ChangeFilters(ListFilters):
    """Field names are the parameters of `selectors.list_control_changes`. `kind` comes from the page's tabs, and
    `operation` from links."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind of change"),
        required=False,
        choices=[*KINDS, *PAYG_APART],
        widget=forms.HiddenInput,
    )
    since = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=gettext_lazy("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    method = forms.MultipleChoiceField(
        label=gettext_lazy("Operation method"),
        required=False,
        choices=Channel.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    operation = forms.UUIDField(label=gettext_lazy("Operation"), required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first."))
        return cleaned


class ControlPage(ListPage[ControlChange]):
    """Changes of one account's switches, newest first."""

    url_name, template = "uids:control_list", "uids/control_list.html"
    permission = Permission.CONTROL_VIEW
    caption = gettext_lazy("Changes of PAYG freeze, PAYG shutdown, purchase control and shutdown policy")
    model, columns, filters, default_sort = ControlChange, COLUMNS, ChangeFilters, "-at"

    def __init__(self, actor: Actor, data: QueryDict, account: LinkedAccount) -> None:
        self.account = account
        super().__init__(actor, data)

    def address(self) -> str:
        return reverse(self.url_name, args=[self.account.uid])

    def about(self) -> str:
        return str(self.account)

    def rows(self) -> QuerySet[ControlChange]:
        return selectors.list_control_changes(self.actor, self.account, **self.query.filters)

    def page(self) -> Page[ControlChange]:
        page = super().page()
        self._orders = selectors.orders_of_changes(self.actor, self.account, page.rows)
        return page

    def shown_columns(self) -> list[Column]:
        """The cloud's answers of a page are one query, and so is what can be taken back."""
        urls = undo_urls(self.actor, self.account) if allows(self.actor, Permission.CONTROL_CHANGE) else {}
        cells = {
            "cloud": lambda change: at_the_cloud(self._orders.get(change.pk)),
            "undo": lambda change: undo_button(urls[change.pk], change) if change.pk in urls else formats.NOTHING,
        }
        return [replace(column, cell=cells.get(column.key, column.cell)) for column in self.query.columns]

    def table(self) -> Table:
        table = super().table()
        table.refresh = (CHANGED, self.here)
        return table

    def empty_message(self, _state: str) -> dict[str, Any] | None:
        if set(self.query.filters) - {"kind"}:
            return None
        return {
            "title": _("No changes recorded"),
            "text": _("Nothing of this kind has changed since the records began."),
            "icon": "history",
        }

    @property
    def heading(self) -> str:
        """The seed's own name for its own page."""
        if self.query.filters.get("kind") == selectors.PAYG:
            return _("PAYG Freeze Status & PAYG Shutdown Status Changes")
        return _("Changes of freeze, purchase control and shutdown policy")

    def tabs(self) -> list[dict[str, Any]]:
        current = self.query.filters.get("kind", "")
        return [
            {"url": self.url_with(kind=kind), "label": label, "is_current": kind == current} for kind, label in KINDS
        ]

    def export_url(self, spec: str, scope: str = "filter") -> str:
        """The account goes with the query: the job must find it again."""
        return f"{super().export_url(spec, scope)}&uid={self.account.uid}"

    @property
    def url_of_export(self) -> str:
        return self.export_url(EXPORT)

    def context(self) -> dict[str, Any]:
        return {
            "account": self.account,
            "begins_at": self.account.created_at,
            "may_export": may_export(self.actor, get_spec(EXPORT)),
            "tabs": self.tabs,
        }


def control_page(actor: Actor, data: QueryDict) -> ControlPage:
    """The list of a query that names its account with `uid`, as exports keep it."""
    data = data.copy()
    uid = data.pop("uid", [""])[-1]
    return ControlPage(actor, data, selectors.get_account(actor, uid))


@require_GET
def control_list(request: ActorRequest, uid: str) -> HttpResponse:
    """All records of one account's switches, or those of one kind."""
    require(request.actor, Permission.CONTROL_VIEW)
    account = selectors.get_account(request.actor, uid)
    return ControlPage(request.actor, request.GET, account).response(request)
