"""People change a quota."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import transaction

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from quota import locks
from quota.effects import effect_in_arrears
from quota.errors import WouldBeInArrears
from quota.models import LedgerEntry
from quota.rules import clean_reason, ensure_new_amount, ensure_own_quota
from quota.services import checked, ledger
from quota.states import EntryKind

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from quota.locks import LockedCredit
    from quota.models import CreditAccount


@transaction.atomic
def edit_quota(
    *,
    actor: Actor,
    account_pk: int,
    version: int,
    amount: Decimal,
    reason: str,
    accept_arrears: bool = False,
) -> Approval | None:
    """Set a new total, not a difference (seed 004 §2.3), and order it from the cloud; None when it is done.

    Where the partner's rules want a second person, nothing changes yet: their request is returned instead, and 409
    `already_asked` raised while one waits for this account.

    `amount` in the partner's currency, 0 or more, two places. Raises `StaleVersion` with both totals when somebody
    saved meanwhile, `WouldBeInArrears` when the new total puts or leaves available below zero and `accept_arrears`
    is not set, `UnderTrusteeship`, `NotLive`, `NothingToChange`, and `Invalid` naming the field. A frozen account
    may be edited; should the cloud refuse (3040), the next reading brings the old total back as an entry of its own.
    """
    require(actor, Permission.QUOTA_EDIT)
    credit = locks.lock_account_and_credit(actor, account_pk)
    ensure_own_quota(credit.account)
    reason = clean_reason(reason)
    amount = ensure_new_amount(credit, version=version, amount=amount)
    difference = amount - credit.amount
    available = credit.available + difference
    if difference < 0 and available < 0 and not accept_arrears:
        raise WouldBeInArrears(
            effect_in_arrears(credit.account, available, credit.partner.currency), available=available
        )
    if need := checked.needs_second_person(actor, credit, credit.amount, amount):
        payload = {"before": str(credit.amount), "amount": str(amount), "accept_arrears": accept_arrears}
        return checked.ask(actor=actor, credit=credit, need=need, payload=payload, reason=reason)
    set_total(actor=actor, credit=credit, amount=amount, reason=reason, operation_id=uuid.uuid4())
    return None


def set_total(
    *, actor: Actor, credit: LockedCredit, amount: Decimal, reason: str, operation_id: uuid.UUID, key: str | None = None
) -> None:
    """Make `amount` (2 places) the account's total: the entry, the trail and the order to the cloud, together.

    Checks nothing: permission, state and the amount are the caller's, and so is the transaction that holds the row. A
    total that is there already, and a `key` this account has used before, change nothing.
    """
    difference = amount - credit.amount
    if not difference or (key and LedgerEntry.objects.filter(credit=credit, idempotency_key=key).exists()):
        return
    before = credit.audit_state()
    credit.version += 1
    credit.save(update_fields=["version"])
    ledger.post(
        actor=actor,
        credit=credit,
        movement=ledger.Movement(
            EntryKind.QUOTA_ADJUST, amount=difference, reason=reason, key=key, operation_id=operation_id
        ),
    )
    _record(actor, Action.QUOTA_ADJUSTED, credit, before, reason, operation_id)
    _order(actor, credit, Operation.SET_QUOTA, {"amount": str(amount)}, reason, operation_id)


def _record(
    actor: Actor,
    action: Action,
    credit: CreditAccount,
    before: dict[str, Any],
    reason: str,
    operation_id: uuid.UUID,
) -> None:
    """On the account's trail, where people look for it."""
    changes = audit.difference(before, credit.audit_state())
    audit.record(actor, action, credit.account, changes=changes, note=reason, operation_id=operation_id)


def _order(
    actor: Actor,
    credit: CreditAccount,
    operation: Operation,
    payload: dict[str, Any],
    reason: str,
    operation_id: uuid.UUID,
) -> None:
    cloud.queue(
        actor=actor,
        partner_pk=credit.partner_id,
        uid=credit.account.uid,
        operation=operation,
        payload=payload,
        reason=reason,
        operation_id=operation_id,
    )
