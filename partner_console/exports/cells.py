"""What an export's cells are: the kinds of columns, and each value as the exact text both file formats share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from django.utils.functional import _StrPromise

CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Kind(StrEnum):
    """How a column's cells are written. Money is in the partner's currency, times in the reader's zone."""

    TEXT = "text"
    ID = "id"  # digits that must stay digits: never a number
    WHOLE = "whole"
    MONEY = "money"  # Decimal, 2 places
    CONSUMPTION = "consumption"  # Decimal, 6 places
    PERCENT = "percent"  # 20 means 20 %
    TIME = "time"  # aware datetime
    YES_NO = "yes_no"  # bool


NUMBERS = frozenset({Kind.WHOLE, Kind.MONEY, Kind.CONSUMPTION, Kind.PERCENT})


class Column(Protocol):
    """What the writers need to know of a column. The label is rendered in the active language."""

    @property
    def label(self) -> str | _StrPromise: ...

    @property
    def kind(self) -> str: ...


def header(column: Column, zone: tzinfo) -> str:
    """The column's label; a time's names its zone and offset, a percentage's its sign."""
    label = plain(str(column.label))
    if column.kind == Kind.TIME:
        return f"{label} ({zone_label(zone)})"
    if column.kind == Kind.PERCENT and "%" not in label:
        return f"{label} (%)"
    return label


def zone_label(zone: tzinfo) -> str:
    """`UTC+8`; a zone whose clocks change is named with both its offsets: `Europe/Berlin, UTC+1/UTC+2`."""
    year = datetime.now(UTC).year
    offsets = dict.fromkeys(_offset_label(datetime(year, month, 1, tzinfo=UTC).astimezone(zone)) for month in (1, 7))
    return "/".join(offsets) if len(offsets) == 1 else f"{zone}, {'/'.join(offsets)}"


def _offset_label(moment: datetime) -> str:
    offset = moment.utcoffset()
    minutes = int(offset.total_seconds()) // 60 if offset else 0
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02}' if rest else ''}"


def plain(text: str) -> str:
    """Text without the control characters neither format can hold; line breaks and tabs stay."""
    return text if text.isprintable() else CONTROL_CHARACTERS.sub("", text)


def as_text(kind: str, zone: tzinfo) -> Callable[[Any], str]:
    """The function that writes one value of this kind out exactly; None is empty.

    Numbers have a point and no grouping (`1234.50`), times are `2026-01-31 17:48:00` in `zone`. It raises
    `TypeError` for a float and for a time without zone: both would silently be wrong.
    """
    if kind in NUMBERS:
        return _number
    if kind == Kind.TIME:
        return lambda value: _time(value, zone)
    if kind == Kind.YES_NO:
        yes, no = _("Yes"), _("No")
        return lambda value: "" if value is None else (yes if value else no)
    return lambda value: "" if value is None else plain(str(value))


def _number(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        msg = f"A number in an export is a Decimal or an int, not {type(value).__name__}."
        raise TypeError(msg)
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _time(value: datetime | None, zone: tzinfo) -> str:
    if value is None:
        return ""
    if value.tzinfo is None:
        msg = "A time in an export has a zone."
        raise TypeError(msg)
    return value.astimezone(zone).isoformat(" ", "seconds")[:19]
