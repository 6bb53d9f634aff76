"""What customers type, shape-checked; the rules are the services'."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from partner_console.web.forms import one_of
from quota.forms import AmountField

MOST_BYTES = 1024 * 1024  # a receipt has a few thousand


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the mail"),
        max_length=40,  # with blanks and dashes, as pasted
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "spellcheck": "false", "class": "digits"}
        ),
        error_messages={"required": _("Type the code from the mail.")},
    )


class SignInForm(forms.Form):
    email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_("The address the partner writes to about your account."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"required": _("Type your e-mail address.")},
    )


class LeaveForm(forms.Form):
    reason = forms.CharField(
        label=_("Why?"),
        max_length=500,
        help_text=_("The partner reads it."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "autocomplete": "off"}),
        error_messages={"required": _("Say why, in a few words.")},
    )


class PermissionsForm(forms.Form):
    """Which permissions to take back. `choices` are the optional ones in force, in the customer's words."""

    scopes = forms.MultipleChoiceField(
        label=_("What should no longer be allowed?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what you take back.")},
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]


class AlertForm(forms.Form):
    """The alert, in the order of the source: on or off, threshold, address (seed 004, FAQ)."""

    is_on = forms.TypedChoiceField(
        label=_("Available Credit Alert"),
        choices=[("on", _("On")), ("off", _("Off"))],
        coerce=lambda value: value == "on",
        widget=forms.RadioSelect,
    )
    amount = AmountField(
        help_text=_("You get one mail each time less than this is left."),
        error_messages={"required": _("Type an amount.")},
    )
    email = forms.EmailField(
        label=_("Send the mail to"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        help_text=_("For a new address we send a code there first."),
        error_messages={"required": _("Type an e-mail address.")},
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].label = format_lazy("{} ({})", _("Alert threshold"), currency)

    def clean_amount(self) -> Any:
        amount = self.cleaned_data["amount"]
        if amount is not None and amount != round(amount, 2):
            raise forms.ValidationError(_("Use at most two decimal places."))
        return amount

    def clean(self) -> dict[str, Any]:
        """Off, the rest is not looked at: what was set before stays."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("is_on") is False:
            for name in ("amount", "email"):
                self.errors.pop(name, None)
            data |= {"amount": None, "email": ""}
        return data


class ReceiptCheckForm(forms.Form):
    """A receipt as its file, or its fingerprint alone."""

    file = forms.FileField(
        label=_("Receipt file"),
        required=False,
        help_text=_("The file you downloaded. It is read and not kept."),
    )
    digest = forms.CharField(
        label=_("Or its SHA-256"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        one_of(self, "file", "digest")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file is not None and file.size > MOST_BYTES:
            raise forms.ValidationError(_("This file is too large to be a receipt."))
        return file

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors and not data.get("file") and not data.get("digest"):
            raise forms.ValidationError(_("Choose the file, or paste its SHA-256."))
        return data
