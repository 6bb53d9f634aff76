"""Forms of quota. They parse; the services judge."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.web.formats import offset

# Digits, with or without commas between groups of three, and a point.
_AMOUNT = re.compile(r"(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
REASON_CHARACTERS = 500


class AmountField(forms.CharField):
    """An amount as people paste it: 1,200.50 and １２００ are read, 1.200,50 is asked about, nothing is rounded."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(max_length=40, widget=widget, **kwargs)

    def clean(self, value: Any) -> Any:
        text = "".join(unicodedata.normalize("NFKC", super().clean(value)).split())
        if not text:
            return None
        if not _AMOUNT.fullmatch(text):
            raise ValidationError(_("Enter an amount like 1200 or 1,200.50."), code="not_an_amount")
        return Decimal(text.replace(",", ""))


def _reason_field() -> forms.CharField:
    return forms.CharField(
        label=_("Reason"),
        max_length=REASON_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "data-count": ""}),
        help_text=_("It stays in the records, with your name."),
    )


class How(TextChoices):
    """What the amount of the edit form is."""

    SET = "set", _("Set a new total")
    ADD = "add", _("Add to the total")
    SUBTRACT = "subtract", _("Subtract from the total")


class QuotaForm(forms.Form):
    """The new total, or what to add or subtract, and why. `version` is of the figures the person was shown."""

    how = forms.ChoiceField(
        label=_("How to change it"), choices=How.choices, initial=How.SET, required=False, widget=forms.RadioSelect
    )
    amount = AmountField(label=_("Amount"), help_text=_("A total of 0 means nothing to spend."))
    reason = _reason_field()
    version = forms.IntegerField(widget=forms.HiddenInput)
    accept_arrears = forms.BooleanField(
        label=_("I have read what happens, and want it."), required=False, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["how"].says_optional = False  # type: ignore[attr-defined]  # without it, it is a total

    def total_on(self, now: Decimal) -> Decimal:
        """The total that this makes of the one there is now."""
        amount: Decimal = self.cleaned_data["amount"]
        match self.cleaned_data["how"]:
            case How.ADD:
                return now + amount
            case How.SUBTRACT:
                return now - amount
            case _:
                return amount


class TakeOffForm(forms.Form):
    """How much to write off or refund, and why."""

    amount = AmountField(label=_("Amount"), help_text=_("Up to six decimal places."))
    reason = _reason_field()
    version = forms.IntegerField(widget=forms.HiddenInput)


class UntilField(forms.DateTimeField):
    """A moment in the reader's zone, to the minute. The zone is named where the field stands."""

    def __init__(self, **kwargs: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"]
        widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
        super().__init__(input_formats=formats, widget=widget, **kwargs)


class BoostForm(forms.Form):
    """How much more, until when, and why."""

    amount = AmountField(label=_("Amount to add"))
    until = UntilField(label=_("Until"))
    reason = _reason_field()
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].help_text = zone_in_words()


class BoostEndForm(forms.Form):
    """Another end of a boost."""

    until = UntilField(label=_("New end"))
    reason = _reason_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["until"].help_text = zone_in_words()


class TakeBackForm(forms.Form):
    """Why an order does not count."""

    reason = _reason_field()


class ReasonForm(forms.Form):
    """Why, for what needs nothing else."""

    reason = _reason_field()
    accept_arrears = forms.BooleanField(
        label=_("I have read what happens, and want it."), required=False, widget=forms.HiddenInput
    )


def zone_in_words() -> str:
    """“Date and time in UTC+8 (Asia/Shanghai).”"""
    zone = {"offset": offset(timezone.localtime()), "zone": timezone.get_current_timezone_name()}
    return str(_("Date and time in %(offset)s (%(zone)s).") % zone)
