"""Filters of Adjust Detail info."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.web.listquery import ListFilters
from quota.charts import SIZES
from quota.days import record_day
from quota.selectors.exposure import Risk
from quota.selectors.forecast import FAR_DAYS
from quota.states import EntryKind
from uids.models.account import MANAGER_CHARACTERS
from uids.selectors import label_choices
from uids.states import ShutdownPolicy

if TYPE_CHECKING:
    from django.http import QueryDict

    from partner_console.access.actor import Actor

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


class ExposureFilters(ListFilters):
    """Field names are the parameters of `quota.selectors.exposure.list_exposed`."""

    risk = forms.ChoiceField(label=_("At risk"), required=False, choices=[("", _("Any")), *Risk.choices])
    manager = forms.CharField(label=_("Business manager"), required=False, max_length=MANAGER_CHARACTERS)
    label = forms.MultipleChoiceField(label=_("Label"), required=False, widget=forms.CheckboxSelectMultiple)
    policy = forms.MultipleChoiceField(
        label=_("Shutdown policy"), required=False, choices=ShutdownPolicy.choices, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: QueryDict, *, actor: Actor) -> None:
        super().__init__(data, actor=actor)
        self.fields["label"].choices = label_choices(actor)  # type: ignore[attr-defined]


class ChartForm(forms.Form):
    """How many days to look back, and until which day the quota shall last; `size` is the image's."""

    DAYS: ClassVar[int] = 90
    NO_HISTORY = _("There are no figures by day yet.")

    days = forms.ChoiceField(
        label=_("Period"),
        required=False,
        choices=[("30", _("30 days")), ("90", _("90 days")), ("180", _("180 days"))],
    )
    until = forms.DateField(
        label=_("To last until (UTC+8)"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    size = forms.ChoiceField(required=False, choices=[(size, size) for size in SIZES], widget=forms.HiddenInput)

    def clean_days(self) -> int:
        return int(self.cleaned_data["days"] or self.DAYS)

    def clean_until(self) -> date | None:
        day: date | None = self.cleaned_data["until"]
        today = record_day(timezone.now())
        if day is not None and not today <= day <= today + timedelta(days=FAR_DAYS):
            raise ValidationError(_("Choose a day from today to two years from now."), code="day")
        return day

    def clean_size(self) -> str:
        return self.cleaned_data["size"] or "wide"

    def errors_in_words(self) -> str:
        return " ".join(str(error) for errors in self.errors.values() for error in errors)
