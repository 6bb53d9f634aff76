"""The form of an invitation: the seed's checklist, shape-checked; the rules are the services'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from linking.states import INVITABLE, BillingExpectation
from partner_console.access.models import LANGUAGE_CHOICES
from partner_console.access.policy import PartnerKind
from partner_console.web.countries import country_choices
from uids.models.account import MANAGER_CHARACTERS, NICKNAME_BYTES, REMARKS_BYTES
from uids.models.validators import MaxBytesValidator
from uids.states import Environment, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linking.models import TemplateVersion
    from partner_console.access.models import Partner
    from uids.models import LinkedAccount

MONEY = ("quota", "warning_percent", "shutdown_policy", "purchase_control")
# What an agency's form does not have: its customers pay the cloud themselves (design §2).
NOT_FOR_AGENCIES = (*MONEY, "business_manager", "billing_expectation")
# What a linked account has already, when only its permissions are asked for anew.
OF_ACCOUNT = (
    *NOT_FOR_AGENCIES, "environment", "learns_uid", "company", "account_type", "country", "remarks",
)  # fmt: skip
# The form's own, not the invitation's.
OWN = ("looked", "version")
LINE = {"autocomplete": "off"}
# The seed's purposes ("Intended linking purpose"), offered while one types.
PURPOSES = (
    _("Customer onboarding"),
    _("Change of permissions"),
    _("Change of plan"),
    _("Account association update"),
)


class InvitationForm(forms.Form):
    """Who, why, and what the link starts with. `values` is what `invite`, `save_draft` and `send` take.

    With an `account`, its customer is asked for other permissions: everything it has already is not in the form.
    With `is_draft` nothing is required. An agency's form has no quota and no controls (design §2); the country list
    holds the contract's countries.
    """

    environment = forms.ChoiceField(
        label=_("Environment"),
        choices=[
            (Environment.PRODUCTION, _("Production: a real customer, real bills")),
            (Environment.SANDBOX, _("Sandbox: a test account")),
        ],
        widget=forms.RadioSelect,
    )
    uid = forms.CharField(
        label=_("UID"),
        max_length=100,  # as pasted; the service cleans it
        help_text=_("16 digits as a rule. Spaces and dashes are taken out."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "spellcheck": "false", **LINE}),
    )
    learns_uid = forms.BooleanField(
        label=_("The customer has no account yet"),
        required=False,
        help_text=_(
            "The customer opens one on the way; the cloud tells its UID. A code by e-mail proves who they are."
        ),
    )
    company = forms.CharField(
        label=_("Company"),
        validators=[MaxBytesValidator(NICKNAME_BYTES)],
        help_text=_("Becomes the account's nickname."),
        widget=forms.TextInput(attrs={"data-max-bytes": NICKNAME_BYTES, **LINE}),
    )
    email = forms.EmailField(
        label=_("Customer's e-mail"),
        help_text=_("The person who may decide about the account."),
        widget=forms.EmailInput(attrs=LINE),
    )
    account_type = forms.TypedChoiceField(
        label=_("Account type"),
        coerce=int,
        help_text=_("A second-tier reseller serves customers of its own; you hold its quota and see its sums."),
    )
    country = forms.ChoiceField(label=_("Country"), required=False)
    template_pk = forms.TypedChoiceField(
        label=_("Permissions"),
        coerce=int,
        empty_value=None,
        required=False,
        help_text=_("What you may do in the account afterwards. Ask for no more than you need."),
    )
    quota = forms.DecimalField(
        label=_("Starting quota"),
        min_value=0,
        max_digits=12,
        decimal_places=2,
        localize=False,
        help_text=_("0 means that nothing may be spent yet."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", **LINE}),
    )
    warning_percent = forms.IntegerField(
        label=_("Quota Warning Threshold (%)"),
        min_value=1,
        max_value=100,
        help_text=_("A mail goes out when less than this share of the quota is left."),
        widget=forms.TextInput(attrs={"inputmode": "numeric", **LINE}),
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
    billing_expectation = forms.ChoiceField(
        label=_("Where the charges are expected"),
        required=False,
        choices=BillingExpectation.choices,
        help_text=_("Compared with the first bill after linking."),
    )
    business_manager = forms.CharField(
        label=_("Business manager"),
        required=False,
        max_length=MANAGER_CHARACTERS,
        widget=forms.TextInput(attrs={"data-count": "", "list": "managers", **LINE}),
    )
    purpose = forms.CharField(
        label=_("Purpose"),
        required=False,
        max_length=200,
        help_text=_("It becomes the reason in the records."),
        widget=forms.TextInput(attrs={"list": "purposes", **LINE}),
    )
    crm_reference = forms.CharField(
        label=_("CRM reference"), required=False, max_length=80, widget=forms.TextInput(attrs=LINE)
    )
    remarks = forms.CharField(
        label=_("Remarks"),
        required=False,
        validators=[MaxBytesValidator(REMARKS_BYTES)],
        help_text=_("Only for you; the customer does not see them."),
        widget=forms.Textarea(attrs={"data-max-bytes": REMARKS_BYTES, "rows": 3}),
    )
    language = forms.ChoiceField(label=_("Language of the mail and of the customer's pages"), choices=LANGUAGE_CHOICES)
    note_to_customer = forms.CharField(
        label=_("Note to the customer"),
        required=False,
        max_length=500,
        help_text=_("Stands in the mail and on the customer's page, in your words."),
        widget=forms.Textarea(attrs={"data-count": "", "rows": 3}),
    )
    valid_days = forms.IntegerField(
        label=_("Valid for (days)"),
        required=False,
        min_value=7,
        max_value=30,
        widget=forms.TextInput(attrs={"inputmode": "numeric", **LINE}),
    )
    asks_code = forms.BooleanField(
        label=_("Ask for a code sent by e-mail too"),
        required=False,
        help_text=_("Beside the last 6 digits of the UID. Always so when there is no account yet."),
    )
    # The sheet's finger print that somebody ticked: what they looked at, so that another customer asks again.
    looked = forms.CharField(required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    GROUPS = (
        (pgettext_lazy("is invited", "Who"), ("uid", "learns_uid", "company", "email", "account_type", "country")),
        (_("What the link starts with"), ("template_pk", *MONEY, "billing_expectation", "business_manager")),
        (_("Mail"), ("language", "note_to_customer")),
    )
    # Never empty on the page, though a program may leave them out: not “(optional)”.
    ALWAYS_CHOSEN = ("template_pk", "billing_expectation")
    MORE = ("purpose", "crm_reference", "remarks", "valid_days", "asks_code")

    def __init__(
        self,
        *args: Any,
        partner: Partner,
        templates: Iterable[TemplateVersion] = (),
        is_draft: bool = False,
        account: LinkedAccount | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        kind = PartnerKind(partner.kind)
        contract = set(partner.contract_countries)
        names = [(code, name) for code, name in country_choices() if not contract or code in contract]
        self._choices("country", names if len(contract) == 1 else [("", _("Choose a country")), *names])
        self.fields["country"].required = bool(contract)
        self._choices("template_pk", [(one.template_id, one.template.name) for one in templates])
        if not self.fields["template_pk"].choices:  # type: ignore[attr-defined]
            del self.fields["template_pk"]  # the least there is (linking/scopes.py)
        types = [(int(one), one.label) for one in INVITABLE[kind]]
        self._choices("account_type", types)
        if len(types) == 1:
            del self.fields["account_type"]  # nothing to choose: the service takes the one there is
        self.account = account
        if account is not None:
            self._keep_account()
        elif kind is PartnerKind.AGENCY:
            for name in NOT_FOR_AGENCIES:
                del self.fields[name]
        else:
            self.fields["quota"].label = format_lazy("{} ({})", _("Starting quota"), partner.currency)
        days = _("7 to 30. Empty: %(days)d, as in your settings.") % {"days": partner.invitation_days}
        self.fields["valid_days"].help_text = days
        self._watch_uid()
        self.fields["uid"].required = not self.data.get("learns_uid")
        if not self.is_bound:
            self.fields["uid"].widget.attrs["autofocus"] = True  # the page is for typing, all day long
        self.is_draft = is_draft

    def _keep_account(self) -> None:
        """Another set of permissions for a linked account: who it is and what it has is not typed again."""
        for name in OF_ACCOUNT:
            self.fields.pop(name, None)
        self.fields["uid"].disabled = True  # as proposed, whatever is posted
        self.fields["uid"].help_text = ""

    def _watch_uid(self) -> None:
        self.fields["uid"].widget.attrs |= {
            "hx-get": reverse("linking:invitation_uid"),
            "hx-trigger": "input changed delay:400ms, change",
            "hx-target": "#uid-check",
            "hx-swap": "outerHTML",
            "hx-push-url": "false",
        }

    def _choices(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    def full_clean(self) -> None:
        """A draft may miss anything, yet its page goes on saying what sending will need."""
        needed = [field for field in self.fields.values() if field.required and self.is_draft]
        for field in needed:
            field.required = False
        super().full_clean()
        for field in needed:
            field.required = True

    @property
    def values(self) -> dict[str, Any]:
        """What the services take, after `is_valid`. A choice left empty in a draft keeps what is there."""
        given = {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in OWN and not (value == "" and isinstance(self.fields[name], forms.ChoiceField))
        }
        return {**given, **self._of_account}

    @property
    def typed(self) -> dict[str, Any]:
        """What is there so far, right or not: what the sheet judges while one types."""
        if not self.is_bound:
            initial = {name: self.get_initial_for_field(field, name) for name, field in self.fields.items()}
            return {**initial, **self._of_account}
        self.is_valid()
        raw = {name: self.data.get(name, "") for name in ("uid", "email", "country", "environment", "company")}
        return {**raw, **self.cleaned_data, **self._of_account}

    @property
    def _of_account(self) -> dict[str, Any]:
        """What is not typed because the account has it."""
        if self.account is None:
            return {}
        return {
            "account_pk": self.account.pk,
            "company": self.account.nickname,
            "account_type": self.account.account_type,
        }

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields as the page arranges them."""
        return [
            (_("Permissions") if self.account and "template_pk" in names else title, self._present(names))
            for title, names in self.GROUPS
            if self._present(names)
        ]

    @property
    def more(self) -> list[forms.BoundField]:
        """Fields most invitations leave as they are."""
        return self._present(self.MORE)

    @property
    def more_is_open(self) -> bool:
        """Something of them was written about this customer, or is wrong."""
        written = [field for field in self.more if field.name in ("purpose", "crm_reference", "remarks")]
        return any(field.errors for field in self.more) or any(field.value() for field in written)

    def _present(self, names: Iterable[str]) -> list[forms.BoundField]:
        return [self[name] for name in names if name in self.fields]
