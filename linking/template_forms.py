"""Forms of permission templates and of the checklist: shape only, the services judge."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from linking.scopes import GROUPS, REQUIRED, Scope


class ScopesField(forms.MultipleChoiceField):
    """Nothing chosen is an answer: the required permission is always in."""

    says_optional = False


class TemplateForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        help_text=_("As your people see it when they invite. Customers see the permissions, not the name."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label=_("What it is for"),
        required=False,
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    scopes = ScopesField(
        label=_("Permissions"),
        required=False,
        choices=[(group.label, [(scope.value, scope.label) for scope in GROUPS[group]]) for group in GROUPS],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("“See bills” is always part of a link. To manage something one has to see it: that is added."),
    )
    days = forms.IntegerField(
        label=_("Permissions end after (days)"),
        required=False,
        min_value=1,
        max_value=3650,
        help_text=_("Empty: no end. You are reminded 30, 7 and 1 days before; afterwards only “See bills” remains."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean_scopes(self) -> list[str]:
        """The required one is always in, whether the browser sent it or not."""
        chosen = {*self.cleaned_data["scopes"], *(scope.value for scope in REQUIRED)}
        return [scope.value for scope in Scope if scope.value in chosen]

    def values(self) -> dict[str, Any]:
        """What `create_template` takes."""
        return {name: self.cleaned_data[name] for name in ("name", "description", "scopes", "days")}


class LineForm(forms.Form):
    text = forms.CharField(
        label=_("New line"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
