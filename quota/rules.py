"""What a person or a file may enter, and when a quota may change. Money is judged here, at the boundary. No queries."""

from __future__ import annotations

from datetime import timedelta
from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.errors import Invalid
from partner_console.money import CONSUMPTION_PLACES, QUOTA_PLACES, ZERO, quantize
from partner_console.web.formats import exact_amount
from quota.errors import BoostInForce, NothingToChange, UnderTrusteeship
from quota.states import EntryKind
from uids.errors import NotLive, ReasonMissing, StaleVersion

if TYPE_CHECKING:
    from datetime import datetime

    from quota.models import Boost, CreditAccount
    from uids.models import LinkedAccount

# Sixteen digits before the point: more than any currency needs, and what every column of the ledger holds.
LARGEST = Decimal("9999999999999999.99")
LONGEST_BOOST = timedelta(days=366)
LEAST_OVERDRAFT = Decimal(600)  # what delayed shutdown allows at least, in the partner's currency (acpn.md §8.1)
OVERDRAFT_DAYS = 15  # how long it is meant to last


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


def overdraft_for(daily_use: Decimal) -> Decimal:
    """What delayed shutdown allows an account that uses so much on an average day, in whole units (design §6.3)."""
    return max(LEAST_OVERDRAFT, (daily_use * OVERDRAFT_DAYS).to_integral_value(rounding=ROUND_UP))


def clean_taken_off(credit: CreditAccount, kind: EntryKind, amount: Decimal) -> Decimal:
    """What a write-off or refund takes off: more than 0, at most six places; a write-off at most what was deducted.

    A refund has no ceiling, and brings the deducted value below zero when it is more (acpn.md §6.2).
    """
    if not amount.is_finite():
        raise Invalid("not_a_number", _("Enter a number."), field="amount")
    if amount <= 0:
        raise Invalid("not_positive", _("Enter more than 0."), field="amount")
    if amount > LARGEST:
        raise Invalid("amount_too_large", _("That is more than the console can hold."), field="amount")
    if quantize(amount, CONSUMPTION_PLACES) != amount:
        raise Invalid("too_many_places", _("At most six decimal places."), field="amount")
    if kind == EntryKind.WRITE_OFF and amount > max(credit.deducted, ZERO):
        raise Invalid(
            "more_than_deducted",
            _("At most what was deducted can be written off: %(deducted)s %(currency)s.")
            % {"deducted": exact_amount(max(credit.deducted, ZERO)), "currency": credit.partner.currency},
            field="amount",
        )
    return quantize(amount, CONSUMPTION_PLACES)


def clean_boost(credit: CreditAccount, amount: Decimal) -> Decimal:
    """How much more, for a while: a quota's amount above 0, that the total can still hold."""
    amount = clean_amount(amount)
    if not amount:
        raise Invalid("not_positive", _("Enter more than 0."), field="amount")
    clean_amount(credit.amount + amount)
    return amount


def clean_until(until: datetime, *, other_than: datetime | None = None) -> datetime:
    """When a boost ends: to the minute, after now, within a year."""
    until = until.replace(second=0, microsecond=0)
    now = timezone.now()
    if until <= now:
        raise Invalid("in_the_past", _("Choose a time that is still to come."), field="until")
    if until > now + LONGEST_BOOST:
        raise Invalid("too_long", _("A boost lasts a year at most. For longer, edit the quota."), field="until")
    if until == other_than:
        raise NothingToChange(_("It ends at that time already."), field="until")
    return until


def ensure_no_boost(boost: Boost | None) -> None:
    """One at a time: two ends of two boosts would leave nobody sure of what the quota is going to be."""
    if boost is not None:
        raise BoostInForce


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


def _ensure_current(credit: CreditAccount, version: int, yours: dict[str, Any]) -> None:
    """Usage does not count: only people's changes, and a quota changed at the cloud, move the version."""
    ensure_version(credit, version, yours=yours, theirs={name: getattr(credit, name) for name in yours})


def ensure_version(credit: CreditAccount, version: int, *, yours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """`StaleVersion` with both sides when these are not the figures the person saw."""
    if credit.version != version:
        raise StaleVersion(
            yours={name: str(value) for name, value in yours.items()},
            theirs={name: str(value) for name, value in theirs.items()},
            version=credit.version,
        )
