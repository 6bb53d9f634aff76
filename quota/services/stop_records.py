"""What a stop by arrears, its end and a release leave behind: records, the trail, what is to be told. Set-based.

`enforcing` and `releasing` say which accounts, and write the facts; here they become one statement with their records.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection

from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import clock
from partner_console.waking import after_commit
from quota import tasks
from uids.models import LinkedAccount
from uids.states import LIVE, RELEASE_AFTER, Control, PaygStatus

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.audit.models import AuditEntry

MOST_WOKEN = 100  # partners with news; more are left to the sweep, a minute later at most

ACTION = {
    PaygStatus.STOPPED: Action.PAYG_STOPPED,
    PaygStatus.NORMAL: Action.PAYG_RESUMED,
    PaygStatus.RELEASED: Action.PAYG_RELEASED,
}


@dataclass(frozen=True, slots=True)
class Moved:
    """One account whose PAYG was stopped, runs again or was released (`after`); `cause_pk` is the master it followed.

    The columns of `statement`'s answer. `stopped_at` (the cloud's clock) is when the stop began.
    """

    account_pk: int
    cause_pk: int | None
    partner_pk: int
    uid: str
    nickname: str
    operation_id: uuid.UUID
    reason: str
    before: str
    after: str
    stopped_at: datetime
    available: Decimal


def statement(judged: str, writes: str) -> str:
    """One statement for any number of accounts, whose rows the caller holds.

    `judged` selects those that change: id, partner_id, uid, nickname, available, stopped_at, before, after (both
    `PaygStatus`), news (`StopNews`), reason and operation_id. `writes` are further parts that store the facts. Each
    gets its record, with every live sub-account, and what is to be told.
    """
    return f"""
WITH judged AS MATERIALIZED ({judged}), {writes}, notices AS (
    INSERT INTO quota_shutdownnotice (credit_id, partner_id, kind, stopped_at, available, at, is_moot)
    SELECT id, partner_id, news, stopped_at, available, clock_timestamp(), false FROM judged ORDER BY id
    ON CONFLICT DO NOTHING
), touched AS (
    SELECT id AS account_id, NULL::bigint AS cause_id, partner_id, uid, nickname, operation_id, reason, before, after,
        stopped_at, available
    FROM judged
    UNION ALL
    SELECT sub.id, judged.id, sub.partner_id, sub.uid, sub.nickname, operation_id, reason, before, after, stopped_at,
        available
    FROM judged JOIN uids_linkedaccount sub ON sub.trustee_id = judged.id AND sub.partner_id = judged.partner_id
    WHERE sub.relationship = ANY(%(live)s)
), records AS (
    INSERT INTO uids_controlchange (
        account_id, cause_id, what, before, after, reason, method, operator, operator_uid, operation_id, at
    )
    SELECT account_id, cause_id, '{Control.PAYG_SHUTDOWN}', before, after, reason, %(method)s, %(operator)s,
        %(operator_uid)s, operation_id, clock_timestamp()
    FROM touched ORDER BY cause_id NULLS FIRST, account_id
)
SELECT * FROM touched ORDER BY cause_id NULLS FIRST, account_id
"""  # noqa: S608 parts and constants of our own


def run(actor: Actor, words: str, values: Mapping[str, Any]) -> list[Moved]:
    """Execute a `statement` in the caller's transaction, write the trail, and wake the mails; what changed.

    `values` are those of its own parts; who, when by the cloud's clock (`now`) and what is live is known here.
    """
    known: dict[str, Any] = {
        "live": [str(state) for state in LIVE],
        "now": clock.now(),
        "method": str(actor.channel),
        "operator": actor.label,
        "operator_uid": actor.operator_uid,
    }
    with connection.cursor() as cursor:
        cursor.execute(words, {**known, **values})
        moved = [Moved(*row) for row in cursor.fetchall()]
    audit.record_all(_entry(actor, one) for one in moved)
    for partner_pk in sorted({one.partner_pk for one in moved})[:MOST_WOKEN]:
        after_commit(tasks.send_stop_news, partner_pk)
    return moved


def _entry(actor: Actor, moved: Moved) -> AuditEntry:
    return audit.entry(
        actor,
        ACTION[PaygStatus(moved.after)],
        LinkedAccount(pk=moved.account_pk, partner_id=moved.partner_pk, uid=moved.uid, nickname=moved.nickname),
        changes=_changes(moved),
        note=moved.reason,
        operation_id=moved.operation_id,
    )


def _changes(moved: Moved) -> dict[str, list[object]]:
    """The account's own facts; of a sub-account, that it follows its master's."""
    after = PaygStatus(moved.after)
    if after is PaygStatus.RELEASED:
        return {"payg_released_at": [None, str(moved.stopped_at + RELEASE_AFTER)]}
    is_stop = after is PaygStatus.STOPPED
    if moved.cause_pk is not None:
        return {"stopped_by_master": [not is_stop, is_stop]}
    at: list[object] = [None, str(moved.stopped_at)]
    return {"payg_stopped_at": at if is_stop else at[::-1], "available": [None, str(moved.available)]}
