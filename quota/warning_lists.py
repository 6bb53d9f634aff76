"""The inbox of warnings as a list: one tab for each state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from partner_console.access.policy import Permission, allows
from partner_console.web.listing import ListPage
from partner_console.web.listquery import ListFilters
from partner_console.web.widgets import PlainCheckboxes, PlainSelect
from quota.models import Warning
from quota.selectors.warnings import WarningState, counts_by_state, list_warnings
from quota.states import PARTNER_KINDS
from quota.warning_tables import COLUMNS
from uids.models.account import MANAGER_CHARACTERS
from uids.selectors import label_choices, list_business_managers

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict

    from partner_console.access.actor import Actor
    from partner_console.web.tables import Table

EXPORT = "quota.warnings"
DAYS = [(str(n), ngettext_lazy("%(n)d day", "%(n)d days", n) % {"n": n}) for n in (1, 3, 7, 30)]
# What can be done in a tab, and what its rows are looked at for.
ACTIONS = {
    WarningState.OPEN: ("acknowledge", "snooze"),
    WarningState.ACKNOWLEDGED: ("snooze",),
    WarningState.SNOOZED: ("snooze", "unsnooze"),
    WarningState.RESOLVED: (),
}
BUTTONS = {
    "acknowledge": (gettext_lazy("Acknowledge"), "check"),
    "snooze": (gettext_lazy("Snooze"), "bell-off"),
    "unsnooze": (gettext_lazy("End the snooze"), "bell"),
}
COLUMNS_OF = {
    WarningState.OPEN: ("customer", "lines", "then", "now", "run_out", "since", "manager"),
    WarningState.ACKNOWLEDGED: ("customer", "lines", "then", "now", "run_out", "since", "who"),
    WarningState.SNOOZED: ("customer", "lines", "then", "now", "run_out", "since", "snoozed", "reason"),
    WarningState.RESOLVED: ("customer", "lines", "then", "now", "since", "over", "who"),
}
EMPTY = {
    WarningState.OPEN: (
        gettext_lazy("Nothing is open"),
        gettext_lazy("When a customer falls below a warning line, it stands here and a mail goes out."),
    ),
    WarningState.ACKNOWLEDGED: (
        gettext_lazy("Nobody has taken a warning yet"),
        gettext_lazy("Acknowledge a warning to tell your colleagues that you have it."),
    ),
    WarningState.SNOOZED: (
        gettext_lazy("Nothing is snoozed"),
        gettext_lazy("Snooze a warning when you know about it: no mail until the time you choose."),
    ),
    WarningState.RESOLVED: (
        gettext_lazy("Nothing was resolved yet"),
        gettext_lazy("A warning is resolved when the account is back at or above its lines."),
    ),
}


class WarningFilters(ListFilters):
    """Field names are the list's URL for good."""

    q = forms.CharField(
        label=gettext_lazy("Search"), help_text=gettext_lazy("UID, name, login or e-mail"), required=False,
        max_length=100,
    )  # fmt: skip
    state = forms.ChoiceField(
        label=gettext_lazy("Status"), required=False, choices=WarningState.choices, widget=forms.HiddenInput
    )
    kind = forms.MultipleChoiceField(
        label=gettext_lazy("Kind of line"),
        required=False,
        choices=[(str(kind.value), kind.label) for kind in PARTNER_KINDS],
        widget=PlainCheckboxes,
    )
    label = forms.MultipleChoiceField(label=gettext_lazy("Labels"), required=False, widget=PlainCheckboxes)
    manager = forms.CharField(
        label=gettext_lazy("Business manager"),
        required=False,
        max_length=MANAGER_CHARACTERS,
        widget=forms.TextInput(attrs={"list": "managers", "autocomplete": "off"}),
    )
    older_than = forms.ChoiceField(
        label=gettext_lazy("Open for longer than"), required=False, choices=[("", gettext_lazy("Any")), *DAYS],
        widget=PlainSelect,
    )  # fmt: skip
    in_arrears = forms.BooleanField(label=gettext_lazy("In arrears now"), required=False)

    def __init__(self, data: QueryDict, *, actor: Actor) -> None:
        super().__init__(data, actor=actor)
        self.fields["label"].choices = lambda: label_choices(actor)  # type: ignore[attr-defined]


class WarningPage(ListPage[Warning]):
    """`/warnings/`: what is open first, the newest on top."""

    url_name, template = "quota:warning_list", "quota/warnings/list.html"
    permission, caption = Permission.QUOTA_VIEW, gettext_lazy("Quota warnings")
    model, columns, filters, default_sort = Warning, COLUMNS, WarningFilters, "-since"
    is_selectable = True

    def __init__(self, actor: Actor, data: QueryDict) -> None:
        state = data.get("state", "")
        self.state = WarningState(state) if state in WarningState.values else WarningState.OPEN
        if self.state is WarningState.RESOLVED:
            self.default_sort = "-over"  # type: ignore[misc]
        super().__init__(actor, data)
        if not data.get("columns"):
            wanted = COLUMNS_OF[self.state]
            self.query.columns = [column for column in self.query.offered if column.key in wanted]

    def rows(self) -> QuerySet[Warning]:
        return list_warnings(self.actor, **self.query.filters)

    def label(self, row: Warning) -> str:
        return f"{row.credit.account.known_as} {row.credit.account.uid}"

    def table(self) -> Table:
        table = super().table()
        if table.pager:
            may = allows(self.actor, Permission.WARNING_HANDLE)
            names = ACTIONS[self.state] if may else ()
            buttons = [
                {"name": "action", "value": name, "label": BUTTONS[name][0], "icon": BUTTONS[name][1], "action": ""}
                for name in names
            ]
            export = f"{reverse('exports:job_new')}?spec={EXPORT}"
            buttons.append(
                {"name": "action", "value": "export", "label": _("Export"), "icon": "download", "action": export}
            )
            table.bulk = {
                "action": reverse("quota:warning_handle"),
                "query": self.query.string(),
                "total": table.pager["total"],
                "is_capped": table.pager["is_capped"],
                "buttons": buttons,
            }
        return table

    def context(self) -> dict[str, Any]:
        return {
            "tabs": self._tabs,
            "managers": lambda: list_business_managers(self.actor),
            "export_url": self.export_url(EXPORT),
            "tools": ("quota/warnings/_export_link.html",),
        }

    def _tabs(self) -> list[dict[str, Any]]:
        """Each state with how many; read only when the whole page is drawn."""
        counts = counts_by_state(self.actor)
        return [
            {
                "label": state.label,
                "n": counts[state],
                "url": f"{self.url}?state={state.value}",
                "is_current": state is self.state,
            }
            for state in WarningState
        ]

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state == "filtered" and set(self.query.filters) - {"state"}:
            return None
        title, words = EMPTY[self.state]
        return {"title": title, "text": words, "icon": "bell"}


def warning_page(actor: Actor, data: QueryDict) -> WarningPage:
    """The list of a query, as exports keep it."""
    return WarningPage(actor, data)
