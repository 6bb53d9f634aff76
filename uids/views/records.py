"""View PAYG Freeze Status & PAYG Shutdown Status Changes (seed 004 §2.2)."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from partner_console.access.actor import Channel
from partner_console.access.policy import Permission, require
from partner_console.cloud.selectors import commands_by_operation
from partner_console.web import formats
from partner_console.web.badges import status_badge
from partner_console.web.keyset import Sort
from partner_console.web.listing import ListPage
from partner_console.web.listquery import ListFilters
from partner_console.web.tables import Column, link, text
from uids import selectors
from uids.models import ControlChange
from uids.states import PaygStatus

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse, QueryDict

    from partner_console.access.actor import Actor
    from partner_console.access.middleware import ActorRequest
    from partner_console.cloud.models import CloudCommand
    from partner_console.web.paging import Page
    from uids.models import LinkedAccount


class ChangeFilters(ListFilters):
    what = forms.MultipleChoiceField(
        label=gettext_lazy("Kind of change"),
        required=False,
        choices=[(what.value, what.label) for what in selectors.PAYG_CONTROLS],
        widget=forms.CheckboxSelectMultiple,
    )
    method = forms.MultipleChoiceField(
        label=gettext_lazy("Operation method"),
        required=False,
        choices=Channel.choices,
        widget=forms.CheckboxSelectMultiple,
    )


def _state(value: str) -> str:
    """A PAYG state as its badge; a word a later version no longer knows stays as it was written."""
    return str(status_badge(value, PaygStatus(value).label if value in PaygStatus.values else value))


def _change(change: ControlChange) -> str:
    return f'{_state(change.before)} <span aria-hidden="true">→</span> {_state(change.after)}'


def _operator(change: ControlChange) -> str:
    return f'{text(change.who)}<br><span class="soft mono">{escape(change.operator_uid)}</span>'


def _cause(change: ControlChange) -> str:
    """The master whose freeze this account followed."""
    if change.cause is None:
        return text(_("This account"))
    return link(reverse("uids:account_detail", args=[change.cause.uid]), change.cause.uid, css="mono")


COLUMNS = (
    Column(
        "at",
        gettext_lazy("Operation time"),
        lambda change: str(formats.when_html(change.at, exact=True)),
        sort=Sort("at"),
        is_fixed=True,
        heads_row=True,
    ),
    Column("what", gettext_lazy("Kind of change"), lambda change: text(change.get_what_display())),
    Column("change", gettext_lazy("Change"), _change, is_fixed=True),
    Column("reason", gettext_lazy("Reason"), lambda change: text(change.reason), css="wrap"),
    Column("operator", gettext_lazy("Operator"), _operator),
    Column("method", gettext_lazy("Operation method"), lambda change: text(change.get_method_display())),
    Column("cloud", gettext_lazy("At the cloud"), lambda _change: formats.NOTHING),
    Column(
        "cause",
        gettext_lazy("Asked for"),
        _cause,
        title=gettext_lazy("The account somebody froze or unfroze; its sub-accounts follow it"),
    ),
)


def _at_the_cloud(command: CloudCommand | None) -> str:
    """Whether the cloud confirmed it: the order of the same action, the master's for a sub-account."""
    return str(status_badge(command.state, command.get_state_display())) if command else formats.NOTHING


class ControlPage(ListPage[ControlChange]):
    """Freeze and shutdown changes of one account, newest first."""

    url_name, template = "uids:control_list", "uids/control_list.html"
    permission = Permission.CONTROL_VIEW
    caption = gettext_lazy("PAYG freeze and PAYG shutdown changes")
    model, columns, filters, default_sort = ControlChange, COLUMNS, ChangeFilters, "-at"

    def __init__(self, actor: Actor, data: QueryDict, account: LinkedAccount) -> None:
        self.account = account
        super().__init__(actor, data)

    def address(self) -> str:
        return reverse(self.url_name, args=[self.account.uid])

    def rows(self) -> QuerySet[ControlChange]:
        return selectors.list_payg_changes(self.actor, self.account, **self.query.filters)

    def page(self) -> Page[ControlChange]:
        page = super().page()
        self._orders = commands_by_operation(self.actor, [change.operation_id for change in page.rows])
        return page

    def shown_columns(self) -> list[Column]:
        """The cloud's answers of a page are one query."""
        return [
            replace(column, cell=lambda change: _at_the_cloud(self._orders.get(change.operation_id)))
            if column.key == "cloud"
            else column
            for column in self.query.columns
        ]

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state == "filtered":
            return None
        return {
            "title": _("No changes recorded"),
            "text": _("PAYG of this account has been neither frozen nor stopped since the records begin."),
            "icon": "history",
        }

    def context(self) -> dict[str, Any]:
        return {"account": self.account, "begins_at": self.account.created_at}


@require_GET
def control_list(request: ActorRequest, uid: str) -> HttpResponse:
    """PAYG freeze and PAYG shutdown changes of one account."""
    require(request.actor, Permission.CONTROL_VIEW)
    account = selectors.get_account(request.actor, uid)
    return ControlPage(request.actor, request.GET, account).response(request)
