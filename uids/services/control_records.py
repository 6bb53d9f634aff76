"""What a change of switches leaves behind: records and trail of the accounts, and of the sub-accounts that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from uids.controls import FROZEN, HELD_SQL
from uids.models import ControlChange, LinkedAccount
from uids.states import LIVE, Control

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.audit.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Move:
    """One account's own switch, before and after. Overdrafts belong to the shutdown policy."""

    account: LinkedAccount
    before: str
    after: str
    overdraft_before: Decimal | None = None
    overdraft_after: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Why:
    """What all rows of one action share."""

    actor: Actor
    what: Control
    reason: str
    operation_id: uuid.UUID
    at: datetime
    undoes: uuid.UUID | None = None


# Live sub-accounts for which something changes, with what it is. Read under their masters' locks, which `set_trustee`
# takes too; they are not locked: a change of their own at the same time is as good before as after.
_FOLLOW = """
WITH moved AS (
    SELECT * FROM unnest(%(masters)s::bigint[], %(partners)s::bigint[], %(before)s::text[], %(after)s::text[],
        %(overdraft_before)s::numeric[], %(overdraft_after)s::numeric[], %(actions)s::text[], %(changes)s::jsonb[])
        AS moved (master_id, partner_id, before, after, overdraft_before, overdraft_after, action, changes)
), touched AS MATERIALIZED (
    SELECT sub.id, sub.uid, sub.nickname, moved.*
    FROM moved JOIN uids_linkedaccount sub ON sub.trustee_id = moved.master_id AND sub.partner_id = moved.partner_id
    WHERE sub.relationship = ANY(%(live)s) AND NOT ({held})
), records AS (
    INSERT INTO uids_controlchange (
        account_id, cause_id, what, before, after, overdraft_before, overdraft_after, reason, method, operator,
        operator_uid, operation_id, undoes, at
    )
    SELECT id, master_id, %(what)s, before, after, overdraft_before, overdraft_after, %(note)s, %(channel)s,
        %(actor_label)s, %(operator_uid)s, %(operation_id)s, %(undoes)s, %(at)s
    FROM touched ORDER BY id
)"""
_FOLLOWED = (
    "SELECT partner_id, id AS subject_pk, trim(uid || ' ' || nickname) AS subject_label, action, changes FROM touched"
)


def follow(why: Why, moves: Sequence[Move]) -> int:
    """Records and trail of the sub-accounts, by one statement however many they are; how many."""
    values: dict[str, Any] = {
        "masters": [move.account.pk for move in moves],
        "partners": [move.account.partner_id for move in moves],
        "before": [move.before for move in moves],
        "after": [move.after for move in moves],
        "overdraft_before": [move.overdraft_before for move in moves],
        "overdraft_after": [move.overdraft_after for move in moves],
        "actions": [_action(why, move).value for move in moves],
        "changes": [Jsonb(_followed(why, move)) for move in moves],
        "live": [state.value for state in LIVE],
        "what": why.what.value,
        "undoes": why.undoes,
    }
    return audit.record_selected(
        why.actor,
        parts=_FOLLOW.format(held=HELD_SQL[why.what]),
        rows=_FOLLOWED,
        values=values,
        model=LinkedAccount,
        note=why.reason,
        operation_id=why.operation_id,
        at=why.at,
    )


def record(why: Why, move: Move, *, cause: LinkedAccount | None = None) -> ControlChange:
    """`cause`: the master whose switches are the reason, where they are not the account's own."""
    actor = why.actor
    return ControlChange(
        account_id=move.account.pk,
        what=why.what.value,
        before=move.before,
        after=move.after,
        overdraft_before=move.overdraft_before,
        overdraft_after=move.overdraft_after,
        reason=why.reason,
        method=actor.channel.value,
        operator=actor.label,
        operator_uid=actor.operator_uid,
        operation_id=why.operation_id,
        undoes=why.undoes,
        cause=cause,
        at=why.at,
    )


def entry(why: Why, move: Move) -> AuditEntry:
    before, after = move.before, move.after
    changes: dict[str, Any]
    if why.what is Control.PAYG_FREEZE:
        changes = {"payg_frozen": [before == FROZEN, after == FROZEN]}
    elif why.what is Control.PURCHASE_CONTROL:
        changes = {"purchase_control": [before, after]}
    else:
        changes = {"shutdown_policy": [before, after]}
        if move.overdraft_before != move.overdraft_after:
            changes["overdraft"] = [str(move.overdraft_before), str(move.overdraft_after)]
    return audit.entry(
        why.actor, _action(why, move), move.account, changes=changes, note=why.reason, operation_id=why.operation_id
    )


def _followed(why: Why, move: Move) -> dict[str, Any]:
    """On a sub-account's own trail: what its master's switch does to it."""
    if why.what is Control.PAYG_FREEZE:
        return {"frozen_by_master": [move.before == FROZEN, move.after == FROZEN]}
    name = "purchase_in_force" if why.what is Control.PURCHASE_CONTROL else "policy_in_force"
    return {name: [move.before, move.after]}


def _action(why: Why, move: Move) -> Action:
    if why.what is Control.PAYG_FREEZE:
        return Action.ACCOUNT_FROZEN if move.after == FROZEN else Action.ACCOUNT_UNFROZEN
    if why.what is Control.PURCHASE_CONTROL:
        return Action.PURCHASE_CONTROL_CHANGED
    return Action.SHUTDOWN_POLICY_CHANGED
