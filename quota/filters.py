"""Filters of Adjust Detail info."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partner_console.web.listquery import ListFilters
from quota.states import EntryKind

# Months back from today; the seed's six are what an empty choice means.
PERIODS: dict[str, int | None] = {"": 6, "12": 12, "all": None}


class EntryFilters(ListFilters):
    kind = forms.MultipleChoiceField(
        label=_("Operation Type"),
        required=False,
        choices=EntryKind.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: every change of the Quota Amount."),
    )
    period = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[("", _("Last 6 months")), ("12", _("Last 12 months")), ("all", _("Everything"))],
    )
    since = forms.DateField(
        label=_("From (UTC+8)"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label=_("To (UTC+8)"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        since, until = data.get("since"), data.get("until")
        if data.get("period") and (since or until):
            self.add_error("period", _("Choose a period or dates, not both."))
        if since and until and since > until:
            self.add_error("until", _("The last day is before the first."))
        return data
