"""Credit accounts come to be: one with its link, or thousands with an import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from partner_console.access.policy import PartnerKind
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.batched import batched
from partner_console.copying import copy_in
from partner_console.errors import Invalid
from partner_console.money import CONSUMPTION_PLACES, QUOTA_PLACES, ZERO, quantize
from quota.errors import NoQuotaForAgency
from quota.locks import LockedCredit
from quota.models import CreditAccount, LedgerEntry
from quota.rules import clean_amount, clean_percent
from quota.services import ledger, lines, stop_lines
from quota.services.alarms import evaluate_many
from quota.states import Bucket, EntryKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.audit.models import AuditEntry
    from uids.models import LinkedAccount

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Opening:
    """What an account's credit starts with; see `open_credit`. `account` comes with its partner loaded."""

    account: LinkedAccount
    amount: Decimal
    warning_percent: int
    deducted: Decimal = ZERO
    undeducted: Decimal = ZERO
    reason: str = ""
    at: datetime | None = None
    as_of: datetime | None = None


@transaction.atomic
def open_credit(
    *,
    actor: Actor,
    account: LinkedAccount,
    amount: Decimal,
    warning_percent: int,
    deducted: Decimal = ZERO,
    undeducted: Decimal = ZERO,
    reason: str = "",
    at: datetime | None = None,
) -> CreditAccount:
    """Open the quota of an account that was just linked: the ledger begins with *Quota Create* (seed 004 §2.3).

    Joins the caller's transaction; permission is the caller's: a quota is born with its account. Consumption that
    was there before becomes `sync` entries. `at` (UTC) is when it happened, by default now.
    Raises `NoQuotaForAgency`, `Invalid` for an amount or percent out of range, IntegrityError on a second call.
    """
    opening = Opening(account, amount, warning_percent, deducted, undeducted, reason, at)
    credit, movements = _first(opening)
    credit.save(force_insert=True)
    if inherited := lines.adopt([credit.pk]).get(credit.pk):
        _percent, credit.warning_amount, credit.warning_days = inherited
    # Ours until we commit: nobody else can see the row yet.
    ledger.post_all(actor=actor, credit=LockedCredit(credit), movements=movements)
    audit.record_all([_audit(actor, opening)])
    return credit


@transaction.atomic
def open_credits(*, actor: Actor, openings: Iterable[Opening]) -> int:
    """Open many, set-based: a few statements for every thousand accounts and flat memory; returns how many.

    The same as `open_credit` for each, except that an account which comes in below its threshold is put in alarm
    without a mail. One audit entry per account. All or nothing.
    """
    opened = 0
    for batch in batched(openings, BATCH):
        _open_batch(actor, batch)
        opened += len(batch)
    return opened


def _open_batch(actor: Actor, batch: list[Opening]) -> None:
    credits: list[CreditAccount] = []
    entries: list[LedgerEntry] = []
    for opening in batch:
        credit, movements = _first(opening)
        credit.as_of = opening.as_of
        entries += [ledger.append(actor, credit, movement) for movement in movements]
        credits.append(credit)
    copy_in(credits)
    copy_in(entries)
    pks = [credit.pk for credit in credits]
    lines.adopt(pks)
    evaluate_many(pks, is_silent=True)
    audit.record_all(_audit(actor, opening) for opening in batch)


def _first(opening: Opening) -> tuple[CreditAccount, list[ledger.Movement]]:
    """The unsaved account at zero and the movements that bring it to its opening figures."""
    account = opening.account
    if account.partner.kind == PartnerKind.AGENCY:
        raise NoQuotaForAgency
    at, reason = opening.at or timezone.now(), opening.reason
    amount = clean_amount(opening.amount)
    _ensure_exact(opening)
    movements = [ledger.Movement(EntryKind.QUOTA_CREATE, amount=amount, reason=reason, at=at)]
    if opening.deducted:
        movements.append(
            ledger.Movement(EntryKind.SYNC, deducted=opening.deducted, bucket=Bucket.DEDUCTED, reason=reason, at=at)
        )
    if opening.undeducted:
        movements.append(ledger.Movement(EntryKind.SYNC, undeducted=opening.undeducted, reason=reason, at=at))
    credit = CreditAccount(
        account=account,
        partner_id=account.partner_id,
        amount=quantize(ZERO, QUOTA_PLACES),
        deducted=quantize(ZERO, CONSUMPTION_PLACES),
        undeducted=quantize(ZERO, CONSUMPTION_PLACES),
        warning_percent=clean_percent(opening.warning_percent),
        stop_line=stop_lines.of(account),
        is_stopped=stop_lines.is_stopped(account),
    )
    return credit, movements


def _ensure_exact(opening: Opening) -> None:
    for field in ("deducted", "undeducted"):
        value: Decimal = getattr(opening, field)
        if quantize(value, CONSUMPTION_PLACES) != value:
            raise Invalid("too_many_places", f"{value}", field=field)


def _audit(actor: Actor, opening: Opening) -> AuditEntry:
    changes = {
        "amount": [None, str(quantize(opening.amount))],
        "warning_percent": [None, opening.warning_percent],
    }
    return audit.entry(actor, Action.QUOTA_CREATED, opening.account, changes=changes, note=opening.reason)
