"""What a person or a file may enter: a quota, a percent, a reason. The boundary at which money is judged."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Invalid
from partner_console.money import QUOTA_PLACES, quantize
from uids.errors import ReasonMissing

# Sixteen digits before the point: more than any currency needs, and what every column of the ledger holds.
LARGEST = Decimal("9999999999999999.99")


def clean_amount(amount: Decimal, *, field: str = "amount") -> Decimal:
    """A quota: 0 or more, at most two places, never rounded silently (acpn.md §6.6). 0 means nothing to spend."""
    if not amount.is_finite():
        raise Invalid("not_a_number", _("Enter a number."), field=field)
    if amount < 0:
        raise Invalid("negative_amount", _("A quota is 0 or more."), field=field)
    if amount > LARGEST:
        raise Invalid("amount_too_large", _("That is more than the console can hold."), field=field)
    rounded = quantize(amount, QUOTA_PLACES)
    if rounded != amount:
        raise Invalid("too_many_places", _("A quota has at most two decimal places."), field=field)
    return rounded


def clean_percent(percent: int) -> int:
    """A warning threshold: 1 to 100 percent of the quota (acpn.md §6.9)."""
    if not 1 <= percent <= 100:
        raise Invalid("percent_out_of_range", _("The threshold is between 1 and 100 percent."), field="percent")
    return percent


def clean_reason(reason: str) -> str:
    """Every change of quota says why (design §6.9)."""
    text = "".join(ch for ch in reason.strip() if ch in "\n\t" or ch.isprintable())
    if not text:
        raise ReasonMissing
    return text
