"""What the cloud reports: consumption, settlements, refunds, and changes made outside this console."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from partner_console.access.models import Partner
from partner_console.access.policy import PartnerKind
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.batched import batched
from partner_console.cloud.models import RELATIVE, CloudCommand, CommandState
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
from quota.services import ledger, refused
from quota.services.ledger import Movement
from quota.states import Bucket, EntryKind
from uids.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from decimal import Decimal

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)

BATCH = 1000
# Readings overlap: a change the cloud stamped just before our last question is not lost, and reading twice is free.
OVERLAP = timedelta(minutes=10)
EXPIRES = 55  # seconds; beat asks every minute

REASON_OUTSIDE = gettext_noop("Changed outside this console")
REASON_UNCLEAR = gettext_noop("As the cloud has it: it is not known what became of a write-off or refund")


@transaction.atomic
def apply_credit_figures(*, actor: Actor, credit: Credit, asked_at: datetime | None = None) -> CreditAccount | None:
    """Bring one live account to the figures the cloud reports at `credit.as_of` (UTC), as ledger entries.

    Consumption in becomes `usage`, undeducted turned deducted `settle`, deducted gone down `refund`; what fits none of
    these, and a quota changed outside this console or refused by the cloud, becomes `sync`. Idempotent: an older
    reading, the same reading and one that says nothing new change nothing. A quota we ordered ourselves and the cloud
    has not answered yet is left alone, and so is consumption while a write-off or a refund of ours is on its way: the
    reading may be of before it. `asked_at` (UTC, by default now) is when the cloud was asked. Sub-accounts under
    trusteeship spend their master's and are left alone too.
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
    asked_at = asked_at or timezone.now()
    orders = _unsettled(ours.partner_id, [credit.uid], asked_at)
    unclear = [order for order in orders if order.state == CommandState.UNKNOWN and _is_answered(order, asked_at)]
    is_known = len(orders) == len(unclear)  # nothing else of ours is on its way
    movements = list(_aligned(ours, credit) if unclear else _consumption(ours, credit)) if is_known else []
    amount = quantize(credit.amount, QUOTA_PLACES)
    if amount != ours.amount and (reason := _why_amount_differs(actor, credit, asked_at)):
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
    ledger.post_all(actor=actor, credit=ours, movements=movements, as_of=credit.as_of if is_known else None)
    if is_known:
        CloudCommand.objects.filter(pk__in=[order.pk for order in unclear]).update(undone_at=timezone.now())
    return ours


def sync_partner(*, actor: Actor, partner_pk: int) -> int:
    """Read what changed at the cloud for one partner since last time, and apply it; returns the accounts moved.

    The network is asked outside any transaction; some hundred accounts are one. Nothing is claimed: two at once read
    the same and the second finds nothing new. A cloud that does not answer is noted on the feed and asked again.
    """
    partner = Partner.objects.visible_to(actor).get(pk=partner_pk)
    feed, _ = UsageFeed.objects.get_or_create(partner=partner)
    since = feed.read_until - OVERLAP if feed.read_until else None
    asked_at = timezone.now()
    try:
        refused.take_back_refused(actor=actor, partner=partner)
        asked_at = timezone.now()
        readings = get_cloud().credits(partner_uid=partner.master_uid, changed_since=since)
        readings += _answered_since(actor, partner, feed.checked_at)
    except (CloudUnavailable, OutcomeUnknown, CloudRefused, NotOffered) as error:
        _note_failure(partner, asked_at, error)
        return 0
    moved = sum(_apply_many(actor, partner_pk, batch, asked_at) for batch in batched(readings, BATCH))
    UsageFeed.objects.filter(partner=partner).update(
        read_until=asked_at, checked_at=asked_at, failing_since=None, failure=""
    )
    return moved


def fed_partners() -> QuerySet[Partner]:
    """Active partners whose accounts have quotas."""
    return Partner.objects.filter(is_active=True).exclude(kind=PartnerKind.AGENCY).order_by("pk")


def wake_feeds() -> None:
    """One task for every active partner that has quotas: one silent or slow feed holds up no other."""
    for pk in fed_partners().values_list("pk", flat=True):
        # A worker that is behind drops what the next minute asks for anyway.
        tasks.sync_partner_usage.apply_async((pk,), expires=EXPIRES)


def _apply_many(actor: Actor, partner_pk: int, readings: Sequence[Credit], asked_at: datetime) -> int:
    """What is nothing but more consumption by sets, the rest one by one; how many accounts moved."""
    differing = list(_that_differ(actor, readings))
    try:
        plain = _apply_plain(actor, partner_pk, differing, asked_at)
    except DomainError:  # which of them cannot be applied is found out one by one
        plain = set()
    return len(plain) + sum(_apply(actor, one, asked_at) for one in differing if one.uid not in plain)


