"""The filters of the list of orders to the cloud."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from partner_console.cloud.models import CommandState, Operation
from partner_console.web.listquery import ListFilters


class CommandFilters(ListFilters):
    """The search is the UID's beginning."""

    q = forms.RegexField(
        r"^[0-9]{1,20}$",
        label=_("UID"),
        required=False,
        help_text=_("Search: UID, or how it begins"),
        error_messages={"invalid": _("A UID is made of digits.")},
    )
    state = forms.MultipleChoiceField(
        label=_("State"), required=False, choices=CommandState.choices, widget=forms.CheckboxSelectMultiple
    )
    operation = forms.MultipleChoiceField(
        label=_("Operation"), required=False, choices=Operation.choices, widget=forms.CheckboxSelectMultiple
    )
