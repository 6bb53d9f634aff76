"""Money: Decimal and a currency, one rounding function, never a float (style §14)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

QUOTA_PLACES = Decimal("0.01")
CONSUMPTION_PLACES = Decimal("0.000001")
ZERO = Decimal(0)


def _ensure_decimal(amount: object) -> None:
    """Raise TypeError for anything else, a float above all: types are checked before a release, callers at run time."""
    if not isinstance(amount, Decimal):
        msg = f"Money takes a Decimal, not {type(amount).__name__}."
        raise TypeError(msg)


def quantize(amount: Decimal, places: Decimal = QUOTA_PLACES) -> Decimal:
    """Round half up to `places`; −0 becomes 0, so a balance never shows as “−0.00”."""
    _ensure_decimal(amount)
    return amount.quantize(places, rounding=ROUND_HALF_UP) + ZERO


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency (ISO 4217). Arithmetic across currencies raises."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        _ensure_decimal(self.amount)

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            msg = f"Cannot combine {self.currency} with {other.currency}."
            raise ValueError(msg)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)
