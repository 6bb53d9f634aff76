"""The ledger's one writer: an entry and the balance it makes, together, under the account's lock (design §4).

The chain: `hash` is the SHA-256 (hex) of the UTF-8 text of a JSON array of strings and nulls, in the order of
`canonical`, as Python's `json.dumps(…, ensure_ascii=False)` and PostgreSQL's `json_build_array` both write it, so
that `verify_ledger` recomputes it inside the database. Its first element is the hash of the account's previous
entry, "" for the first. Amounts have 6 places (2 for Quota Amount's delta), times are UTC to the microsecond.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.errors import Conflict
from partner_console.money import CONSUMPTION_PLACES, QUOTA_PLACES, ZERO, quantize
from quota.models import CreditAccount, LedgerEntry
from quota.rules import LARGEST
from quota.services import enforcing, storing
from quota.services.alarms import evaluate_many, evaluate_warning
from quota.states import BUCKET_OF, Bucket, EntryKind

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from quota.locks import LockedCredit


# What `append` moves on.
FIGURES = ("amount", "deducted", "undeducted", "available", "last_seq", "last_hash", "as_of")


@dataclass(frozen=True, slots=True)
class Movement:
    """What moves: signed deltas in the partner's currency (amount 2 places, the others 6), and why.

    `key` makes it happen once per account. `bucket` is the figure the entry is about, by default its kind's. With
    `is_report`, the account's figures are as of `at` (UTC) unless they are younger already.
    """

    kind: EntryKind
    amount: Decimal = ZERO
    deducted: Decimal = ZERO
    undeducted: Decimal = ZERO
    bucket: Bucket | None = None
    reason: str = ""
    key: str | None = None
    operation_id: uuid.UUID | None = None
    at: datetime | None = None
    is_report: bool = False

    def __post_init__(self) -> None:
        """Rounding belongs to whoever took the number in; an entry that loses a digit is a programming error."""
        places = (
            (self.amount, QUOTA_PLACES),
            (self.deducted, CONSUMPTION_PLACES),
            (self.undeducted, CONSUMPTION_PLACES),
        )
        if any(quantize(value, exact) != value for value, exact in places):
            msg = f"The ledger does not round: {self}"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one movement: its entry, or the earlier one with its key (`is_new` says which), or why neither."""

    entry: LedgerEntry | None = None
    is_new: bool = False
    error: Conflict | None = None


def post(*, actor: Actor, credit: LockedCredit, movement: Movement, as_of: datetime | None = None) -> LedgerEntry:
    """Append one entry; see `post_all`."""
    return post_all(actor=actor, credit=credit, movements=[movement], as_of=as_of)[0]


def post_all(
    *, actor: Actor, credit: LockedCredit, movements: Sequence[Movement], as_of: datetime | None = None
) -> list[LedgerEntry]:
    """Append entries to one account and move its balance with them; returns them in the order given.

    A movement whose `key` was posted before returns that entry and changes nothing. Conflict is raised, and nothing
    of this call stands, for a key that was used with other figures (`key_reused`), a report that settles more
    than is undeducted (`more_than_undeducted`), and a figure larger than the console can hold (`amount_too_large`).

    `as_of` (UTC) is when the figures were true at their source. Warnings are evaluated here, and whoever is to be
    stopped for arrears, or may run again, is woken after commit, so that no writer can forget them. The given instance
    holds the new figures afterwards, `available` included. No permission check and no audit: callers are services.
    """
    moved = {credit.pk} if _age(credit, as_of) else set()
    moves = [(credit, movement) for movement in movements]
    posted = _post(actor, {credit.pk: credit}, moves, moved, refuses=True)
    return [one.entry for one in posted if one.entry is not None]


def post_many(*, actor: Actor, moves: Sequence[tuple[LockedCredit, Movement]]) -> list[Posted]:
    """The same for any number of accounts at once, in a number of statements that does not grow with them.

    What cannot be posted is left out with its error, and the rest stands.
    """
    return _post(actor, {credit.pk: credit for credit, _movement in moves}, moves, set(), refuses=False)


def _post(
    actor: Actor,
    credits: Mapping[int, LockedCredit],
    moves: Sequence[tuple[LockedCredit, Movement]],
    moved: set[int],
    *,
    refuses: bool,
) -> list[Posted]:
    """`moved` are accounts to be stored though no entry is new."""
    now = timezone.now()
    for credit in credits.values():
        credit.updated_at = now
    posted = _post_one(actor, *moves[0]) if len(moves) == 1 else None
    if posted is None:
        posted = _judged(actor, moves, refuses=refuses)
        new = [one.entry for one in posted if one.entry is not None and one.is_new]
        if moved := moved.union(entry.credit_id for entry in new):
            storing.store_many([credits[pk] for pk in sorted(moved)], new)
    _warn(credits)
    enforcing.wake(pk for pk, credit in credits.items() if credit.stop_due)
    return posted


def _post_one(actor: Actor, credit: LockedCredit, movement: Movement) -> list[Posted] | None:
    """One movement, whose key is nearly always new: that is found out by writing it, not by asking first. None when
    it takes a closer look."""
    if _problem(credit, movement):
        return None
    before = [getattr(credit, name) for name in FIGURES]
    entry = append(actor, credit, movement)
    if storing.store_one(credit, entry):
        return [Posted(entry, is_new=True)]
    for name, value in zip(FIGURES, before, strict=True):
        setattr(credit, name, value)
    return None


