"""What customers and staff type, shape-checked; the rules are the services'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from linking.states import INVITABLE, DeclineReason
from partner_console.access.models import LANGUAGE_CHOICES
from partner_console.access.policy import PartnerKind
from partner_console.web.countries import country_choices
from uids.models.account import MANAGER_CHARACTERS, NICKNAME_BYTES, REMARKS_BYTES
from uids.models.validators import MaxBytesValidator
from uids.states import Environment, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from partner_console.access.models import Partner

MONEY = ("quota", "warning_percent", "shutdown_policy", "purchase_control")


class ProofForm(forms.Form):
    digits = forms.CharField(
        label=_("Last 6 digits of the UID"),
        max_length=40,  # spaces, dashes and a whole pasted UID: the service cleans and judges
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false", "class": "digits"}
        ),
        error_messages={"required": _("Type the last 6 digits of the UID.")},
    )


class DeclineForm(forms.Form):
    code = forms.ChoiceField(
        label=_("Your reason"),
        choices=DeclineReason.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason.")},
    )
    reason = forms.CharField(
        label=_("Anything else the sender should know?"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "data-count": "", "autocomplete": "off"}),
    )


class InvitationForm(forms.Form):
    """The seed's checklist: who, why, and what the link starts with. `cleaned_data` is what `invite` takes.

    An agency's form has no quota and no controls (design §2); the country list holds the contract's countries.
    """

    uid = forms.CharField(
        label=_("UID"),
        max_length=100,  # as pasted; the service cleans it
        help_text=_("16 digits as a rule. Spaces and dashes are taken out."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "spellcheck": "false"}),
    )
    company = forms.CharField(
        label=_("Company"),
        validators=[MaxBytesValidator(NICKNAME_BYTES)],
        help_text=_("Becomes the account's nickname."),
        widget=forms.TextInput(attrs={"data-max-bytes": NICKNAME_BYTES, "autocomplete": "off"}),
    )
    email = forms.EmailField(
        label=_("Customer's e-mail"),
        help_text=_("The person who may decide about the account."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    language = forms.ChoiceField(label=_("Language of the mail and of the customer's pages"), choices=LANGUAGE_CHOICES)
    country = forms.ChoiceField(label=_("Country"), required=False)
    account_type = forms.TypedChoiceField(label=_("Account type"), coerce=int)
    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=[
            (Environment.PRODUCTION, _("Production: a real customer, real bills")),
            (Environment.SANDBOX, _("Sandbox: a test account")),
        ],
        widget=forms.RadioSelect,
    )
    purpose = forms.CharField(
        label=_("Purpose"),
        required=False,
        max_length=200,
        help_text=_("For example: onboarding. It becomes the reason in the records."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    crm_reference = forms.CharField(
        label=_("CRM reference"), required=False, max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    quota = forms.DecimalField(
        label=_("Starting quota"),
        min_value=0,
        max_digits=12,
        decimal_places=2,
        localize=False,
        help_text=_("0 means that nothing may be spent yet."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    warning_percent = forms.IntegerField(
        label=_("Quota Warning Threshold (%)"),
        min_value=1,
        max_value=100,
        help_text=_("A mail goes out when less than this share of the quota is left."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    shutdown_policy = forms.ChoiceField(
        label=_("Shutdown policy"),
        choices=ShutdownPolicy.choices,
        help_text=_("What happens to pay-as-you-go services when the quota is used up."),
    )
    purchase_control = forms.ChoiceField(
        label=_("Purchase control"),
        choices=PurchaseControl.choices,
        help_text=_("Disabled: the customer can place no new orders until you allow it."),
    )
    business_manager = forms.CharField(
        label=_("Business manager"),
        required=False,
        max_length=MANAGER_CHARACTERS,
        widget=forms.TextInput(attrs={"data-count": "", "autocomplete": "off", "list": "managers"}),
    )
    remarks = forms.CharField(
        label=_("Remarks"),
        required=False,
        validators=[MaxBytesValidator(REMARKS_BYTES)],
        help_text=_("Only for you; the customer does not see them."),
        widget=forms.Textarea(attrs={"data-max-bytes": REMARKS_BYTES, "rows": 3}),
    )
    note_to_customer = forms.CharField(
        label=_("Note to the customer"),
        required=False,
        max_length=500,
        help_text=_("Stands in the mail and on the customer's page, in your words."),
        widget=forms.Textarea(attrs={"data-count": "", "rows": 3}),
    )

    GROUPS = (
        (pgettext_lazy("is invited", "Who"), ("uid", "company", "email", "language", "country", "account_type")),
        (_("What for"), ("environment", "purpose", "crm_reference")),
        (_("What the link starts with"), (*MONEY, "business_manager", "remarks")),
        (_("Your words"), ("note_to_customer",)),
    )

    def __init__(self, *args: Any, partner: Partner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind = PartnerKind(partner.kind)
        contract = set(partner.contract_countries)
        names = [(code, name) for code, name in country_choices() if not contract or code in contract]
        self.fields["uid"].widget.attrs |= {
            "hx-get": reverse("linking:invitation_uid"),
            "hx-trigger": "input changed delay:400ms, change",
            "hx-target": "#uid-check",
            "hx-swap": "outerHTML",
            "hx-push-url": "false",
        }
        self._choices("country", [("", _("Choose a country")), *names])
        self.fields["country"].required = bool(contract)
        types = [(int(one), one.label) for one in INVITABLE[kind]]
        self._choices("account_type", types)
        if len(types) == 1:
            del self.fields["account_type"]  # nothing to choose: the service takes the one there is
        if kind is PartnerKind.AGENCY:
            for name in (*MONEY, "business_manager"):
                del self.fields[name]
        else:
            self.fields["quota"].label = format_lazy("{} ({})", _("Starting quota"), partner.currency)

    def _choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields as the page arranges them."""
        return [(title, [self[name] for name in names if name in self.fields]) for title, names in self.GROUPS]


class WithdrawForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        help_text=_("It stays in the records. The customer does not see it."),
        widget=forms.Textarea(attrs={"rows": 3, "data-count": ""}),
    )
