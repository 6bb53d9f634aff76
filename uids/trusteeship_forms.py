"""Input of the trusteeship page: which other account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from uids.identifiers import recognise

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class OtherAccountForm(forms.Form):
    """A UID as people type or paste it; `master` or `sub` says what it is to be."""

    def __init__(self, *args: Any, name: str, label: str | _StrPromise, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = name
        self.fields[name] = forms.CharField(
            label=label,
            max_length=100,
            help_text=_("The account must be linked to you too."),
            widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "mono"}),
            error_messages={"required": _("Enter a UID.")},
        )

    def clean(self) -> dict[str, str]:
        typed = self.cleaned_data.get(self.name, "")
        found = recognise(typed)
        if typed and not found.uid:
            self.add_error(self.name, _("Enter a UID: digits only, usually 16 of them."))
        return {self.name: found.uid}
