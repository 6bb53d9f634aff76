"""Days of the quota records: they are in UTC+8, whatever the reader's zone (seed 004 §2.3; design §4). Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# No daylight saving since 1991.
RECORDS_ZONE = ZoneInfo("Asia/Shanghai")

USE_DAYS = 30  # whole days before today that say how fast an account spends
THIN_DAYS = 7  # with use on fewer of them there is no pace to speak of


def record_day(at: datetime) -> date:
    """The day in UTC+8 that a moment belongs to."""
    return at.astimezone(RECORDS_ZONE).date()


def midnight(day: date) -> datetime:
    """When a day of the records begins, in UTC."""
    return datetime.combine(day, time.min, tzinfo=RECORDS_ZONE).astimezone(UTC)


def months_before(now: datetime, months: int) -> datetime:
    """The start of the same day (UTC+8) so many calendar months ago; the month's last day where there is none."""
    today = record_day(now)
    index = today.year * 12 + today.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return midnight(first.replace(day=min(today.day, last.day)))
