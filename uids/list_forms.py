"""Forms around the list: bulk edits, labels, saved views. They check shape; the rules are the services'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from uids.models.account import MANAGER_CHARACTERS, REMARKS_BYTES
from uids.selectors import label_choices, list_business_managers
from uids.services.bulk import APPEND, LABELS, MANAGER, REMARKS, REPLACE, Change

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


class ManagerForm(forms.Form):
    text = forms.CharField(
        label=_("Business manager"),
        required=False,
        max_length=MANAGER_CHARACTERS,
        help_text=_("Empty takes the business manager away."),
        widget=forms.TextInput(attrs={"list": "managers", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)
        self.managers = list_business_managers(actor)

    def change(self) -> Change:
        return Change(MANAGER, text=self.cleaned_data["text"])


class LabelsForm(forms.Form):
    add = forms.TypedMultipleChoiceField(
        label=_("Add these labels"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )
    remove = forms.TypedMultipleChoiceField(
        label=_("Take these labels away"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)
        choices = label_choices(actor)
        self.fields["add"].choices = self.fields["remove"].choices = choices  # type: ignore[attr-defined]
        self.has_labels = bool(choices)

    def change(self) -> Change:
        return Change(LABELS, add=tuple(self.cleaned_data["add"]), remove=tuple(self.cleaned_data["remove"]))


class RemarksForm(forms.Form):
    mode = forms.ChoiceField(
        label=_("How"),
        choices=[(APPEND, _("Add below the remarks there are")), (REPLACE, _("Replace the remarks there are"))],
        initial=APPEND,
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("Remarks"),
        required=False,
        help_text=_("Replacing with nothing empties the remarks."),
        widget=forms.Textarea(attrs={"rows": 4, "data-max-bytes": REMARKS_BYTES}),
    )

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)

    def change(self) -> Change:
        return Change(REMARKS, text=self.cleaned_data["text"], mode=self.cleaned_data["mode"])


FORMS: dict[str, type[ManagerForm | LabelsForm | RemarksForm]] = {
    MANAGER: ManagerForm,
    LABELS: LabelsForm,
    REMARKS: RemarksForm,
}
TITLES = {
    MANAGER: _("Change the business manager"),
    LABELS: _("Change labels"),
    REMARKS: _("Change remarks"),
}


class LabelForm(forms.Form):
    name = forms.CharField(label=_("Label"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class ViewForm(forms.Form):
    query = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    is_shared = forms.BooleanField(label=_("Share with everyone in the partner"), required=False)
    is_default = forms.BooleanField(label=_("Open the list with this view"), required=False)
