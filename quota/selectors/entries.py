"""Reads of the ledger: Adjust Detail info (seed 004 §2.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from partner_console.access.policy import Permission, require
from quota.days import midnight, months_before
from quota.models import LedgerEntry
from quota.states import Bucket, EntryKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

DEFAULT_MONTHS = 6
# Kinds that change the Quota Amount. A synchronisation may be about another figure, so its bucket is asked too.
OF_AMOUNT = (EntryKind.QUOTA_CREATE, EntryKind.QUOTA_ADJUST, EntryKind.SYNC)


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
    # The kinds are said without a choice too: their own index is found by them.
    entries = entries.filter(Q(kind__in=kind) if kind else Q(bucket=Bucket.AMOUNT, kind__in=OF_AMOUNT))
    if since is None and until is None and months is not None:
        return entries.filter(at__gte=months_before(timezone.now(), months))
    if since is not None:
        entries = entries.filter(at__gte=midnight(since))
    if until is not None:
        entries = entries.filter(at__lt=midnight(until + timedelta(days=1)))
    return entries
