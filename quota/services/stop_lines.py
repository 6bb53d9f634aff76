"""What arrears stop each account below, kept true: when its policy, its master or its relationship changes.

`CreditAccount.stop_line` and `is_stopped` say on the row of the money what the linked account says, so that the
database itself sees who is due (`quota.services.enforcing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from quota import locks, states
from quota.services import enforcing
from quota.services.enforcing import Decided
from uids.states import LIVE, Control, ShutdownPolicy

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

_LIVE = "a.relationship IN ({})".format(", ".join(f"'{state}'" for state in LIVE))

# The same as `of` and `is_stopped`. `a` is the linked account, `c` its credit. Change both or neither.
LINE_SQL = f"""
CASE
    WHEN a.trustee_id IS NOT NULL OR NOT {_LIVE} THEN NULL
    WHEN a.shutdown_policy = '{ShutdownPolicy.IMMEDIATELY_STOP}' THEN 0
    WHEN a.shutdown_policy = '{ShutdownPolicy.DELAY_STOP}' THEN -a.overdraft
END
"""
IS_STOPPED_SQL = f"(a.payg_stopped_at IS NOT NULL AND {_LIVE})"

_FOLLOW = f"""
UPDATE quota_creditaccount c SET stop_line = {LINE_SQL}, is_stopped = {IS_STOPPED_SQL}, updated_at = now()
FROM uids_linkedaccount a
WHERE a.id = c.account_id AND c.account_id = ANY(%s)
    AND (c.stop_line, c.is_stopped) IS DISTINCT FROM ({LINE_SQL}, {IS_STOPPED_SQL})
"""  # noqa: S608 constants of this module


def of(account: LinkedAccount) -> Decimal | None:
    """Below what its arrears stop PAYG; None where they stop nothing: no shutdown, its master's money, ended."""
    if account.trustee_id is not None or not account.is_live:
        return None
    return states.stop_line(policy=account.shutdown_policy, overdraft=account.overdraft)


def is_stopped(account: LinkedAccount) -> bool:
    """Whether arrears have stopped a live account; what an ended one was like at its end stays with the account."""
    return account.payg_stopped_at is not None and account.is_live


def follow(*, actor: Actor, account_pks: Sequence[int]) -> None:
    """Bring the lines of these accounts, which the caller holds, to what the accounts say now, by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLLOW, [locks.lock_credit_pks(actor, account_pks)])


def controls_changed(
    *, actor: Actor, account_pks: Sequence[int], what: Control, reason: str, operation_id: uuid.UUID
) -> None:
    """A switch of these accounts was set anew: with another policy PAYG stops or runs again at once, in the same
    action. (Called by `uids.hooks`, with the accounts locked.)"""
    if what == Control.SHUTDOWN_POLICY:
        _decide(actor, account_pks, Decided(reason, operation_id))


def trustee_changed(
    *,
    actor: Actor,
    account_pk: int,
    former_pk: int | None,
    trustee_pk: int | None,
    reason: str,
    operation_id: uuid.UUID,
) -> None:
    """Its master's arrears count for a sub-account; its own do again afterwards. (Called by `uids.hooks`.)"""
    _decide(actor, [account_pk], Decided(reason, operation_id))


def account_ended(*, actor: Actor, account_pk: int) -> None:
    """The relationship ended: nothing is stopped or let run any more. (Called by `uids.hooks`.)"""
    follow(actor=actor, account_pks=[account_pk])


def _decide(actor: Actor, account_pks: Sequence[int], decided: Decided) -> None:
    follow(actor=actor, account_pks=account_pks)
    enforcing.enforce_many(actor=actor, account_pks=account_pks, decided=decided)
