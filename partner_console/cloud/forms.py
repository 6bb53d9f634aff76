"""Input of the operators' simulator page: shape only, the simulated cloud judges."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from partner_console.cloud.models import Operation
from partner_console.cloud.simulated.models import FaultKind, InstanceKind

EVENTS = [("usage", _("Report consumption")), ("settle", _("Settle")), ("refund", _("Refund"))]
FAULTY = [
    ("", _("Any")),
    *Operation.choices,
    ("start_link", _("Link an account")),
    ("link_status", _("Ask how a link stands")),
    ("credit", _("Read one account's figures")),
    ("credits", _("Read all figures")),
    ("account", _("Read one account")),
    ("permissions", _("Read permissions")),
    ("billing", _("Read the billing reference")),
    ("check_access", _("Check access")),
]
FAULTS = [
    (FaultKind.REFUSE, _("Refuse with a code")),
    (FaultKind.UNAVAILABLE, _("Do nothing, do not answer")),
    (FaultKind.TIMEOUT_AFTER, _("Do it, then do not answer")),
]
STRETCHES = [("hour", _("1 hour")), ("day", _("1 day")), ("week", _("1 week")), ("month", _("30 days"))]
_UID = {"invalid": _("A UID is made of digits.")}


class FindForm(forms.Form):
    uid = forms.RegexField(r"^[0-9]{1,20}$", label=_("UID"), required=False, error_messages=_UID)


class _OnePage(forms.Form):
    """Several forms share a page, each with a UID: their fields' ids begin with the form's name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auto_id = f"{type(self).__name__.lower()}_%s"


class EventForm(_OnePage):
    """Money moves at the cloud: consumption is undeducted until it is settled."""

    uid = forms.RegexField(r"^[0-9]{1,20}$", label=_("UID"), error_messages=_UID)
    event = forms.ChoiceField(label=_("What happens"), choices=EVENTS)
    amount = forms.DecimalField(
        label=_("Amount"), min_value=0, max_digits=18, decimal_places=6, help_text=_("Up to six decimal places.")
    )


class InstanceForm(_OnePage):
    """What a customer orders. Exactly what `simulated.instances.order` takes, and the UID."""

    uid = forms.RegexField(r"^[0-9]{1,20}$", label=_("UID"), error_messages=_UID)
    kind = forms.ChoiceField(label=_("Kind"), choices=InstanceKind.choices)
    price = forms.DecimalField(
        label=_("Price"),
        min_value=Decimal("0.000001"),
        max_digits=18,
        decimal_places=6,
        help_text=_("For an hour of pay-as-you-go, or for the term of a subscription."),
    )
    term_days = forms.IntegerField(
        label=_("Term in days"), min_value=1, max_value=1095, initial=30, help_text=_("Subscriptions only.")
    )
    renews = forms.BooleanField(label=_("Renew at the end of the term"), required=False)
    name = forms.CharField(label=_("Name"), max_length=60, required=False)


class TimeForm(forms.Form):
    stretch = forms.ChoiceField(label=_("How long"), choices=STRETCHES)


class FaultForm(_OnePage):
    operation = forms.ChoiceField(label=_("Operation"), choices=FAULTY, required=False)
    uid = forms.RegexField(
        r"^[0-9]{1,20}$", label=_("UID"), required=False, help_text=_("Empty: any account."), error_messages=_UID
    )
    kind = forms.ChoiceField(label=_("What goes wrong"), choices=FAULTS)
    code = forms.CharField(label=_("Code"), max_length=60, required=False, help_text=_("For example 3040."))
    message = forms.CharField(label=_("Message"), max_length=500, required=False)
    times = forms.IntegerField(label=_("How often"), min_value=1, max_value=100, initial=1)


class ByHandForm(forms.Form):
    note = forms.CharField(
        label=_("Who did it, when and where"),
        max_length=500,
        help_text=_("For example the number of the ticket at the cloud. It stays in the records."),
        error_messages={"required": _("Say who did it, when and where.")},
        widget=forms.Textarea(attrs={"rows": 3, "data-count": ""}),
    )
