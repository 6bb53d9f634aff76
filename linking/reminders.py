"""When a customer who has not answered is reminded: on day 3, on day 7 and a day before the end (design §5). Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

AFTER_SENDING = (timedelta(days=3), timedelta(days=7))
BEFORE_THE_END = timedelta(days=1)
# A reminder that went late (mail limits, a worker that was away) takes the place of the next when that is near.
LEAST_GAP = timedelta(hours=12)


def next_reminder(*, sent_at: datetime, expires_at: datetime, after: datetime) -> datetime | None:
    """The first moment after `after` to remind at; None when nothing comes before the end any more."""
    moments = {sent_at + wait for wait in AFTER_SENDING} | {expires_at - BEFORE_THE_END}
    left = [one for one in moments if max(after, sent_at) + LEAST_GAP <= one < expires_at]
    return min(left, default=None)
