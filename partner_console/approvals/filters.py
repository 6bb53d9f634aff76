"""The filters of the list of requests."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partner_console.web.listquery import ListFilters

from .registry import CHECKED, get_checked
from .states import ApprovalState, Waits


def _actions() -> list[tuple[str, Any]]:
    return [(action.value, get_checked(action).title) for action in CHECKED]


class ApprovalFilters(ListFilters):
    q = forms.CharField(
        label=_("Search"), required=False, max_length=200, help_text=_("Search: what it is about, who asked")
    )
    waits = forms.MultipleChoiceField(
        label=_("Waits for"), required=False, choices=Waits.choices, widget=forms.CheckboxSelectMultiple
    )
    state = forms.MultipleChoiceField(
        label=_("State"), required=False, choices=ApprovalState.choices, widget=forms.CheckboxSelectMultiple
    )
    action = forms.MultipleChoiceField(
        label=_("Action"), required=False, choices=_actions, widget=forms.CheckboxSelectMultiple
    )
