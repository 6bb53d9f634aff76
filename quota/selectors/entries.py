"""Reads of the ledger: Adjust Detail info (seed 004 §2.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from partner_console.access.policy import Permission, require
from quota.models import LedgerEntry
from quota.states import Bucket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

# Quota records are in UTC+8, whatever the reader's zone (seed 004 §2.3; design §4). No daylight saving since 1991.
RECORDS_ZONE = ZoneInfo("Asia/Shanghai")
DEFAULT_MONTHS = 6


def list_entries(
    actor: Actor,
    *,
    account_pk: int,
    kind: Sequence[str] = (),
    months: int | None = DEFAULT_MONTHS,
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[LedgerEntry]:
    """Entries of one account, unordered: of these kinds, by default every change of the Quota Amount.

    `since` and `until` are days in UTC+8, both included; with neither, the last `months` (None: all there are).
    """
    require(actor, Permission.QUOTA_VIEW)
    entries = LedgerEntry.objects.visible_to(actor).filter(credit_id=account_pk)
    entries = entries.filter(Q(kind__in=kind) if kind else Q(bucket=Bucket.AMOUNT))
    if since is None and until is None and months is not None:
        return entries.filter(at__gte=months_before(timezone.now(), months))
    if since is not None:
        entries = entries.filter(at__gte=_midnight(since))
    if until is not None:
        entries = entries.filter(at__lt=_midnight(until + timedelta(days=1)))
    return entries


def months_before(now: datetime, months: int) -> datetime:
    """The start of the same day (UTC+8) so many calendar months ago; the month's last day where there is none."""
    today = now.astimezone(RECORDS_ZONE).date()
    index = today.year * 12 + today.month - 1 - months
    first = date(index // 12, index % 12 + 1, 1)
    last = (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return _midnight(first.replace(day=min(today.day, last.day)))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=RECORDS_ZONE).astimezone(UTC)
