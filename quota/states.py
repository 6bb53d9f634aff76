"""The words of quota: ledger entry kinds, credit control status, warnings. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _

from uids.states import ShutdownPolicy

if TYPE_CHECKING:
    from decimal import Decimal


class EntryKind(TextChoices):
    """Operation Type of the seed (Quota Create, Quota Adjustment) and the movements beneath it (design §4)."""

    QUOTA_CREATE = "quota_create", _("Quota Create")
    QUOTA_ADJUST = "quota_adjust", _("Quota Adjustment")
    USAGE = "usage", _("Usage")
    SETTLE = "settle", _("Settlement")
    REFUND = "refund", _("Refund")
    WRITE_OFF = "write_off", _("Write-off")
    SYNC = "sync", _("Synchronised from the cloud")


class Bucket(TextChoices):
    """Which figure an entry's before / value / after are about."""

    AMOUNT = "amount", _("Quota Amount")
    DEDUCTED = "deducted", _("Consumed & Deducted Value")
    UNDEDUCTED = "undeducted", _("Consumed & Undeducted Value")


BUCKET_OF: dict[EntryKind, Bucket] = {
    EntryKind.QUOTA_CREATE: Bucket.AMOUNT,
    EntryKind.QUOTA_ADJUST: Bucket.AMOUNT,
    EntryKind.USAGE: Bucket.UNDEDUCTED,
    EntryKind.SETTLE: Bucket.DEDUCTED,
    EntryKind.REFUND: Bucket.DEDUCTED,
    EntryKind.WRITE_OFF: Bucket.DEDUCTED,
    EntryKind.SYNC: Bucket.UNDEDUCTED,
}


class CreditStatus(TextChoices):
    """Credit control status, computed from quota and policy (acpn.md §8.2)."""

    NORMAL = "normal", _("Normal")
    ARREARS_NOT_SHUTDOWN = "arrears_not_shutdown", _("In arrears, running")
    SHUTDOWN = "shutdown", _("In arrears, shut down")


def credit_status(*, available: Decimal, policy: str, overdraft: Decimal) -> CreditStatus:
    """Arrears ⇔ available < 0, strictly; delayStop runs while −overdraft ≤ available (design §6.3)."""
    if available >= 0:
        return CreditStatus.NORMAL
    runs = policy == ShutdownPolicy.NO_STOP or (policy == ShutdownPolicy.DELAY_STOP and available >= -overdraft)
    return CreditStatus.ARREARS_NOT_SHUTDOWN if runs else CreditStatus.SHUTDOWN


class LineKind(IntegerChoices):
    """The lines an account can be warned at, as bits of `CreditAccount.alarms` (design §6.6).

    PERCENT is the seed's Quota Warning Threshold: always there, and told to the cloud. CUSTOMER is the customer's own
    alert, an amount; the partner is not told of it.
    """

    PERCENT = 1, _("Percent of the quota")
    AMOUNT = 2, _("Amount")
    DAYS = 4, _("Days left")
    CUSTOMER = 8, _("Customer's own alert")


class Figures(Protocol):
    """What decides which lines are crossed; amounts in the partner's currency, `daily_use` of an average day."""

    amount: Decimal
    available: Decimal
    daily_use: Decimal
    warning_percent: int
    warning_amount: Decimal | None
    warning_days: int | None
    customer_line: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody wants of one kind of line: a value, none of that kind (`value` None), or what is inherited."""

    value: Decimal | None = None
    is_inherited: bool = False


INHERITED = Line(is_inherited=True)
OFF = Line()


# The lines a partner sets; together the bits that put an account in alarm.
PARTNER_KINDS = (LineKind.PERCENT, LineKind.AMOUNT, LineKind.DAYS)
PARTNER_BITS = sum(PARTNER_KINDS)
ALL_BITS = PARTNER_BITS + LineKind.CUSTOMER


def is_below_threshold(*, available: Decimal, amount: Decimal, percent: int) -> bool:
    """The seed's warning condition: strictly below amount × percent ÷ 100; amount 0 never divides (design §6.6)."""
    return available * 100 < amount * percent


def lines_below(credit: Figures) -> int:
    """The bits of the lines that available is strictly below, whoever they are for.

    Days left count only while something is used at all. `CreditAccount.lines_below` is the same in the database:
    change both or neither.
    """
    available = credit.available
    is_below = {
        LineKind.PERCENT: is_below_threshold(available=available, amount=credit.amount, percent=credit.warning_percent),
        LineKind.AMOUNT: credit.warning_amount is not None and available < credit.warning_amount,
        LineKind.DAYS: (
            credit.warning_days is not None
            and credit.daily_use > 0
            and available < credit.daily_use * credit.warning_days
        ),
        LineKind.CUSTOMER: credit.customer_line is not None and available < credit.customer_line,
    }
    return sum(kind for kind, below in is_below.items() if below)
