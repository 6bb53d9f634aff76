"""The filters of the list of links."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from linking.states import InvitationState, Progress, Turn
from partner_console.web.listquery import ListFilters
from uids.states import Environment


def _many(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, choices=choices, widget=forms.CheckboxSelectMultiple)


class InvitationFilters(ListFilters):
    """Field names are the list's URL for good."""

    q = forms.CharField(
        label=_("Search by UID, company, e-mail or CRM reference"),
        help_text=_("UID, company, e-mail, CRM reference"),
        required=False,
        max_length=100,
    )
    progress = _many(_("Status"), Progress.choices)
    turn = _many(_("Whose turn"), Turn.choices)
    state = _many(_("Precise state"), InvitationState.choices)
    environment = forms.ChoiceField(
        label=_("Environment"), required=False, choices=[("", _("Any")), *Environment.choices]
    )
