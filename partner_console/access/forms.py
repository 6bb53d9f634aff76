"""Forms of settings: they parse; the services decide."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator, validate_email
from django.utils.translation import gettext_lazy as _

from .models import LANGUAGE_CHOICES, MEMBER_ROLE_CHOICES

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

ZONES = [(zone, zone.replace("_", " ")) for zone in sorted(zoneinfo.available_timezones()) if "/" in zone]


class LinesField(forms.CharField):
    """One value per line or comma; the cleaned value is a list."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        parts = value if isinstance(value, list) else str(value or "").replace(",", "\n").splitlines()
        return [part.strip() for part in parts if part.strip()]

    def validate(self, value: Any) -> None:
        """Optional: an empty list is a value."""


class EmailLinesField(LinesField):
    def validate(self, value: Any) -> None:
        for address in value:
            validate_email(address)

    def run_validators(self, value: Any) -> None:
        """CharField's validators are for one string."""


class MemberForm(forms.Form):
    role = forms.ChoiceField(
        label=_("Role"),
        choices=MEMBER_ROLE_CHOICES,
        help_text=_("Owners do everything; managers invite, edit and freeze; finance changes quota; viewers read."),
    )
    ram_uid = forms.CharField(
        label=_("RAM account UID"),
        required=False,
        max_length=20,
        validators=[RegexValidator(r"^[0-9]{1,20}$", _("A UID has digits only."))],
        help_text=_("Shown as Operator in the records. Without it, the partner's master UID is shown."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class InviteMemberForm(MemberForm):
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    field_order = ("email", "role", "ram_uid")


class DeactivateForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("As the browser asks")), *LANGUAGE_CHOICES], required=False
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=[("", _("As the partner has it")), *ZONES], required=False
    )


def _clock(label: _StrPromise, help_text: _StrPromise) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, help_text=help_text, required=False, widget=widget)


class PartnerForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("As customers see it in mails and on the approval page.")
    )
    contact = forms.CharField(
        label=_("Contact for customers"),
        max_length=200,
        required=False,
        help_text=_("A person, an e-mail or a phone number customers may ask."),
    )
    domain = forms.CharField(label=_("Web domain"), max_length=253, required=False)
    language = forms.ChoiceField(label=_("Language of mails to the partner"), choices=LANGUAGE_CHOICES)
    time_zone = forms.ChoiceField(label=_("Time zone"), choices=ZONES)
    alert_recipients = EmailLinesField(
        label=_("Quota alert recipients"),
        required=False,
        help_text=_("One e-mail per line. The customer's business manager is told as well."),
    )
    invitation_days = forms.IntegerField(label=_("Invitations are valid for (days)"), min_value=7, max_value=30)
    quiet_from = _clock(
        _("Quiet hours from"),
        _("On the clocks of your time zone. A planned freeze or ban that falls into them waits for their end."),
    )
    quiet_until = _clock(
        _("Quiet hours until"),
        _("May be on the next morning. Unfreezing never waits; neither does a stop by arrears."),
    )
    increase_is_red = forms.BooleanField(
        label=_("Show increases in red and decreases in green, as ACPN does"), required=False
    )
    version = forms.IntegerField(widget=forms.HiddenInput)


class JoinForm(forms.Form):
    name = forms.CharField(label=_("Your name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Choose a password"),
        help_text=_("At least 12 characters."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
