"""What a person or a file may enter, and when a quota may change. Money is judged here, at the boundary. No queries."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Invalid
from partner_console.money import QUOTA_PLACES, quantize
from quota.errors import NothingToChange, UnderTrusteeship
from uids.errors import NotLive, ReasonMissing, StaleVersion

if TYPE_CHECKING:
    from quota.models import CreditAccount
    from uids.models import LinkedAccount

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


def ensure_own_quota(account: LinkedAccount) -> None:
    """Refuse accounts whose quota cannot change: no longer linked, or held by a master (load `trustee` with it)."""
    if not account.is_live:
        raise NotLive(account)
    if account.trustee_id is not None:
        raise UnderTrusteeship(account)


def ensure_new_amount(credit: CreditAccount, *, version: int, amount: Decimal) -> Decimal:
    """The cleaned total, when it may replace the one whose `version` the person saw."""
    amount = clean_amount(amount)
    _ensure_current(credit, version, {"amount": amount})
    if amount == credit.amount:
        raise NothingToChange(_("The quota already has this total."), field="amount")
    return amount


def ensure_new_percent(credit: CreditAccount, *, version: int, percent: int) -> int:
    """The same for the warning threshold."""
    percent = clean_percent(percent)
    _ensure_current(credit, version, {"percent": percent})
    if percent == credit.warning_percent:
        raise NothingToChange(_("The threshold already is this percentage."), field="percent")
    return percent


def _ensure_current(credit: CreditAccount, version: int, yours: dict[str, Any]) -> None:
    """Usage does not count: only people's changes, and a quota changed at the cloud, move the version."""
    if credit.version != version:
        theirs = {"amount": credit.amount, "percent": credit.warning_percent}
        raise StaleVersion(
            yours={name: str(value) for name, value in yours.items()},
            theirs={name: str(theirs[name]) for name in yours},
            version=credit.version,
        )
