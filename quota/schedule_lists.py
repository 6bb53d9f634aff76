"""Everything that is planned for a partner's accounts, as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission
from partner_console.web.keyset import Sort
from partner_console.web.listing import ListPage
from partner_console.web.listquery import ListFilters
from partner_console.web.tables import Column, clipped, link, status, text, when
from partner_console.web.widgets import PlainCheckboxes
from quota.selectors.plans import list_plans
from uids.models import ScheduledControl, ScheduleState
from uids.models.scheduled import PLANNABLE

if TYPE_CHECKING:
    from django.db.models import QuerySet


class PlanFilters(ListFilters):
    """Field names are the list's URL for good."""

    q = forms.CharField(
        label=gettext_lazy("Search"), help_text=gettext_lazy("UID or nickname"), required=False, max_length=100
    )
    state = forms.MultipleChoiceField(
        label=gettext_lazy("Status"), required=False, choices=ScheduleState.choices, widget=PlainCheckboxes
    )
    what = forms.MultipleChoiceField(
        label=gettext_lazy("Switch"),
        required=False,
        choices=[(one.value, one.label) for one in PLANNABLE],
        widget=PlainCheckboxes,
    )


def _account(row: ScheduledControl) -> str:
    url = reverse("quota:schedule", args=[row.account.uid])
    return f'{link(url, row.account.known_as)} <span class="soft mono">{text(row.account.uid)}</span>'


def _next(row: ScheduledControl) -> str:
    due = str(when(row.due_at))
    return " ".join([due, text(_("after quiet hours"), css="soft")]) if row.is_moved else due


COLUMNS = (
    Column("account", gettext_lazy("Customer"), _account, css="stay", is_fixed=True, heads_row=True),
    Column("change", gettext_lazy("Planned change"), lambda row: text(row.title), is_fixed=True),
    Column("next", gettext_lazy("Next step"), _next, sort=Sort("due_at", is_nullable=True)),
    Column("begins", gettext_lazy("Begins"), lambda row: when(row.starts_at)),
    Column("ends", gettext_lazy("Ends by itself"), lambda row: when(row.ends_at)),
    Column("told", gettext_lazy("Customer told"), lambda row: when(row.noticed_at)),
    Column("reason", gettext_lazy("Reason"), lambda row: clipped(row.reason), css="clip"),
    Column("by", gettext_lazy("Planned by"), lambda row: clipped(str(row.asked_by or row.operator)), css="clip"),
    Column("made", gettext_lazy("Planned at"), lambda row: when(row.created_at), is_shown=False),
    Column("state", gettext_lazy("Status"), lambda row: status(ScheduleState(row.state))),
    Column("cause", gettext_lazy("Cause"), lambda row: clipped(row.cause), css="clip", is_shown=False),
)


class PlanPage(ListPage[ScheduledControl]):
    """`/schedule/`: what is ahead, the next step first."""

    url_name, template = "quota:schedule_list", "quota/schedule/list.html"
    permission, caption = Permission.CONTROL_VIEW, gettext_lazy("Planned changes")
    model, columns, filters, default_sort = ScheduledControl, COLUMNS, PlanFilters, "next"

    def rows(self) -> QuerySet[ScheduledControl]:
        return list_plans(self.actor, **self.query.filters)

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state == "filtered" and self.query.filters:
            return None
        return {
            "title": _("Nothing is planned"),
            "text": _("Plan a freeze, a purchase ban or another shutdown policy on an account's page."),
            "icon": "calendar-clock",
            "url": reverse("uids:account_list"),
            "label": _("Open the list of accounts"),
        }
