"""Forms around the list: bulk edits, labels, saved views. They check shape; the rules are the services'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from uids.bulk_wording import CONTROLS, LABELS, MANAGER, REMARKS, SWITCHES
from uids.forms import ReasonForm, SwitchForm
from uids.models.account import MANAGER_CHARACTERS, REMARKS_BYTES
from uids.selectors import label_choices, list_business_managers
from uids.services.bulk import APPEND, REPLACE, Change
from uids.states import Control
from uids.wording import NOTICED

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


BULK_REASON = _("It stays in the records of every account.")


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


class SwitchesForm(forms.Form):
    """One switch of many accounts. How many they are is typed under the dry run: `ConfirmedForm`."""

    switch = forms.ChoiceField(
        label=_("What to do"),
        choices=[(f"{what}:{value}", words) for (what, value), words in SWITCHES.items()],
        error_messages={"required": _("Choose what to do.")},
        widget=forms.RadioSelect,
    )
    reason = ReasonForm.base_fields["reason"]

    def __init__(self, data: Any = None, *, actor: Actor) -> None:
        super().__init__(data)
        del self.fields["reason"].widget.attrs["autofocus"]
        self.fields["reason"].help_text = BULK_REASON

    @property
    def switches(self) -> list[tuple[str, str, str, str, bool]]:
        """Each choice as the page draws it: key, name, words, what customers notice, whether it is chosen."""
        chosen = self["switch"].value()
        rows = [(f"{what}:{value}", words, NOTICED[Control(what), value]) for (what, value), words in SWITCHES.items()]
        return [
            (f"switch-{at}", key, str(words), str(noticed), key == chosen)
            for at, (key, words, noticed) in enumerate(rows)
        ]

    def change(self) -> Change:
        what, _colon, value = self.cleaned_data["switch"].partition(":")
        return Change(CONTROLS, what=what, value=value, reason=self.cleaned_data["reason"])


class UndoForm(SwitchForm):
    """Why it is taken back, and how many accounts that is."""

    def __init__(self, data: Any = None, *, n_accounts: int) -> None:
        super().__init__(data, n_accounts=n_accounts)
        self.fields["reason"].help_text = BULK_REASON
        if "confirmed" in self.fields:
            self.fields["confirmed"].help_text = _("Type %(n)s: every account for which something changes.") % {
                "n": f"{n_accounts:,}"
            }


class ConfirmedForm(UndoForm):
    """How many accounts it is, typed by whoever has read it; the reason was said before."""

    def __init__(self, data: Any = None, *, n_accounts: int) -> None:
        super().__init__(data, n_accounts=n_accounts)
        del self.fields["reason"]


FORMS: dict[str, type[ManagerForm | LabelsForm | RemarksForm | SwitchesForm]] = {
    MANAGER: ManagerForm,
    LABELS: LabelsForm,
    REMARKS: RemarksForm,
    CONTROLS: SwitchesForm,
}


class LabelForm(forms.Form):
    name = forms.CharField(label=_("Label"), max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}))


class ViewForm(forms.Form):
    query = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    is_shared = forms.BooleanField(label=_("Share with everyone in the partner"), required=False)
    is_default = forms.BooleanField(label=_("Open the list with this view"), required=False)
