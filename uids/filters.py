"""The filters of the Linked User ID list."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.choices import BaseChoiceIterator
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission
from partner_console.web.countries import country_choices
from partner_console.web.listquery import ListFilters
from partner_console.web.widgets import PlainCheckbox, PlainCheckboxes, PlainNumber, PlainSelect, PlainText
from quota.states import CreditStatus
from uids.models.account import MANAGER_CHARACTERS
from uids.selectors import label_choices
from uids.states import AccountType, Environment, PaygStatus, PurchaseControl, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import QueryDict

    from partner_console.access.actor import Actor


def _many(label: Any, choices: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(label=label, required=False, choices=choices, widget=PlainCheckboxes)


def _one(label: Any, choices: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=[("", _("Any")), *choices], widget=PlainSelect)


def _amount(label: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, required=False, max_digits=22, decimal_places=6, localize=False, widget=PlainNumber
    )


def _box(label: Any) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, widget=PlainCheckbox)


RELEASE_CHOICES = [
    ("1", _("1 day")),
    ("3", _("3 days")),
    ("7", _("7 days")),
    ("15", _("15 days: all that arrears stopped")),
]


class _Countries(BaseChoiceIterator):
    """Every country, in the reader's language. Choices of a plain callable are put in order anew at every look."""

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        yield "", _("Any")
        yield from country_choices()


class AccountFilters(ListFilters):
    """Field names are the parameters of `quota.selectors.list_uids_with_quota`, and the list's URL for good."""

    permissions = {
        "payg": Permission.CONTROL_VIEW,
        "release": Permission.CONTROL_VIEW,
        "purchase": Permission.CONTROL_VIEW,
        "policy": Permission.CONTROL_VIEW,
        "credit": Permission.QUOTA_VIEW,
        "available_min": Permission.QUOTA_VIEW,
        "available_max": Permission.QUOTA_VIEW,
        "in_warning": Permission.QUOTA_VIEW,
        "trustee": Permission.CONTROL_VIEW,
        "manager": Permission.QUOTA_VIEW,  # an agency has none of the three
        "no_manager": Permission.QUOTA_VIEW,
    }

    q = forms.CharField(
        label=_("Search"),
        help_text=_("UID, name, login or e-mail"),
        required=False,
        max_length=100,
    )
    status = _many(_("Account Status"), Relationship.choices)
    payg = _many(_("PAYG status"), PaygStatus.choices)
    release = _one(_("Released within"), RELEASE_CHOICES)
    credit = _many(_("Credit status"), CreditStatus.choices)
    policy = _many(_("Shutdown policy"), ShutdownPolicy.choices)
    purchase = _one(_("Purchase control"), PurchaseControl.choices)
    environment = _one(_("Environment"), Environment.choices)
    account_type = _many(_("Account type"), AccountType.choices)
    label = _many(_("Labels"), ())
    manager = forms.CharField(
        label=_("Business manager"),
        required=False,
        max_length=MANAGER_CHARACTERS,
        widget=PlainText(attrs={"list": "managers", "autocomplete": "off"}),
    )
    no_manager = _box(_("Without business manager"))
    country = _one(_("Country"), ())
    available_min = _amount(_("Available Quota from"))
    available_max = _amount(_("Available Quota to"))
    in_warning = _box(_("Below the warning threshold"))
    trustee = forms.CharField(
        label=_("Sub-accounts of master UID"),
        required=False,
        validators=[RegexValidator(r"^[0-9]{1,20}$")],
        widget=PlainText,
    )

    def __init__(self, data: QueryDict, *, actor: Actor) -> None:
        super().__init__(data, actor=actor)
        # Read when a label is asked for or the form is drawn, not for every page of the table; and once.
        self.fields["label"].choices = cache(partial(label_choices, actor))  # type: ignore[attr-defined]
        self.fields["country"].choices = _Countries()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        low, high = cleaned.get("available_min"), cleaned.get("available_max")
        if low is not None and high is not None and low > high:
            self.add_error("available_max", _("The range ends before it begins."))
        if cleaned.get("manager") and cleaned.get("no_manager"):
            self.add_error("no_manager", _("Choose a business manager, or accounts without one, not both."))
        return cleaned
