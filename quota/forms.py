"""Forms of quota. They parse; the services judge."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

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


class QuotaForm(forms.Form):
    """The new total and why. `version` is of the figures the person was shown."""

    amount = AmountField(
        label=_("New Quota Amount"), help_text=_("The new total, not the difference. 0 means nothing to spend.")
    )
    reason = _reason_field()
    version = forms.IntegerField(widget=forms.HiddenInput)
    accept_arrears = forms.BooleanField(
        label=_("I have read what happens, and want it."), required=False, widget=forms.HiddenInput
    )


class ThresholdForm(forms.Form):
    """The new warning percentage and why."""

    percent = forms.IntegerField(
        label=_("Quota Warning Threshold (%)"),
        min_value=1,
        max_value=100,
        help_text=_("A whole number from 1 to 100: the part of the Quota Amount that is still available."),
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    reason = _reason_field()
    version = forms.IntegerField(widget=forms.HiddenInput)
