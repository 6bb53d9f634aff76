"""Half a year of use, day by day, for some of the demo's accounts: what charts, forecasts and back-tests need."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone

from linking.demo import catalogue
from quota.services.ledger import Movement
from quota.states import EntryKind

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS = 180
CYCLE = 30  # a bill a month; the last was paid OPEN days ago
OPEN = 28
MICRO = Decimal("0.000001")
WEEKEND = Decimal("0.45")


def movements(
    code: str,
    number: int,
    linked_at: datetime,
    amount: Decimal,
    used: Decimal,
    settled: Decimal,
    others: Sequence[Movement],
) -> list[Movement]:
    """Use of every day up to yesterday, each month settled and paid; what was used since the last payment is `used`,
    and `settled` of it is deducted. Of `others`, the changes of the quota are kept.
    """
    now = timezone.now()
    days = min((now - linked_at).days - 1, DAYS)
    shares = _shares(code, number, days)
    recent = sum(shares[-OPEN:])
    # Earlier months are paid from what the quota allowed, also where the last one is beyond it.
    before = min(used, amount * Decimal("0.7"))
    moves = [move for move in others if move.kind == EntryKind.QUOTA_ADJUST]
    owed = Decimal(0)
    for position, share in enumerate(shares):
        ago = days - position
        at = now - timedelta(days=ago, minutes=(position * 37 + number) % 600)
        part = ((used if ago <= OPEN else before) * share / recent).quantize(MICRO)
        if part:
            moves.append(Movement(EntryKind.USAGE, undeducted=part, at=at))
            owed += part
        if ago > OPEN and (ago - OPEN - 1) % CYCLE == 0:
            moves += _paid(owed, at + timedelta(minutes=1))
            owed = Decimal(0)
    rest = used - owed
    today = [Movement(EntryKind.USAGE, undeducted=rest, at=now - timedelta(hours=21))] if rest else []
    today.append(Movement(EntryKind.SETTLE, deducted=settled, undeducted=-settled, at=now - timedelta(hours=20)))
    return sorted(moves, key=_when) + today


def _shares(code: str, number: int, days: int) -> list[Decimal]:
    """How much of the use falls on each day: quiet weekends, slow growth or decline, some noise."""
    dice = catalogue.generator(f"{code}-{number}")
    trend = Decimal(dice.randrange(-30, 60)) / 100 / DAYS
    start = timezone.now().date() - timedelta(days=days)
    return [
        (WEEKEND if (start + timedelta(days=day)).weekday() > 4 else Decimal(1))
        * (1 + trend * day)
        * Decimal(dice.randrange(70, 131))
        / 100
        for day in range(days)
    ]


def _paid(owed: Decimal, at: datetime) -> list[Movement]:
    if not owed:
        return []
    return [
        Movement(EntryKind.SETTLE, deducted=owed, undeducted=-owed, at=at),
        Movement(EntryKind.WRITE_OFF, deducted=-owed, reason=f"Paid, invoice {at:%Y-%m}", at=at + timedelta(hours=2)),
    ]


def _when(movement: Movement) -> datetime:
    return movement.at or timezone.now()
