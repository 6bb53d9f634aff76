"""The three switches of accounts: the partner's own freeze, purchase control and shutdown policy. Set-based.

Sub-accounts keep their own switches and follow by reference (design §4), so that taking a change back is exact: only
the accounts that somebody chose are written. Each live sub-account for which something changes gets a record and an
entry on its trail in the name of its master. However many they are, the number of statements is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from partner_console.copying import copy_in
from uids import hooks, locks
from uids.controls import FROZEN, clean_switch, judge, own_value
from uids.errors import ReasonMissing
from uids.previews import newest_changes, own_changes, why_not_undo
from uids.services.accounts import clean_text
from uids.services.control_records import Move, Why, entry, follow, record
from uids.states import Control

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence

    from partner_console.access.actor import Actor
    from partner_console.errors import DomainError
    from uids.models import LinkedAccount


# Only these columns are written: what arrears did to the account meanwhile is another fact. Written out, because Django
# takes longer to word it for some hundred accounts than PostgreSQL to do it.
_WRITE = {
    what: f"UPDATE uids_linkedaccount account SET {columns}, updated_at = %s"  # noqa: S608 columns of our own
    " FROM unnest(%s::bigint[], %s::text[], %s::numeric[]) AS given (pk, value, overdraft)"
    " WHERE account.id = given.pk"
    for what, columns in {
        Control.PAYG_FREEZE: f"payg_frozen = (given.value = '{FROZEN}')",
        Control.PURCHASE_CONTROL: "purchase_control = given.value",
        Control.SHUTDOWN_POLICY: "shutdown_policy = given.value, overdraft = given.overdraft",
    }.items()
}


@dataclass(slots=True)
class Batch:
    """What came of it: the accounts that were changed, and those that were not, each with its reason.

    `AlreadySo` among the reasons is a repeat. `n_sub_accounts` follow the changed ones.
    """

    changed: list[LinkedAccount] = field(default_factory=list)
    refused: list[tuple[LinkedAccount, DomainError]] = field(default_factory=list)
    n_sub_accounts: int = 0


@transaction.atomic
def set_controls(
    *,
    actor: Actor,
    account_pks: Iterable[int],
    what: Control,
    value: str,
    reason: str,
    operation_id: uuid.UUID,
    overdrafts: Mapping[int, Decimal] | None = None,
) -> Batch:
    """Set one switch of up to some hundred accounts, locked in the order of their pk; the cloud is told after commit.

    `overdrafts` by account for delayed shutdown; an account without one keeps its own. Accounts that cannot be changed
    are left alone and come back with their reason: `NotLive`, `AlreadySo`, `FollowsMaster`. Raises `ReasonMissing`,
    `Invalid` for an unknown value, and `NotFound` when one account is not the actor's. Whether arrears forbid
    unfreezing is `quota.services.controls`' question, which calls this.
    """
    require(actor, Permission.CONTROL_CHANGE)
    why = Why(actor, clean_switch(what, value), _clean(reason), operation_id, timezone.now())
    batch, moves = Batch(), []
    for account in locks.lock_accounts(actor, account_pks).values():
        if error := judge(account, why.what, value):
            batch.refused.append((account, error))
        else:
            moves.append(_move(account, why.what, value, (overdrafts or {}).get(account.pk, account.overdraft)))
    return _carry_out(why, moves, batch)


@transaction.atomic
def undo_controls(
    *, actor: Actor, operation_id: uuid.UUID, account_pks: Iterable[int], reason: str, undo_id: uuid.UUID
) -> Batch:
    """Take one action back for these of its accounts, a policy with its former overdraft; `undo_id` is the new action.

    An account goes back to what it was only if nobody has set the same switch since (`ChangedSince`, with who and
    when); the others come back with their reason, as from `set_controls`. Sub-accounts come back by themselves: their
    own switches never moved. Accounts that the action did not change are left out. An action that took something back
    is taken back like any other.
    """
    require(actor, Permission.CONTROL_CHANGE)
    reason, batch, moves = _clean(reason), Batch(), []
    accounts = locks.lock_accounts(actor, account_pks)
    changes = list(own_changes(actor, operation_id).filter(account_id__in=accounts))
    if not changes:
        return batch
    newest = newest_changes(actor, changes[0].what, [change.account_id for change in changes])
    for change in changes:
        account = accounts[change.account_id]
        if error := why_not_undo(actor, account, change, newest[account.pk]):
            batch.refused.append((account, error))
        else:
            overdraft = account.overdraft if change.overdraft_before is None else change.overdraft_before
            moves.append(_move(account, Control(change.what), change.before, overdraft))
    why = Why(actor, Control(changes[0].what), reason, undo_id, timezone.now(), undoes=operation_id)
    return _carry_out(why, moves, batch)


def _clean(reason: str) -> str:
    if text := clean_text(reason):
        return text
    raise ReasonMissing


def _move(account: LinkedAccount, what: Control, value: str, overdraft: Decimal) -> Move:
    if what is not Control.SHUTDOWN_POLICY:
        return Move(account, own_value(account, what), value)
    return Move(account, own_value(account, what), value, account.overdraft, overdraft)


def _carry_out(why: Why, moves: Sequence[Move], batch: Batch) -> Batch:
    """Write the switches, the records, the trail and the orders to the cloud."""
    if not moves:
        return batch
    _write(why, moves)
    copy_in([record(why, move) for move in moves])
    audit.record_all([entry(why, move) for move in moves])
    batch.n_sub_accounts = follow(why, moves)
    _order(why, moves)
    batch.changed = [move.account for move in moves]
    hooks.controls_changed(
        actor=why.actor,
        account_pks=[move.account.pk for move in moves],
        what=why.what,
        reason=why.reason,
        operation_id=why.operation_id,
    )
    return batch


def _write(why: Why, moves: Sequence[Move]) -> None:
    """Of accounts this transaction holds: they were read through what the actor may see."""
    for move in moves:
        account, account.updated_at = move.account, why.at
        if why.what is Control.PAYG_FREEZE:
            account.payg_frozen = move.after == FROZEN
        elif why.what is Control.PURCHASE_CONTROL:
            account.purchase_control = move.after
        else:
            account.shutdown_policy, account.overdraft = move.after, move.overdraft_after or Decimal(0)
    with connection.cursor() as cursor:
        cursor.execute(
            _WRITE[why.what],
            [
                why.at,
                [move.account.pk for move in moves],
                [move.after for move in moves],
                [move.account.overdraft for move in moves],
            ],
        )


def _order(why: Why, moves: Sequence[Move]) -> None:
    """One order for each account; the cloud carries it through to the sub-accounts itself."""
    orders: dict[Operation, list[tuple[int, str, dict[str, Any]]]] = {}
    for move in moves:
        if why.what is Control.PAYG_FREEZE:
            operation, payload = (Operation.FREEZE if move.after == FROZEN else Operation.THAW), {}
        elif why.what is Control.PURCHASE_CONTROL:
            operation, payload = Operation.SET_PURCHASE_CONTROL, {"control": move.after}
        else:
            operation, payload = Operation.SET_POLICY, {"policy": move.after}
        orders.setdefault(operation, []).append((move.account.partner_id, move.account.uid, payload))
    for operation, those in orders.items():
        cloud.queue_many(
            actor=why.actor, operation=operation, orders=those, reason=why.reason, operation_id=why.operation_id
        )