def _judged(actor: Actor, moves: Sequence[tuple[LockedCredit, Movement]], *, refuses: bool) -> list[Posted]:
    """In memory, in the order given: a repeat, an error, or a new entry."""
    earlier = _earlier(moves)
    posted = []
    for credit, movement in moves:
        known = earlier.get((credit.pk, movement.key)) if movement.key else None
        if known is not None:
            one = judged_by_key(known, movement)
        elif error := _problem(credit, movement):
            one = Posted(error=error)
        else:
            entry = append(actor, credit, movement)
            one = Posted(entry, is_new=True)
            if movement.key:
                earlier[credit.pk, movement.key] = entry
        if one.error is not None and refuses:
            raise one.error
        posted.append(one)
    return posted


def judged_by_key(known: LedgerEntry, movement: Movement) -> Posted:
    """A repeat must say the same thing: kind and figures. (Words may differ: they are translated.)"""
    theirs = (known.kind, known.amount_delta, known.deducted_delta, known.undeducted_delta)
    if theirs == (movement.kind, movement.amount, movement.deducted, movement.undeducted):
        return Posted(known)
    return Posted(
        error=Conflict(
            "key_reused",
            _("This idempotency key was already used for a different change. Nothing was posted."),
            data={"seq": known.seq, "kind": known.kind, "value": str(known.value)},
        )
    )


def _problem(credit: CreditAccount, movement: Movement) -> Conflict | None:
    """What no ledger may say. (`deducted` and `available` may be negative; undeducted only where the cloud's own
    figures say so: design §4.)"""
    if movement.is_report and movement.kind == EntryKind.SETTLE and credit.undeducted + movement.undeducted < 0:
        return Conflict(
            "more_than_undeducted",
            _("Only %(amount)s is consumed and undeducted: report the usage before its settlement.")
            % {"amount": f"{credit.undeducted:f}"},
        )
    after = (getattr(credit, bucket) + getattr(movement, bucket) for bucket in Bucket)
    if any(abs(figure) > LARGEST for figure in after):
        return Conflict("amount_too_large", _("That is more than the console can hold."))
    return None


def _age(credit: CreditAccount, at: datetime | None) -> bool:
    """The figures are as of `at`, unless they are younger already; whether that changed."""
    if at is None or (credit.as_of is not None and at <= credit.as_of):
        return False
    credit.as_of = at
    return True


def _warn(credits: Mapping[int, LockedCredit]) -> None:
    """Where the database sees a line crossed, or one was; nearly always nowhere, which costs nothing to find out."""
    crossed = [pk for pk, credit in sorted(credits.items()) if credit.lines_below or credit.alarms]
    if len(crossed) == 1:
        evaluate_warning(credits[crossed[0]])
    else:
        evaluate_many(crossed)


def append(actor: Actor, credit: CreditAccount, movement: Movement) -> LedgerEntry:
    """The next entry of `credit`, whose figures, seq and hash move on with it. In memory: the caller stores both."""
    bucket = movement.bucket or BUCKET_OF[movement.kind]
    before: Decimal = getattr(credit, bucket)
    value: Decimal = getattr(movement, bucket)
    credit.amount += movement.amount
    credit.deducted += movement.deducted
    credit.undeducted += movement.undeducted
    # The database computes the same; set here so that nobody needs to read it back.
    credit.available = credit.amount - credit.deducted - credit.undeducted
    credit.last_seq += 1
    if movement.is_report:
        _age(credit, movement.at)
    entry = LedgerEntry(
        credit=credit,
        partner_id=credit.partner_id,
        seq=credit.last_seq,
        kind=movement.kind,
        bucket=bucket,
        amount_delta=movement.amount,
        deducted_delta=movement.deducted,
        undeducted_delta=movement.undeducted,
        before=before,
        value=value,
        after=before + value,
        method=actor.channel,
        operator=actor.label,
        operator_uid=actor.operator_uid,
        reason=movement.reason,
        idempotency_key=movement.key,
        operation_id=movement.operation_id,
        at=movement.at or timezone.now(),
        previous_hash=credit.last_hash,
    )
    entry.hash = credit.last_hash = digest(entry)
    return entry


def digest(entry: LedgerEntry) -> str:
    """The entry's link of the chain (see the module's docstring)."""
    return hashlib.sha256(canonical(entry).encode()).hexdigest()


def canonical(entry: LedgerEntry) -> str:
    """What is hashed. `verify.CANONICAL_SQL` writes the same text; change both or neither."""
    return json.dumps(
        [
            entry.previous_hash,
            str(entry.partner_id),
            str(entry.credit_id),
            str(entry.seq),
            str(entry.kind),
            str(entry.bucket),
            _text(entry.amount_delta, QUOTA_PLACES),
            _text(entry.deducted_delta),
            _text(entry.undeducted_delta),
            _text(entry.before),
            _text(entry.value),
            _text(entry.after),
            str(entry.method),
            entry.operator,
            entry.operator_uid,
            entry.reason,
            entry.idempotency_key,
            str(entry.operation_id) if entry.operation_id else None,
            entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        ],
        ensure_ascii=False,
    )


def _text(value: Decimal, places: Decimal = CONSUMPTION_PLACES) -> str:
    return f"{quantize(value, places):f}"


def _earlier(moves: Sequence[tuple[LockedCredit, Movement]]) -> dict[tuple[int, str], LedgerEntry]:
    """Entries of these accounts that already have one of the keys."""
    keys = {movement.key for _credit, movement in moves if movement.key}
    if not keys:
        return {}
    pks = {credit.pk for credit, _movement in moves}
    found = LedgerEntry.objects.filter(credit__in=pks, idempotency_key__in=keys)
    return {(entry.credit_id, entry.idempotency_key): entry for entry in found}
