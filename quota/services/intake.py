"""Usage as others report it: events of consumption, settlement and refund, one or ten thousand at a time.

An event counts once, whoever delivers it however often: its key is looked for among the entries of the account that
pays, under the name `usage:<uid>:<key>`, where no key of the console's own can meet it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partner_console.access.policy import Permission, require
from partner_console.errors import Invalid
from partner_console.money import CONSUMPTION_PLACES, ZERO, quantize
from quota import locks
from quota.models import LedgerEntry
from quota.rules import LARGEST
from quota.services import ledger
from quota.services.ledger import Movement
from quota.services.plain import store_usage
from quota.states import EntryKind
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor
    from quota.locks import Spender

MOST = 10_000
KINDS = (EntryKind.USAGE, EntryKind.SETTLE, EntryKind.REFUND)
LONGEST_KEY = 70
LONGEST_UID = 20
# Clocks differ a little.
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """What happened to the consumption of one UID. `kind` is usage, settle or refund; `amount` is above zero, in the
    partner's currency, at most six places; `key` names the event, 1–70 characters; `at` (UTC) is when it happened."""

    uid: str
    kind: str
    amount: Decimal
    key: str
    at: datetime


class Outcome(StrEnum):
    TAKEN = "taken"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class EventResult:
    """`code` (stable, for programs) and `message` (for people) say why an event was refused; `seq` is the number of
    its entry, also of a duplicate's."""

    event: UsageEvent
    outcome: Outcome
    code: str = ""
    message: str = ""
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """One result for every event, in the order given."""

    results: list[EventResult]

    @property
    def counts(self) -> Counter[Outcome]:
        return Counter(result.outcome for result in self.results)


def take_in(*, actor: Actor, events: Sequence[UsageEvent]) -> IntakeResult:
    """Post the events, in the order given, in one transaction and a number of statements that does not grow with them.

    Usage raises undeducted, a settlement moves it to deducted, a refund lowers deducted without a floor (acpn.md §6).
    A sub-account under trusteeship spends its master's quota: the entry is the master's and its reason names the
    sub-account's UID. Repeats of the same event change nothing and are reported; what cannot be taken is reported with
    its reason and holds nothing else up. The figures are as of the latest event taken. Locks the credit accounts in
    the order of their pk, and no linked account: usage waits for nobody but usage and edits of the same quota.

    Raises `Forbidden`, and `Invalid` for more than 10,000 events.
    """
    require(actor, Permission.QUOTA_EDIT)
    if len(events) > MOST:
        raise Invalid("too_many_events", _("Send at most %(most)s events at once.") % {"most": f"{MOST:,}"})
    if len(events) == 1 and (plain := _plainly(actor, events[0])):
        return IntakeResult([plain])
    return _take_in(actor, events)


@transaction.atomic
def _take_in(actor: Actor, events: Sequence[UsageEvent]) -> IntakeResult:
    now = timezone.now()
    results: dict[int, EventResult] = {}
    for number, event in enumerate(events):
        if problem := malformed(event, now):
            results[number] = _refused(event, *problem)
    sound = {number: event for number, event in enumerate(events) if number not in results}
    spenders = locks.lock_spenders(actor, {event.uid for event in sound.values()})
    results |= _without_quota(actor, sound, spenders)
    results |= _taken_before_trusteeship(actor, sound, spenders)
    results |= _posted(actor, {number: one for number, one in sound.items() if number not in results}, spenders)
    return IntakeResult([results[number] for number in range(len(events))])


def _plainly(actor: Actor, event: UsageEvent) -> EventResult | None:
    """One event by one statement, when there is nothing about it to judge."""
    if event.kind != EntryKind.USAGE or malformed(event, timezone.now()):
        return None
    seq = store_usage(actor=actor, uid=event.uid, amount=event.amount, key=_key(event), at=event.at)
    return None if seq is None else EventResult(event, Outcome.TAKEN, seq=seq)


