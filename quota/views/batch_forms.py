"""Forms of batches of quotas. They parse; the services judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from partner_console.errors import Invalid
from partner_console.web.upload_forms import FileOrPasteForm
from partner_console.web.uploads import parse_money
from quota.rules import clean_amount
from quota.services.batches.reading import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from django.http import QueryDict

    from quota.models import QuotaBatch
    from quota.selectors.batches import Start
    from uids.models import LinkedAccount


class NewBatchForm(FileOrPasteForm):
    """Quotas to set."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].help_text = _(
            "Cells copied from a spreadsheet, or one account a line: UID, new total. Amounts that begin with + or − "
            "are added or subtracted."
        )


class ColumnsForm(forms.Form):
    """For each of our fields the file's column: its index, or nothing."""

    def __init__(self, data: QueryDict | None, *, batch: QuotaBatch) -> None:
        super().__init__(data, initial={key: str(at) for key, at in batch.columns.items()})
        headers = batch.source.get("headers", [])
        choices = [("", _("Not in this file")), *((str(at), name) for at, name in enumerate(headers))]
        for key, label in LABELS.items():
            self.fields[key] = forms.ChoiceField(label=label, required=key == "uid", choices=choices)
        self.fields["change"].help_text = _(
            "Use it instead of the new total, or beside it: one of the two in each row."
        )

    def columns(self) -> dict[str, int]:
        return {key: int(at) for key, at in self.cleaned_data.items() if at}


class RunForm(forms.Form):
    """The one reason, and what somebody has to say that they mean it."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("One reason for all rows. It stands in every account's records."),
        widget=forms.Textarea(attrs={"rows": 2, "data-count": ""}),
    )
    accept_arrears = forms.BooleanField(required=False)
    accept_repeat = forms.BooleanField(required=False)

    def __init__(self, data: QueryDict | None, *, batch: QuotaBatch, start: Start) -> None:
        super().__init__(data, initial={"reason": batch.reason})
        n = start.sums.n_arrears
        arrears = ngettext(
            "I have seen that %(n)s account goes below zero, and want it",
            "I have seen that %(n)s accounts go below zero, and want it",
            n,
        ) % {"n": f"{n:,}"}
        repeat = _("Add these amounts once more")
        for name, label, is_asked in (
            ("accept_arrears", arrears, n),
            ("accept_repeat", repeat, start.repeated),
        ):
            if is_asked:
                self.fields[name].label = label
                self.fields[name].required = True
                self.fields[name].error_messages["required"] = _("Tick the box if this is meant.")
            else:
                del self.fields[name]


class AmountField(forms.CharField):
    """A new total as people type it, grouped or not; empty leaves the account alone."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "class": "num"})

    def __init__(self, *, currency: str, label: str) -> None:
        super().__init__(required=False, max_length=40, label=label)
        self.currency = currency

    def clean(self, value: Any) -> Decimal | None:
        text = super().clean(value).strip()
        if not text:
            return None
        try:
            return clean_amount(parse_money(text, currency=self.currency))
        except Invalid as error:
            raise ValidationError(str(error)) from error


class TypingForm(forms.Form):
    """A new total for each of some accounts."""

    query = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict | None, *, accounts: Sequence[LinkedAccount], query: str) -> None:
        super().__init__(data, initial={"query": query})
        self.accounts = accounts
        for account in accounts:
            label = _("New total of %(uid)s %(nickname)s") % {"uid": account.uid, "nickname": account.nickname}
            self.fields[f"total-{account.pk}"] = AmountField(currency=account.partner.currency, label=label)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.totals():
            raise ValidationError(_("Type a new total for at least one account."))
        return cleaned

    @property
    def lines(self) -> list[tuple[LinkedAccount, forms.BoundField]]:
        return [(account, self[f"total-{account.pk}"]) for account in self.accounts]

    def totals(self) -> list[tuple[str, str]]:
        """What was typed, as (UID, amount)."""
        typed = [(account.uid, self.cleaned_data.get(f"total-{account.pk}")) for account in self.accounts]
        return [(uid, str(amount)) for uid, amount in typed if amount is not None]
