"""A partner's quiet hours: when nothing is taken away from customers by a plan. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from .models import Partner


def after_quiet_hours(partner: Partner, at: datetime) -> datetime:
    """`at` (aware), or the end of the quiet hours it falls into; UTC.

    The hours are the partner's, on the clocks of its zone; their beginning belongs to them, their end does not. They
    go over midnight when they end earlier than they begin.
    """
    begin, end = partner.quiet_from, partner.quiet_until
    if begin is None or end is None:
        return at.astimezone(UTC)
    zone = ZoneInfo(partner.time_zone)
    local = at.astimezone(zone)
    clock, day = local.time(), local.date()
    is_over_midnight = end < begin
    if is_over_midnight and clock >= begin:
        day += timedelta(days=1)
    elif not (clock < end if is_over_midnight else begin <= clock < end):
        return at.astimezone(UTC)
    return datetime.combine(day, end, tzinfo=zone).astimezone(UTC)
