"""What happens at the simulated cloud without the console asking: usage, settlement, refunds, faults. Not in the port.

For the demo, the operators' simulator page and tests. Each call is a transaction of the other company's, as it were.
Amounts in the partner's currency; consumption keeps six places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from partner_console.cloud.port import CloudRefused, CloudUnavailable, OutcomeUnknown
from partner_console.cloud.simulated import instances
from partner_console.cloud.simulated.models import FaultKind, SimAccount, SimFault
from partner_console.money import CONSUMPTION_PLACES, quantize

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

T = TypeVar("T")

SYSTEM_ERROR = "1109"
INVALID_UID = "3029"  # agency-api.md §16.6
NOT_A_NUMBER = "3041"
# What decides whether pay-as-you-go runs, beside the time since.
FACTS = frozenset({"payg_frozen", "payg_stopped_at", "trustee_uid", "partner_uid"})


def report_usage(*, uid: str, amount: Decimal) -> SimAccount:
    """The customer consumes: `undeducted` grows by `amount` (> 0)."""
    return _change(uid, undeducted=_positive(amount))


def settle(*, uid: str, amount: Decimal | None = None) -> SimAccount:
    """Deduct what was consumed: `amount`, or all of it, moves from undeducted to deducted."""
    with transaction.atomic():
        account = lock_account(uid)
        value = account.undeducted if amount is None else min(_positive(amount), account.undeducted)
        return save(
            account,
            undeducted=account.undeducted - value,
            deducted=account.deducted + value,
            # Bills come late: the first charge is reported when it is settled.
            first_billed_at=account.first_billed_at or timezone.now(),
        )


def override(*, uid: str, **values: object) -> SimAccount:
    """Somebody changes the account in the cloud's own console: `scopes`, `bill_to` and the like, by name."""
    with transaction.atomic():
        return save(lock_account(uid), **values)


def refund(*, uid: str, amount: Decimal) -> SimAccount:
    """Give money back: `deducted` falls by `amount`, below zero too (design §6.2)."""
    return _change(uid, deducted=-_positive(amount))


def add_fault(
    *, operation: str, kind: FaultKind | str, uid: str = "", code: str = "", message: str = "", times: int = 1
) -> SimFault:
    """The next `times` calls of the port's `operation` ("" = any) on `uid` ("" = any) go wrong."""
    return SimFault.objects.create(
        operation=operation, uid=uid, kind=FaultKind(kind), code=code, message=message, remaining=times
    )


def clear_faults() -> int:
    """Everything works again; how many faults were waiting."""
    return SimFault.objects.filter(remaining__gt=0).update(remaining=0)


def at_the_cloud(operation: str, uid: str, work: Callable[[], T]) -> T:
    """Run `work` as the cloud would, in its own transaction, with the fault that waits for it, if any."""
    fault = _take_fault(operation, uid)
    if fault is not None and fault.kind == FaultKind.REFUSE:
        raise CloudRefused(fault.code or SYSTEM_ERROR, fault.message or "system error")
    if fault is not None and fault.kind == FaultKind.UNAVAILABLE:
        raise CloudUnavailable(operation)
    with transaction.atomic():
        result = work()
    if fault is not None:
        raise OutcomeUnknown(operation)
    return result


def lock_account(uid: str) -> SimAccount:
    """The account, locked, in the caller's transaction. One the cloud has not met is taken as the console has it."""
    account = SimAccount.objects.select_for_update().filter(uid=uid).first()
    if account is not None:
        return account
    _adopt(uid)
    account = SimAccount.objects.select_for_update().filter(uid=uid).first()
    if account is None:
        raise CloudRefused(INVALID_UID, "invalid UID")
    return account


def meet(uid: str) -> SimAccount | None:
    """The account as the cloud has it, taken over from the console where it has not met it; None when nobody knows."""
    account = SimAccount.objects.filter(uid=uid).first()
    if account is None:
        _adopt(uid)
        account = SimAccount.objects.filter(uid=uid).first()
    return account


def save(account: SimAccount, **values: object) -> SimAccount:
    """Set the values and the moment they became so; what runs follows in the same transaction."""
    for name, value in values.items():
        setattr(account, name, value)
    account.changed_at = timezone.now()
    account.save(update_fields=[*values, "changed_at"])
    if not FACTS.isdisjoint(values):
        instances.follow([account.uid])
    return account


def _adopt(uid: str) -> None:
    """Accounts that came by import were never linked here, yet one must be able to freeze them: believe the console.

    The source is named by a setting, so that the kernel imports no app; it returns SimAccount's fields or None.
    """
    known: dict[str, Any] | None = import_string(settings.SIMULATED_CLOUD_SOURCE)(uid)
    if known is not None:
        SimAccount.objects.get_or_create(uid=uid, defaults={**known, "changed_at": timezone.now()})
        if master := known.get("trustee_uid"):
            meet(master)


def _take_fault(operation: str, uid: str) -> SimFault | None:
    with transaction.atomic():
        fault = (
            SimFault.objects.select_for_update(skip_locked=True)
            .filter(operation__in=("", operation), uid__in=("", uid), remaining__gt=0)
            .order_by("pk")
            .first()
        )
        if fault is not None:
            fault.remaining -= 1
            fault.save(update_fields=["remaining"])
    return fault


def _change(uid: str, **deltas: Decimal) -> SimAccount:
    with transaction.atomic():
        account = lock_account(uid)
        return save(account, **{name: getattr(account, name) + delta for name, delta in deltas.items()})


def _positive(amount: Decimal) -> Decimal:
    if not amount.is_finite() or amount <= 0:
        raise CloudRefused(NOT_A_NUMBER, "credit is not a number")
    return quantize(amount, CONSUMPTION_PLACES)
