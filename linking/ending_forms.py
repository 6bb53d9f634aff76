"""What staff type about the end of a relationship and about a wrong link; the rules are the services'."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

REASON_CHARACTERS = 500
_AREA = {"rows": 3, "data-count": ""}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_CHARACTERS,
        help_text=_("The customer reads it, and it stays in the records."),
        error_messages={"required": _("Say why: the reason stays in the records.")},
        widget=forms.Textarea(attrs=_AREA),
    )


class OptionalReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=REASON_CHARACTERS,
        help_text=_("The customer reads it, and it stays in the records."),
        widget=forms.Textarea(attrs=_AREA),
    )


class OutcomeForm(forms.Form):
    has_ended = forms.TypedChoiceField(
        label=_("How it came out"),
        choices=[("yes", _("The relationship has ended: Terminated")), ("no", _("It goes on: Normal again"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how it came out.")},
    )
    note = forms.CharField(
        label=_("How you know"),
        max_length=REASON_CHARACTERS,
        help_text=_("For example what the cloud's own console shows since when. It stays in the records."),
        error_messages={"required": _("Say how you know.")},
        widget=forms.Textarea(attrs=_AREA),
    )


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("Who did it, when and where"),
        max_length=REASON_CHARACTERS,
        help_text=_("For example the number of the ticket at the cloud. It stays in the records."),
        error_messages={"required": _("Say who did it, when and where.")},
        widget=forms.Textarea(attrs=_AREA),
    )