def malformed(event: Any, now: datetime) -> tuple[str, str] | None:
    """Code and message of what is wrong with the event itself, whatever it is made of; None when it can be posted."""
    if not (isinstance(event.uid, str) and _is_digits(event.uid)):
        return "bad_uid", _("A UID is 1 to 20 digits.")
    if event.kind not in KINDS:
        return "bad_kind", _("The kind is usage, settle or refund.")
    if not _is_amount(event.amount):
        return "bad_amount", _("The amount is a number above 0 with at most six decimal places.")
    if not (isinstance(event.key, str) and 0 < len(event.key) <= LONGEST_KEY and event.key.isprintable()):
        return "bad_key", _("The key is 1 to 70 characters that can be printed.")
    if not isinstance(event.at, datetime) or event.at.tzinfo is None:
        return "bad_time", _("The time needs its offset from UTC.")
    if event.at > now + AHEAD:
        return "in_the_future", _("The time is in the future.")
    return None


def _posted(actor: Actor, events: dict[int, UsageEvent], spenders: dict[str, Spender]) -> dict[int, EventResult]:
    if not events:
        return {}
    payers = ((spenders[event.uid], event) for event in events.values())
    moves = [(payer.credit, _movement(event, is_sub=payer.is_sub)) for payer, event in payers]
    posted = ledger.post_many(actor=actor, moves=moves)
    return {number: _result(event, one) for (number, event), one in zip(events.items(), posted, strict=True)}


def _movement(event: UsageEvent, *, is_sub: bool) -> Movement:
    amount = event.amount
    return Movement(
        EntryKind(event.kind),
        deducted={EntryKind.SETTLE: amount, EntryKind.REFUND: -amount}.get(EntryKind(event.kind), ZERO),
        undeducted={EntryKind.SETTLE: -amount, EntryKind.USAGE: amount}.get(EntryKind(event.kind), ZERO),
        reason=f"UID {event.uid}" if is_sub else "",
        key=_key(event),
        at=event.at,
        is_report=True,
    )


def _result(event: UsageEvent, posted: ledger.Posted) -> EventResult:
    if posted.entry is None:
        error = posted.error
        return _refused(event, error.code, str(error)) if error else _refused(event, "refused", "")
    return EventResult(event, Outcome.TAKEN if posted.is_new else Outcome.DUPLICATE, seq=posted.entry.seq)


def _without_quota(actor: Actor, events: dict[int, UsageEvent], spenders: dict[str, Spender]) -> dict[int, EventResult]:
    """Whose account is not there for this actor, no longer linked, or has no quota. The first two are told apart only
    for the partner's own."""
    missing = {number: event for number, event in events.items() if event.uid not in spenders}
    if not missing:
        return {}
    ours = LinkedAccount.objects.visible_to(actor).filter(uid__in={event.uid for event in missing.values()})
    live = set(ours.live().values_list("uid", flat=True))
    ended = set(ours.values_list("uid", flat=True)) - live
    results = {}
    for number, event in missing.items():
        if event.uid in live:
            results[number] = _refused(event, "no_quota", _("This account has no quota here."))
        elif event.uid in ended:
            results[number] = _refused(event, "not_linked", _("This account is no longer linked."))
        else:
            results[number] = _refused(event, "unknown_uid", _("No linked account has this UID."))
    return results


def _taken_before_trusteeship(
    actor: Actor, events: dict[int, UsageEvent], spenders: dict[str, Spender]
) -> dict[int, EventResult]:
    """Events of sub-accounts that were taken while the account still paid for itself: delivered again, not new."""
    subs = {number: event for number, event in events.items() if event.uid in spenders and spenders[event.uid].is_sub}
    if not subs:
        return {}
    found = LedgerEntry.objects.visible_to(actor).filter(
        credit__in={spenders[event.uid].account_pk for event in subs.values()},
        idempotency_key__in={_key(event) for event in subs.values()},
    )
    known = {entry.idempotency_key: entry for entry in found}
    results = {}
    for number, event in subs.items():
        if entry := known.get(_key(event)):
            results[number] = _result(event, ledger.judged_by_key(entry, _movement(event, is_sub=True)))
    return results


def _key(event: UsageEvent) -> str:
    return f"usage:{event.uid}:{event.key}"


def _refused(event: UsageEvent, code: str, message: str) -> EventResult:
    return EventResult(event, Outcome.REFUSED, code, message)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= LONGEST_UID


def _is_amount(amount: Any) -> bool:
    if not (isinstance(amount, Decimal) and amount.is_finite() and 0 < amount <= LARGEST):
        return False
    return quantize(amount, CONSUMPTION_PLACES) == amount
