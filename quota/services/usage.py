"""What the cloud reports: consumption, settlements, refunds, and changes made outside this console."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from partner_console.access.models import Partner
from partner_console.access.policy import PartnerKind
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.port import (
    CloudRefused,
    CloudUnavailable,
    Credit,
    NotOffered,
    OutcomeUnknown,
    get_cloud,
)
from partner_console.cloud.selectors import latest_commands
from partner_console.errors import DomainError
from partner_console.money import CONSUMPTION_PLACES, QUOTA_PLACES, quantize
from quota import locks, tasks
from quota.models import CreditAccount, UsageFeed
from quota.services import ledger
from quota.services.ledger import Movement
from quota.states import Bucket, EntryKind
from uids.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)

BATCH = 1000
# Readings overlap: a change the cloud stamped just before our last question is not lost, and reading twice is free.
OVERLAP = timedelta(minutes=10)
EXPIRES = 55  # seconds; beat asks every minute

REASON_OUTSIDE = gettext_noop("Changed outside this console")
REASON_REFUSED = gettext_noop("The cloud refused the change")


@transaction.atomic
def apply_credit_figures(*, actor: Actor, credit: Credit) -> CreditAccount | None:
    """Bring one live account to the figures the cloud reports at `credit.as_of` (UTC), as ledger entries.

    Consumption in becomes `usage`, undeducted turned deducted `settle`, deducted gone down `refund`; what fits none of
    these, and a quota changed outside this console or refused by the cloud, becomes `sync`. Idempotent: an older
    reading, the same reading and one that says nothing new change nothing. A quota we ordered ourselves and the cloud
    has not answered yet is left alone. Sub-accounts under trusteeship spend their master's and are left alone too.
    None when there is nothing to bring up to date here.
    """
    found = CreditAccount.objects.visible_to(actor).filter(
        account__uid=credit.uid, account__relationship__in=LIVE, account__trustee__isnull=True
    )
    account_pk = found.values_list("pk", flat=True).first()
    if account_pk is None:
        return None
    ours = locks.lock_credit(actor, account_pk)
    if ours.as_of is not None and credit.as_of < ours.as_of:
        return ours
    movements = list(_consumption(ours, credit))
    amount = quantize(credit.amount, QUOTA_PLACES)
    if amount != ours.amount and (reason := _why_amount_differs(actor, credit)):
        movements.append(
            Movement(
                EntryKind.SYNC,
                amount=amount - ours.amount,
                bucket=Bucket.AMOUNT,
                reason=reason,
                key=_key(ours, credit, "amount"),
            )
        )
        _note_sync(actor, ours, amount, reason)
    ledger.post_all(actor=actor, credit=ours, movements=movements, as_of=credit.as_of)
    return ours


def sync_partner(*, actor: Actor, partner_pk: int) -> int:
    """Read what changed at the cloud for one partner since last time, and apply it; returns the accounts moved.

    The network is asked outside any transaction; every account is its own transaction. Nothing is claimed: two at once
    read the same and the second finds nothing new. A cloud that does not answer is noted on the feed and asked again.
    """
    partner = Partner.objects.visible_to(actor).get(pk=partner_pk)
    feed, _ = UsageFeed.objects.get_or_create(partner=partner)
    since = feed.read_until - OVERLAP if feed.read_until else None
    asked_at = timezone.now()
    try:
        readings = get_cloud().credits(partner_uid=partner.master_uid, changed_since=since)
        readings += _refused_since(actor, partner, feed.checked_at)
    except (CloudUnavailable, OutcomeUnknown, CloudRefused, NotOffered) as error:
        _note_failure(partner, asked_at, error)
        return 0
    moved = sum(_apply(actor, reading) for batch in _batches(readings) for reading in _that_differ(actor, batch))
    UsageFeed.objects.filter(partner=partner).update(
        read_until=asked_at, checked_at=asked_at, failing_since=None, failure=""
    )
    return moved


def wake_feeds() -> None:
    """One task for every active partner that has quotas: one silent or slow feed holds up no other."""
    partners = Partner.objects.filter(is_active=True).exclude(kind=PartnerKind.AGENCY)
    for pk in partners.order_by("pk").values_list("pk", flat=True):
        # A worker that is behind drops what the next minute asks for anyway.
        tasks.sync_partner_usage.apply_async((pk,), expires=EXPIRES)


def _apply(actor: Actor, reading: Credit) -> bool:
    """One account; one that cannot be applied is logged and must not stop the others."""
    try:
        return apply_credit_figures(actor=actor, credit=reading) is not None
    except DomainError as error:
        logger.exception("figures not applied", uid=reading.uid, code=error.code)
        return False


def _consumption(ours: CreditAccount, theirs: Credit) -> Iterator[Movement]:
    """The two consumption figures from ours to theirs, told as what must have happened in between.

    Amounts deducted came from undeducted (a settlement leaves available as it was, acpn.md §6.1); what else arrived in
    undeducted is usage.
    """
    d_deducted = quantize(theirs.deducted, CONSUMPTION_PLACES) - ours.deducted
    d_undeducted = quantize(theirs.undeducted, CONSUMPTION_PLACES) - ours.undeducted
    settled = d_deducted if d_deducted > 0 else d_deducted * 0
    used = d_undeducted + settled
    at = theirs.as_of
    if used:
        kind = EntryKind.USAGE if used > 0 else EntryKind.SYNC
        yield Movement(kind, undeducted=used, key=_key(ours, theirs, kind), at=at)
    if settled:
        key = _key(ours, theirs, EntryKind.SETTLE)
        yield Movement(EntryKind.SETTLE, deducted=settled, undeducted=-settled, key=key, at=at)
    if d_deducted < 0:
        key = _key(ours, theirs, EntryKind.REFUND)
        yield Movement(EntryKind.REFUND, deducted=d_deducted, key=key, at=at)


def _key(ours: CreditAccount, theirs: Credit, what: str) -> str:
    """The same reading of the same version of our account gives the same key, whoever delivers it however often."""
    return f"cloud:{theirs.as_of.isoformat()}:{ours.version}:{what}"


def _why_amount_differs(actor: Actor, credit: Credit) -> str:
    """Why the cloud has another quota than we; "" while our own order explains it, or is younger than the reading."""
    command = latest_commands(actor, credit.uid).get("quota")
    if command is None:
        return REASON_OUTSIDE
    if command.state == CommandState.REFUSED:
        return f"{REASON_REFUSED}: {command.vendor_code} {command.vendor_message}".strip()
    if command.finished_at is None or credit.as_of <= command.finished_at:
        return ""
    return REASON_OUTSIDE


def _note_sync(actor: Actor, ours: locks.LockedCredit, amount: Decimal, reason: str) -> None:
    """People who have the page open must not overwrite it unseen, so the version moves as with an edit."""
    changes = {"amount": [str(ours.amount), str(amount)]}
    audit.record(actor, Action.QUOTA_SYNCED, ours.account, changes=changes, note=reason)
    ours.version += 1
    ours.save(update_fields=["version"])


def _that_differ(actor: Actor, readings: list[Credit]) -> Iterator[Credit]:
    """Readings that say something new, by one statement: most of a feed has not changed and needs no lock."""
    known = {
        uid: figures
        for uid, *figures in CreditAccount.objects.visible_to(actor)
        .filter(account__uid__in=[reading.uid for reading in readings], account__relationship__in=LIVE)
        .values_list("account__uid", "amount", "deducted", "undeducted")
    }
    for reading in readings:
        if known.get(reading.uid, reading) not in (
            reading,
            [reading.amount, reading.deducted, reading.undeducted],
        ):
            yield reading


def _refused_since(actor: Actor, partner: Partner, since: datetime | None) -> list[Credit]:
    """Accounts whose quota order was refused meanwhile: nothing changed there, so the feed would not name them."""
    refused = CloudCommand.objects.visible_to(actor).filter(
        partner=partner, operation=Operation.SET_QUOTA, state=CommandState.REFUSED
    )
    if since is not None:
        refused = refused.filter(finished_at__gte=since - OVERLAP)
    uids = refused.order_by("uid").values_list("uid", flat=True).distinct()
    cloud = get_cloud()
    readings = []
    for uid in uids:
        with suppress(CloudRefused, NotOffered):
            readings.append(cloud.credit(uid=uid))
    return readings


def _note_failure(partner: Partner, at: datetime, error: Exception) -> None:
    logger.warning("usage feed silent", partner=partner.pk, cause=type(error).__name__)
    feed = UsageFeed.objects.get(partner=partner)
    feed.checked_at = at
    feed.failing_since = feed.failing_since or at
    feed.failure = str(error)[:200]
    feed.save(update_fields=["checked_at", "failing_since", "failure"])


def _batches(readings: list[Credit]) -> Iterator[list[Credit]]:
    rest = iter(readings)
    while batch := list(islice(rest, BATCH)):
        yield batch
