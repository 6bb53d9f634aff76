"""Forms around the list: bulk edits, labels, saved views. They check shape; the rules are the services'."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from uids.bulk_wording import CONTROLS, LABELS, MANAGER, REMARKS, SWITCHES
from uids.models.account import MANAGER_CHARACTERS, REMARKS_BYTES
from uids.selectors import label_choices, list_business_managers
from uids.services.bulk import APPEND, REPLACE, Change
from uids.states import Control
from uids.wording import NOTICED

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


class SwitchForm(forms.Form):
    """One switch of many accounts. The number that is typed comes with the dry run: see `ConfirmedForm`."""

    switch = forms.ChoiceField(label=_("What to do"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It stays in the records of every account."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)
        self.fields["switch"].choices = [  # type: ignore[attr-defined]
            (f"{what}:{value}", format_html('{}<span class="hint">{}</span>', words, NOTICED[Control(what), value]))
            for (what, value), words in SWITCHES.items()
        ]

    def change(self) -> Change:
        what, _colon, value = self.cleaned_data["switch"].partition(":")
        return Change(CONTROLS, what=what, value=value, reason=self.cleaned_data["reason"])


class ConfirmedForm(forms.Form):
    """How many accounts it is, typed by whoever has read it."""

    confirmed = forms.CharField(
        label=_("Number of accounts"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 8}),
    )

    def clean_confirmed(self) -> int:
        """As people write numbers: `1,234` and full-width digits are the same number. Anything else is none."""
        typed = unicodedata.normalize("NFKC", self.cleaned_data["confirmed"])
        digits = "".join(character for character in typed if character not in " ,.'’")
        return int(digits) if digits.isdecimal() and len(digits) < 10 else -1


class UndoForm(ConfirmedForm):
    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("It stays in the records of every account."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order = ("reason", "confirmed")


FORMS: dict[str, type[ManagerForm | LabelsForm | RemarksForm | SwitchForm]] = {
    MANAGER: ManagerForm,
    LABELS: LabelsForm,
    REMARKS: RemarksForm,
    CONTROLS: SwitchForm,
}


class LabelForm(forms.Form):
    name = forms.CharField(label=_("Label"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class ViewForm(forms.Form):
    query = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    is_shared = forms.BooleanField(label=_("Share with everyone in the partner"), required=False)
    is_default = forms.BooleanField(label=_("Open the list with this view"), required=False)