@transaction.atomic
def _apply_plain(actor: Actor, partner_pk: int, readings: Sequence[Credit], asked_at: datetime) -> set[str]:
    """`apply_credit_figures` for many at once, of accounts about which there is nothing to judge: the quota is ours, no
    order of ours is on its way, and what was used and settled since explains the figures. The UIDs done.

    Raises DomainError, and nothing stands, when one of them could not be applied.
    """
    spenders = locks.lock_spenders(actor, [reading.uid for reading in readings])
    open_uids = {order.uid for order in _unsettled(partner_pk, list(spenders), asked_at)}
    moves, done = [], set()
    for reading in readings:
        spender = spenders.get(reading.uid)
        if spender is None or spender.is_sub or reading.uid in open_uids:
            continue
        ours = spender.credit
        is_newer = ours.as_of is None or reading.as_of >= ours.as_of
        if not is_newer or reading.amount != ours.amount or reading.undeducted < 0:
            continue
        movements = list(_consumption(ours, reading))
        if all(movement.kind != EntryKind.SYNC for movement in movements):
            moves += [(ours, replace(movement, is_report=True)) for movement in movements]
            done.add(reading.uid)
    for posted in ledger.post_many(actor=actor, moves=moves):
        if posted.error is not None:
            raise posted.error
    return done


def _apply(actor: Actor, reading: Credit, asked_at: datetime) -> bool:
    """One account; one that cannot be applied is logged and must not stop the others."""
    try:
        return apply_credit_figures(actor=actor, credit=reading, asked_at=asked_at) is not None
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


def _unsettled(partner_pk: int, uids: Sequence[str], asked_at: datetime) -> list[CloudCommand]:
    """Write-offs and refunds of these accounts that a reading asked for at that moment may or may not show."""
    open_or_later = Q(state=CommandState.CONFIRMED, finished_at__gte=asked_at) | Q(undone_at__gte=asked_at)
    on_its_way = Q(undone_at__isnull=True) & ~Q(state__in=(CommandState.CONFIRMED, CommandState.SUPERSEDED))
    orders = CloudCommand.objects.filter(partner=partner_pk, uid__in=uids, operation__in=RELATIVE)
    return list(orders.filter(on_its_way | open_or_later).order_by("pk"))


def _is_answered(order: CloudCommand, asked_at: datetime) -> bool:
    """Whether nothing more comes of it by itself, since before that moment."""
    return order.finished_at is not None and order.finished_at < asked_at


def _aligned(ours: CreditAccount, theirs: Credit) -> Iterator[Movement]:
    """Both consumption figures as the cloud has them: an order of ours may have been done, so nobody knows more."""
    for bucket in (Bucket.DEDUCTED, Bucket.UNDEDUCTED):
        difference = quantize(getattr(theirs, bucket), CONSUMPTION_PLACES) - getattr(ours, bucket)
        if difference:
            yield Movement(
                EntryKind.SYNC,
                **{bucket.value: difference},
                bucket=bucket,
                reason=REASON_UNCLEAR,
                key=_key(ours, theirs, f"unclear-{bucket}"),
                at=theirs.as_of,
            )


def _why_amount_differs(actor: Actor, credit: Credit, asked_at: datetime) -> str:
    """Why the cloud has another quota than we; "" while our own order explains it, or is younger than the reading.

    A refused one is taken back by `refused`, with its cause; until then the reading is left.
    """
    command = latest_commands(actor, credit.uid).get("quota")
    if command is None:
        return REASON_OUTSIDE
    if command.state == CommandState.REFUSED:
        return REASON_OUTSIDE if command.undone_at is not None and command.undone_at < asked_at else ""
    if command.finished_at is None or credit.as_of <= command.finished_at:
        return ""
    return REASON_OUTSIDE


def _note_sync(actor: Actor, ours: locks.LockedCredit, amount: Decimal, reason: str) -> None:
    """People who have the page open must not overwrite it unseen, so the version moves as with an edit."""
    changes = {"amount": [str(ours.amount), str(amount)]}
    audit.record(actor, Action.QUOTA_SYNCED, ours.account, changes=changes, note=reason)
    ours.version += 1
    ours.save(update_fields=["version"])


def _that_differ(actor: Actor, readings: Sequence[Credit]) -> Iterator[Credit]:
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


def _answered_since(actor: Actor, partner: Partner, since: datetime | None) -> list[Credit]:
    """Accounts whose write-off or refund was answered meanwhile: readings were left alone while it was on its way, and
    the feed need not name them again."""
    orders = CloudCommand.objects.visible_to(actor).filter(partner=partner, operation__in=RELATIVE)
    if since is not None:
        orders = orders.filter(Q(finished_at__gte=since - OVERLAP) | Q(undone_at__gte=since - OVERLAP))
    uids = orders.exclude(finished_at=None).order_by("uid").values_list("uid", flat=True).distinct()
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
