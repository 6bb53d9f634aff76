"""The filters of the list of links."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from linking.states import InvitationState, Progress, Turn
from partner_console.access.policy import Permission
from partner_console.web.listquery import ListFilters
from uids.models.account import MANAGER_CHARACTERS
from uids.states import Environment


def _many(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, choices=choices, widget=forms.CheckboxSelectMultiple)


DAYS = [(str(n), ngettext_lazy("%(n)d day", "%(n)d days", n) % {"n": n}) for n in (1, 3, 7, 14, 30)]


class InvitationFilters(ListFilters):
    """Field names are the list's URL for good."""

    permissions = {"manager": Permission.QUOTA_VIEW}  # an agency has none

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
    ends_within = forms.ChoiceField(label=_("Ends within"), required=False, choices=[("", _("Any")), *DAYS[:3]])
    older_than = forms.ChoiceField(label=_("Invited longer ago than"), required=False, choices=[("", _("Any")), *DAYS])
    manager = forms.CharField(
        label=_("Business manager"),
        required=False,
        max_length=MANAGER_CHARACTERS,
        widget=forms.TextInput(attrs={"list": "managers", "autocomplete": "off"}),
    )
    mine = forms.BooleanField(label=_("Invited by me"), required=False)
    batch = forms.IntegerField(label=_("From batch"), required=False, min_value=1, widget=forms.HiddenInput)
