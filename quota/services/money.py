"""People take off what was deducted: write-offs of what was paid, refunds (design §6.2)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from quota import locks
from quota.rules import clean_reason, clean_taken_off, ensure_own_quota, ensure_version
from quota.services import checked, ledger
from quota.states import EntryKind

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from quota.locks import LockedCredit

OPERATIONS = {EntryKind.WRITE_OFF: Operation.WRITE_OFF, EntryKind.REFUND: Operation.REFUND}


def write_off(*, actor: Actor, account_pk: int, version: int, amount: Decimal, reason: str) -> Approval | None:
    """The customer paid: Consumed & Deducted Value falls by `amount`, at most to zero; see `_take_off_asked`."""
    return _take_off_asked(actor, account_pk, EntryKind.WRITE_OFF, version=version, amount=amount, reason=reason)


def refund(*, actor: Actor, account_pk: int, version: int, amount: Decimal, reason: str) -> Approval | None:
    """Give money back: Consumed & Deducted Value falls by `amount`, below zero too; see `_take_off_asked`."""
    return _take_off_asked(actor, account_pk, EntryKind.REFUND, version=version, amount=amount, reason=reason)


@transaction.atomic
def _take_off_asked(
    actor: Actor, account_pk: int, kind: EntryKind, *, version: int, amount: Decimal, reason: str
) -> Approval | None:
    """None when it is done: the entry at once, the order to the cloud after it. Up to six places.

    The request when the partner's rules want a second person. `version` is of the figures the person saw, so that a
    form sent twice takes off once: `StaleVersion`. Raises `UnderTrusteeship`, `NotLive`, `Invalid` naming the field,
    and 409 `already_asked` while one of the kind waits.
    """
    require(actor, Permission.QUOTA_EDIT)
    credit = locks.lock_account_and_credit(actor, account_pk)
    ensure_own_quota(credit.account)
    reason = clean_reason(reason)
    amount = clean_taken_off(credit, kind, amount)
    ensure_version(credit, version, yours={"amount": amount}, theirs={"amount": credit.deducted})
    if need := checked.needs_for(actor, credit, checked.TAKING_OFF[kind], amount):
        payload = {"amount": str(amount), "deducted": str(credit.deducted)}
        return checked.ask(actor=actor, credit=credit, need=need, payload=payload, reason=reason)
    take_off(actor=actor, credit=credit, kind=kind, amount=amount, reason=reason, operation_id=uuid.uuid4())
    return None


def take_off(
    *, actor: Actor, credit: LockedCredit, kind: EntryKind, amount: Decimal, reason: str, operation_id: uuid.UUID
) -> None:
    """The entry, the trail and the order, together. Checks nothing: the caller has, and holds the row."""
    before = credit.deducted
    credit.version += 1
    credit.save(update_fields=["version"])
    movement = ledger.Movement(kind, deducted=-amount, reason=reason, operation_id=operation_id)
    ledger.post(actor=actor, credit=credit, movement=movement)
    changes = {"deducted": [str(before), str(credit.deducted)]}
    action = checked.TAKING_OFF[kind]
    audit.record(actor, action, credit.account, changes=changes, note=reason, operation_id=operation_id)
    cloud.queue(
        actor=actor,
        partner_pk=credit.partner_id,
        uid=credit.account.uid,
        operation=OPERATIONS[kind],
        payload={"amount": str(amount)},
        reason=reason,
        operation_id=operation_id,
    )
