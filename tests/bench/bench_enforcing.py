"""The sweep of stops by arrears over 1,000,000 accounts of which 0.1 % crossed their line unnoticed, side by side with
the floor: one SQL statement that writes the same rows (the facts, the record, the trail, the order, the notice) and
looks at nothing else.

Times are of processor time (`clock.Clock`), the best of rounds in turns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection

from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.cloud import tasks as cloud_tasks
from partner_console.cloud.models import CloudCommand
from quota import tasks
from quota.models import ShutdownNotice
from quota.services import enforcing, stop_lines
from tests.bench.bulk_accounts import fill
from tests.bench.clock import Clock
from tests.bench.figures import Figure, at_most, noted
from tests.bench.sweeping import against_floor, say
from tests.factories import make_partner
from uids.models import ControlChange

if TYPE_CHECKING:
    from partner_console.access.models import Partner

SIZE = 1_000_000
DUE = 1000  # one in so many
ACTOR = system_actor("bench")
WRITTEN = (ControlChange, AuditEntry, CloudCommand, ShutdownNotice)

_CHOSEN = f"""
CREATE TEMP TABLE chosen AS
SELECT c.account_id, row_number() OVER (ORDER BY c.account_id) AS n
FROM quota_creditaccount c JOIN uids_linkedaccount a ON a.id = c.account_id
WHERE c.partner_id = %s AND c.available >= 0 AND NOT c.is_stopped AND {stop_lines.LINE_SQL} = 0
    AND NOT EXISTS (SELECT 1 FROM uids_linkedaccount sub WHERE sub.trustee_id = a.id)
"""  # noqa: S608 constants of our own
_CROSS = """
UPDATE quota_creditaccount c SET undeducted = amount - deducted + 1 FROM chosen
WHERE c.account_id = chosen.account_id AND chosen.n %% %s = 0
"""
_BACK = """
UPDATE uids_linkedaccount a SET payg_stopped_at = NULL FROM chosen
WHERE a.id = chosen.account_id AND a.payg_stopped_at IS NOT NULL;
UPDATE quota_creditaccount c SET undeducted = 0, is_stopped = false FROM chosen
WHERE c.account_id = chosen.account_id AND (c.is_stopped OR c.stop_due);
TRUNCATE uids_controlchange, audit_auditentry, cloud_cloudcommand, quota_shutdownnotice CASCADE;
"""
_FLOOR = """
WITH credits AS (
    UPDATE quota_creditaccount SET is_stopped = true, updated_at = now() WHERE stop_due
    RETURNING account_id, partner_id, available
), accounts AS (
    UPDATE uids_linkedaccount a SET payg_stopped_at = now(), updated_at = now() FROM credits
    WHERE a.id = credits.account_id
    RETURNING a.id, a.partner_id, a.uid, credits.available, gen_random_uuid() AS operation_id
), notices AS (
    INSERT INTO quota_shutdownnotice (credit_id, partner_id, kind, stopped_at, available, at, is_moot)
    SELECT id, partner_id, 'stopped', now(), available, now(), false FROM accounts
), records AS (
    INSERT INTO uids_controlchange (
        account_id, what, before, after, reason, method, operator, operator_uid, operation_id, at
    )
    SELECT id, 'payg_shutdown', 'normal', 'stopped', 'in arrears', 'system', 'bench', '', operation_id, now()
    FROM accounts
), commands AS (
    INSERT INTO cloud_cloudcommand (
        partner_id, uid, operation, topic, payload, state, attempts, vendor_code, vendor_message, asked_by, reason,
        operation_id, created_at, next_attempt_at
    )
    SELECT partner_id, uid, 'stop_payg', 'stop', '{}', 'queued', 0, '', '', 'bench', 'in arrears', operation_id, now(),
        now()
    FROM accounts
)
INSERT INTO audit_auditentry (
    partner_id, at, actor_label, operator_uid, channel, action, subject_type, subject_pk, subject_label, changes, note,
    operation_id, request_id
)
SELECT partner_id, now(), 'bench', '', 'system', 'uids.account.payg_stopped', 'uids.linkedaccount', id, uid,
    jsonb_build_object('payg_stopped_at', jsonb_build_array(NULL, now()::text)), 'in arrears', operation_id, ''
FROM accounts
"""


def run(size_cap: int | None) -> list[Figure]:
    size = min(SIZE, size_cap or SIZE)
    nobody_is_woken()
    world(size)
    clock = Clock()
    n_due, took = against_floor(clock, cross=cross, floor=floor, sweep=sweep, ensure=ensure_stopped, back=back)
    begin = clock()
    sweep()
    idle = clock() - begin
    say(n_due, took, idle)
    return [
        noted("stops due", n_due, "accounts"),
        at_most(f"sweep of stops over {size:,}, 0.1 % due: over one statement", took["sweep"] / took["floor"], 3),
        noted("sweep of stops with nothing due", idle * 1000, "ms"),
    ]


def nobody_is_woken() -> None:
    """There is no broker to send to, and what a message costs is not what is measured."""
    for task in (tasks.send_stop_news, cloud_tasks.send_commands):
        task.delay = lambda *_ids: None


def world(size: int) -> Partner:
    """A partner of this size with nothing due."""
    partner = make_partner(f"stopped-{size}")
    fill(partner.pk, size=size)
    enforcing.sweep(actor=ACTOR)
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN, [partner.pk])
        cursor.execute("CREATE INDEX ON chosen (account_id); ANALYZE chosen")
    back()
    return partner


def cross() -> int:
    with connection.cursor() as cursor:
        cursor.execute(_CROSS, [DUE])
        n_due = int(cursor.rowcount)
        cursor.execute("VACUUM (ANALYZE) quota_creditaccount, uids_linkedaccount")
    return n_due


def back() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_BACK)


def floor() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR)


def sweep() -> None:
    enforcing.sweep(actor=ACTOR)


def ensure_stopped(n_due: int) -> None:
    counts = {model.__name__: model.objects.count() for model in WRITTEN}
    if set(counts.values()) != {n_due}:
        raise RuntimeError(f"{n_due} were due; {counts}")
