"""The words of quota: ledger entry kinds, credit control status, warnings. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import TextChoices
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


def is_below_threshold(*, available: Decimal, amount: Decimal, percent: int) -> bool:
    """The warning condition: strictly below amount × percent ÷ 100; amount 0 never divides (design §6.6)."""
    return available * 100 < amount * percent
