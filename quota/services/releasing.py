"""What arrears have stopped for 15 days is released by the cloud, for good: noted here, and reminded of before.

The cloud counts and releases by itself; nothing is ordered. An account counts only while the cloud has confirmed its
stop: what goes on running there is not released. All times are the cloud's (`partner_console.cloud.clock`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from partner_console.access.actor import system_actor
from partner_console.access.scoping import visible_sql
from partner_console.cloud import clock
from partner_console.cloud.models import TOPIC, CommandState, Operation
from partner_console.waking import after_commit
from quota import tasks
from quota.services import enforcing, stop_records
from quota.services.stop_records import MOST_WOKEN
from quota.states import RELEASE_REMINDERS, REMINDER_OF, StopNews
from uids.states import RELEASE_AFTER, PaygStatus

if TYPE_CHECKING:
    from datetime import datetime

    from partner_console.access.actor import Actor

BATCH = 500

REASON = gettext_noop("Stopped by arrears for 15 days")

# Stopped, not released, its arrears not over, and no newer order about it that the cloud has not confirmed.
_COUNTED = f"""
FROM uids_linkedaccount a JOIN quota_creditaccount c ON c.account_id = a.id
WHERE a.payg_stopped_at IS NOT NULL AND a.payg_released_at IS NULL AND c.is_stopped AND NOT c.stop_due
    AND coalesce((
        SELECT k.state FROM cloud_cloudcommand k
        WHERE k.uid = a.uid AND k.partner_id = a.partner_id AND k.topic = '{TOPIC[Operation.STOP_PAYG]}'
        ORDER BY k.id DESC LIMIT 1
    ), '{CommandState.CONFIRMED}') = '{CommandState.CONFIRMED}'
"""  # noqa: S608 constants of this module

_DUE = f"""
SELECT a.id {_COUNTED} AND a.payg_stopped_at <= %s AND a.id > %s AND {{visible}} ORDER BY a.id LIMIT %s
"""

_RELEASE = stop_records.statement(
    judged=f"""
    SELECT a.id, a.partner_id, a.uid, a.nickname, c.available, a.payg_stopped_at AS stopped_at,
        '{PaygStatus.STOPPED}' AS before, '{PaygStatus.RELEASED}' AS after, '{StopNews.RELEASED}' AS news,
        '{REASON}' AS reason, gen_random_uuid() AS operation_id
    {_COUNTED} AND a.id = ANY(%(pks)s) AND a.payg_stopped_at <= %(until)s
    """,
    writes="""accounts AS (
    UPDATE uids_linkedaccount a
    SET payg_released_at = judged.stopped_at + %(release_after)s::interval, updated_at = now()
    FROM judged WHERE a.id = judged.id
)""",
)

# The nearest reminder alone: what was missed while nobody looked is not made up for one after the other.
_REMIND = f"""
WITH near AS (
    INSERT INTO quota_shutdownnotice (credit_id, partner_id, kind, stopped_at, available, at, is_moot)
    SELECT a.id, a.partner_id,
        CASE WHEN a.payg_stopped_at <= %s THEN '{REMINDER_OF[1]}' WHEN a.payg_stopped_at <= %s THEN '{REMINDER_OF[3]}'
            ELSE '{REMINDER_OF[7]}' END,
        a.payg_stopped_at, c.available, clock_timestamp(), false
    {_COUNTED} AND a.payg_stopped_at <= %s AND a.payg_stopped_at > %s AND {{visible}}
    ON CONFLICT DO NOTHING
    RETURNING partner_id
)
SELECT DISTINCT partner_id FROM near ORDER BY partner_id LIMIT %s
"""  # noqa: S608 constants of this module


def sweep(*, actor: Actor | None = None) -> int:
    """What beat runs: what is due released, then what is near reminded of; how many accounts were released.

    Arrears that are over are let go first, so that nothing is called released that may run again.
    """
    actor = actor or system_actor("payg-stops")
    enforcing.sweep(actor=actor)
    now = clock.now()
    released = release_due(actor=actor, now=now)
    remind(actor=actor, now=now)
    return released


def release_due(*, actor: Actor, now: datetime, batch: int = BATCH) -> int:
    """Note as released whatever was stopped 15 days before `now` (the cloud's clock); how many accounts that were.

    The moment noted is the cloud's: 15 days after the stop, however late anybody looks. Batches are transactions of
    their own; accounts in use are left for next time.
    """
    until, released, after = now - RELEASE_AFTER, 0, 0
    while pks := _due(actor, until, after, batch):
        released += _release(actor, pks, until)
        after = pks[-1]
    return released


@transaction.atomic
def remind(*, actor: Actor, now: datetime) -> None:
    """Note the reminder that is due 7, 3 or 1 days before a release; once for each stop, whoever looks how often."""
    seven, three, one = (now - RELEASE_AFTER + timedelta(days=days) for days in RELEASE_REMINDERS)
    visible, values = visible_sql(actor, "a.partner_id")
    with connection.cursor() as cursor:
        limits = (one, three, seven, now - RELEASE_AFTER)
        cursor.execute(_REMIND.format(visible=visible), [*limits, *values, MOST_WOKEN])
        for (partner_pk,) in cursor.fetchall():
            after_commit(tasks.send_stop_news, partner_pk)


def _due(actor: Actor, until: datetime, after: int, batch: int) -> list[int]:
    visible, values = visible_sql(actor, "a.partner_id")
    with connection.cursor() as cursor:
        cursor.execute(_DUE.format(visible=visible), [until, after, *values, batch])
        return [pk for (pk,) in cursor.fetchall()]


@transaction.atomic
def _release(actor: Actor, account_pks: list[int], until: datetime) -> int:
    """Judged again under the locks."""
    pks = enforcing.lock(actor, account_pks, skip_locked=True)
    if not pks:
        return 0
    values = {"pks": pks, "until": until, "release_after": RELEASE_AFTER}
    return sum(one.cause_pk is None for one in stop_records.run(actor, _RELEASE, values))
