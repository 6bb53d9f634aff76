"""What customers and staff type, shape-checked; the rules are the services'."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from linking.services.extending import CHOICES
from linking.states import DeclineReason


class ProofForm(forms.Form):
    digits = forms.CharField(
        label=_("Last 6 digits of the UID"),
        max_length=40,  # spaces, dashes and a whole pasted UID: the service cleans and judges
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false", "class": "digits"}
        ),
        error_messages={"required": _("Type the last 6 digits of the UID.")},
    )


class DeclineForm(forms.Form):
    code = forms.ChoiceField(
        label=_("Your reason"),
        choices=DeclineReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason.")},
    )
    reason = forms.CharField(
        label=_("Anything else the sender should know?"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "autocomplete": "off"}),
    )


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        help_text=_("It stays in the records. The customer does not see it."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": ""}),
    )


class ExtendForm(forms.Form):
    """How much time from now on."""

    days = forms.TypedChoiceField(
        label=_("The customer may answer for"),
        coerce=int,
        choices=[(n, ngettext_lazy("%(n)d day from now", "%(n)d days from now", n) % {"n": n}) for n in CHOICES],
        initial=15,
        widget=forms.RadioSelect,
    )
