"""Input of the account's pages: parse and shape only."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from uids.models.account import MANAGER_CHARACTERS, NICKNAME_BYTES, REMARKS_BYTES
from uids.models.validators import MaxBytesValidator
from uids.states import ShutdownPolicy

REASON_CHARACTERS = 500


class BasicInformationForm(forms.Form):
    """Cleaned data is what `edit_account` takes. Without `managers` (an agency's form) there is no such field."""

    nickname = forms.CharField(
        label=_("Nickname"),
        required=False,
        validators=[MaxBytesValidator(NICKNAME_BYTES)],
        help_text=_("Your own name for this account. The customer does not see it."),
        widget=forms.TextInput(attrs={"data-max-bytes": NICKNAME_BYTES, "autocomplete": "off"}),
    )
    business_manager = forms.CharField(
        label=_("Business manager"),
        required=False,
        max_length=MANAGER_CHARACTERS,
        help_text=_("Who looks after this customer. Quota warnings go to them too when they are a member."),
        widget=forms.TextInput(attrs={"data-count": "", "autocomplete": "off", "list": "managers"}),
    )
    remarks = forms.CharField(
        label=_("Remarks"),
        required=False,
        validators=[MaxBytesValidator(REMARKS_BYTES)],
        widget=forms.Textarea(attrs={"data-max-bytes": REMARKS_BYTES, "rows": 6}),
    )
    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, with_manager: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_manager:
            del self.fields["business_manager"]
        for field in self.fields.values():
            field.show_hidden_initial = not isinstance(field.widget, forms.HiddenInput)

    def is_touched(self, name: str) -> bool:
        """Whether whoever sent the form changed this field of the page they had before them."""
        return self[name].html_initial_name not in self.data or name in self.changed_data


class LabelsForm(forms.Form):
    """Choices are the partner's own labels, passed in."""

    labels = forms.TypedMultipleChoiceField(
        label=_("Labels"), required=False, coerce=int, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["labels"].choices = choices  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_CHARACTERS,
        help_text=_("It stays in the records of this account and of every account it touches."),
        error_messages={"required": _("Say why: the reason stays in the records.")},
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "autofocus": True}),
    )


class SwitchForm(ReasonForm):
    """With `n_accounts` above 1, that number is typed too: whoever changes sub-accounts knows how many."""

    confirmed = forms.CharField(
        label=_("Number of accounts"),
        max_length=20,
        error_messages={"required": _("Type how many accounts this changes.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, n_accounts: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["reason"].widget.attrs["autofocus"]  # the warning above it is read first
        self.n_accounts = n_accounts
        if n_accounts == 1:
            del self.fields["confirmed"]
            return
        self.fields["confirmed"].help_text = _("Type %(n)s: this account and the sub-accounts that change with it.") % {
            "n": f"{n_accounts:,}"
        }

    def clean_confirmed(self) -> int:
        """As people write numbers: grouped, or in full-width digits."""
        typed = re.sub(r"[\s,.'’]", "", unicodedata.normalize("NFKC", self.cleaned_data["confirmed"]))
        if not (typed.isascii() and typed.isdigit()) or int(typed) != self.n_accounts:
            raise forms.ValidationError(
                _("This changes %(n)s accounts, not “%(typed)s”.")
                % {"n": f"{self.n_accounts:,}", "typed": self.cleaned_data["confirmed"]},
                code="other_number",
            )
        return int(typed)

    @property
    def how_many(self) -> int:
        """What was confirmed; of one account alone it is plain."""
        return self.cleaned_data.get("confirmed", 1)  # type: ignore[no-any-return]


class PolicyForm(forms.Form):
    """The first step of another shutdown policy: which."""

    value = forms.ChoiceField(
        label=_("Shutdown policy"),
        choices=ShutdownPolicy.choices,
        error_messages={"required": _("Choose a shutdown policy.")},
    )
