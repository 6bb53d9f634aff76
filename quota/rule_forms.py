"""Forms of warning rules: for each kind of line where it comes from, and its value. They parse; the services judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from quota.forms import REASON_CHARACTERS, AmountField
from quota.models.credit import MOST_DAYS
from quota.selectors.warning_rules import value_in_words
from quota.services.warning_rules import FIELDS
from quota.states import INHERITED, PARTNER_KINDS, Line, LineKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from django.forms import BoundField

    from quota.selectors.warning_rules import Inherited, LineInForce

INHERIT, OWN, OFF = "inherited", "own", "off"


def _percent(**kwargs: Any) -> forms.DecimalField:
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.DecimalField(min_value=1, max_value=100, decimal_places=0, widget=widget, **kwargs)


def _days(**kwargs: Any) -> forms.DecimalField:
    widget = forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    return forms.DecimalField(min_value=1, max_value=MOST_DAYS, decimal_places=0, widget=widget, **kwargs)


class _LineFields(forms.Form):
    """The three values. What a value means stands in its hint."""

    percent = _percent(
        label=gettext_lazy("Percent of the quota (%)"),
        required=False,
        help_text=gettext_lazy("A whole number from 1 to 100: the part of the Quota Amount that is still available."),
    )
    amount = AmountField(
        label=gettext_lazy("Amount"),
        required=False,
        help_text=gettext_lazy("Warn when Available Quota is below this amount. 0 means: when it is in arrears."),
    )
    days = _days(
        label=gettext_lazy("Days left"),
        required=False,
        help_text=gettext_lazy("Warn when Available Quota lasts fewer days than this, used as in the last 30 days."),
    )

    def value(self, kind: LineKind) -> Decimal | None:
        found: Decimal | None = self.cleaned_data.get(FIELDS[kind])
        return found


class PartnerLinesForm(_LineFields):
    """The lines of all customers: an empty amount or number of days is none."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, values: Mapping[LineKind, Decimal | None], version: int) -> None:
        initial = {FIELDS[kind]: _shown(value) for kind, value in values.items()}
        super().__init__(data, initial={**initial, "version": version})
        self.fields["percent"].required = True

    def wanted(self) -> dict[LineKind, Line]:
        return {kind: Line(self.value(kind)) for kind in PARTNER_KINDS}


class OwnLinesForm(_LineFields):
    """The lines of an account or a label: each inherited, its own, or none."""

    def __init__(
        self, data: Any, *, own: Mapping[LineKind, Line], inherited: Mapping[LineKind, Inherited], currency: str
    ) -> None:
        initial: dict[str, Any] = {}
        for kind, line in own.items():
            initial[f"{FIELDS[kind]}_from"] = INHERIT if line.is_inherited else OFF if line.value is None else OWN
            initial[FIELDS[kind]] = _shown(line.value)
        super().__init__(data, initial=initial)
        for kind, above in inherited.items():
            value = value_in_words(kind, above.value, currency)
            choices = [
                (INHERIT, _("As for %(origin)s: %(value)s") % {"origin": above.origin, "value": value}),
                (OWN, _("Another value:")),
            ]
            choices += [(OFF, _("No such warning"))] if kind != LineKind.PERCENT else []
            field = forms.ChoiceField(label=kind.label, choices=choices, widget=forms.RadioSelect)
            self.fields[f"{FIELDS[kind]}_from"] = field

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for kind in PARTNER_KINDS:
            name = FIELDS[kind]
            if data.get(f"{name}_from") == OWN and data.get(name) is None and name not in self.errors:
                self.add_error(name, _("Enter the value, or choose another answer above."))
        return data

    def wanted(self) -> dict[LineKind, Line]:
        found = {}
        for kind in PARTNER_KINDS:
            source = self.cleaned_data[f"{FIELDS[kind]}_from"]
            found[kind] = INHERITED if source == INHERIT else Line(self.value(kind) if source == OWN else None)
        return found

    def groups(self) -> list[tuple[BoundField, BoundField]]:
        """Where each line comes from, and its value."""
        return [(self[f"{FIELDS[kind]}_from"], self[FIELDS[kind]]) for kind in PARTNER_KINDS]


class AccountLinesForm(OwnLinesForm):
    """The lines of one account, and why. `version` is of what the person was shown."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "data-count": ""}),
        help_text=gettext_lazy("It stays in the records, with your name."),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, lines: Sequence[LineInForce], version: int, currency: str) -> None:
        own = {line.kind: Line(line.value) if line.is_own else INHERITED for line in lines}
        inherited = {line.kind: line.inherited for line in lines}
        super().__init__(data, own=own, inherited=inherited, currency=currency)
        self.initial["version"] = version
        # Looking at what it would do needs no reason yet.
        self.fields["reason"].required = data is None or "preview" not in data

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        self.fields["reason"].required = True  # as the page says it again
        return data


def _shown(value: Decimal | None) -> str:
    """As one would type it: 20, 12.5, 500."""
    if value is None:
        return ""
    return f"{value.normalize():f}"
