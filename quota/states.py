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


RELEASE_REMINDERS = (7, 3, 1)  # days before


class StopNews(TextChoices):
    """What the partner is told of a stop, once each."""

    STOPPED = "stopped", _("Stopped by arrears")
    RESUMED = "resumed", _("Runs again")
    RELEASE_7 = "release_7", _("Release in 7 days")
    RELEASE_3 = "release_3", _("Release in 3 days")
    RELEASE_1 = "release_1", _("Release in 1 day")
    RELEASED = "released", _("Released")


REMINDER_OF = {7: StopNews.RELEASE_7, 3: StopNews.RELEASE_3, 1: StopNews.RELEASE_1}


def stop_line(*, policy: str, overdraft: Decimal) -> Decimal | None:
    """What an account with money of its own is stopped strictly below; None when arrears stop nothing (design §6.3).

    `quota.services.stop_lines` says the same in the database: change both or neither.
    """
    if policy == ShutdownPolicy.NO_STOP:
        return None
    return -overdraft if policy == ShutdownPolicy.DELAY_STOP else overdraft * 0


def credit_status(*, available: Decimal, policy: str, overdraft: Decimal, is_stopped: bool = False) -> CreditStatus:
    """Arrears ⇔ available < 0, strictly; delayStop runs while −overdraft ≤ available (design §6.3).

    What is stopped stays so until the arrears are gone: within the overdraft again is not enough (acpn.md §8.2).
    """
    if available >= 0:
        return CreditStatus.NORMAL
    line = stop_line(policy=policy, overdraft=overdraft)
    falls_short = is_stopped or (line is not None and available < line)
    return CreditStatus.SHUTDOWN if falls_short else CreditStatus.ARREARS_NOT_SHUTDOWN


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
