"""The dry run of one switch over every sub-account: now, after, and why some stay as they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from partner_console.access.policy import Permission, require
from partner_console.web.keyset import Sort
from partner_console.web.listing import ListPage
from partner_console.web.listquery import ListFilters
from partner_console.web.tables import Column, clipped, link, text
from uids import selectors
from uids.control_tables import change_as_badges, state_as_badge
from uids.controls import held
from uids.models import LinkedAccount
from uids.previews import newest_changes, preview_control
from uids.states import Control
from uids.switch_words import confirm_url, flip_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse, QueryDict

    from partner_console.access.actor import Actor
    from partner_console.access.middleware import ActorRequest
    from partner_console.web.paging import Page
    from uids.models import ControlChange
    from uids.previews import ControlPreview

CHANGES, STAYS = "changes", "stays"

COLUMNS = (
    Column(
        "uid",
        gettext_lazy("UID"),
        lambda row: link(reverse("uids:account_detail", args=[row.uid]), row.uid, css="mono"),
        sort=Sort("uid"),
        is_fixed=True,
        heads_row=True,
    ),
    Column("nickname", gettext_lazy("Nickname"), lambda row: clipped(row.nickname), css="clip"),
    Column("effect", gettext_lazy("Now → after"), css="wrap", is_fixed=True),
    Column("why", gettext_lazy("Why"), css="wrap"),
)


class DryRunFilters(ListFilters):
    effect = forms.ChoiceField(
        label=gettext_lazy("Sub-accounts shown"),
        required=False,
        choices=[
            ("", gettext_lazy("Every sub-account")),
            (CHANGES, gettext_lazy("Those that change")),
            (STAYS, gettext_lazy("Those that stay as they are")),
        ],
    )


class DryRunPage(ListPage[LinkedAccount]):
    """Sub-accounts of one master, by UID: 5 or 5,000."""

    url_name, template = "uids:control_preview", "uids/control_preview.html"
    permission, caption = Permission.CONTROL_CHANGE, gettext_lazy("Sub-accounts, now and after")
    model, columns, filters, default_sort = LinkedAccount, COLUMNS, DryRunFilters, "uid"

    def __init__(self, actor: Actor, data: QueryDict, preview: ControlPreview, value: str) -> None:
        self.preview, self.value = preview, value
        self.account = preview.account.account
        super().__init__(actor, data)

    def address(self) -> str:
        return reverse(self.url_name, args=[self.account.uid, self.preview.what.value, self.value])

    def rows(self) -> QuerySet[LinkedAccount]:
        wanted, rows, stays = self.query.filters.get("effect"), self.preview.rows.order_by(), held(self.preview.what)
        if not wanted:
            return rows
        return rows.filter(stays) if wanted == STAYS else rows.exclude(stays)

    def page(self) -> Page[LinkedAccount]:
        page = super().page()
        self._own = newest_changes(self.actor, self.preview.what, [row.pk for row in page.rows])
        return page

    def shown_columns(self) -> list[Column]:
        cells = {"effect": self._effect, "why": self._why}
        return [replace(column, cell=cells.get(column.key, column.cell)) for column in self.query.columns]

    def _effect(self, row: LinkedAccount) -> str:
        line, what = self.preview.line(row), self.preview.what
        return str(state_as_badge(what, line.now)) if line.is_same else change_as_badges(what, line.now, line.after)

    def _why(self, row: LinkedAccount) -> str:
        if self.preview.line(row).is_held:
            return text(_("By its own switch: stays.")) + _own_reason(self._own.get(row.pk))
        if self.preview.what is Control.PAYG_FREEZE and row.in_force.payg_stopped_at:
            return text(_("Stopped by arrears: its pay-as-you-go instances stand still already."))
        return text("")

    def context(self) -> dict[str, Any]:
        flip = flip_of(self.preview.what, self.value)
        return {
            "account": self.account,
            "preview": self.preview,
            "title": flip.title % {"account": self.account},
            "confirm_url": confirm_url(flip, self.account.uid),
        }


def _own_reason(change: ControlChange | None) -> str:
    """Why somebody set it, where the records know."""
    if change is None or not change.reason:
        return ""
    return f" {text(change.reason, css='soft')}"


@require_GET
def control_preview(request: ActorRequest, uid: str, what: str, value: str) -> HttpResponse:
    """What setting this switch would do to every sub-account; nothing is changed here."""
    require(request.actor, Permission.CONTROL_CHANGE)
    account = selectors.get_account(request.actor, uid)
    preview = preview_control(request.actor, account, what, value)
    return DryRunPage(request.actor, request.GET, preview, value).response(request)
