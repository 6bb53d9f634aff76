"""The sweep of warnings over 1,000,000 accounts of which 1 % have crossed their line unnoticed, side by side with the
floor: one SQL statement that writes the same rows (the alarm, the warning, its line) and looks at nothing else.

Times are of processor time (`clock.Clock`), the best of rounds in turns. Memory is the most the sweep held at once, at
this size and at a tenth of what is due.
"""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING

from django.db import connection

from partner_console.access.actor import system_actor
from quota.models import Warning, WarningLine
from quota.services import alarms
from tests.bench.bulk_accounts import fill
from tests.bench.clock import Clock
from tests.bench.figures import Figure, at_most, noted
from tests.bench.sweeping import against_floor, say
from tests.factories import make_partner

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_console.access.models import Partner

SIZE = 1_000_000
DUE = 100  # one in so many
ACTOR = system_actor("bench")

_CHOSEN = """
CREATE TEMP TABLE chosen AS
SELECT c.account_id, row_number() OVER (ORDER BY c.account_id) AS n
FROM quota_creditaccount c JOIN uids_linkedaccount a ON a.id = c.account_id
WHERE c.partner_id = %s AND c.alarms = 0 AND c.lines_below = 0 AND a.trustee_id IS NULL AND a.relationship = 'normal'
"""
# Nine tenths are used: below the line of 20 %, and nobody has looked yet.
_CROSS = """
UPDATE quota_creditaccount c SET undeducted = amount * 0.9 - deducted FROM chosen
WHERE c.account_id = chosen.account_id AND chosen.n %% %s = 0
"""
_BACK = """
DELETE FROM quota_warningline;
DELETE FROM quota_warning;
UPDATE quota_creditaccount c SET undeducted = 0, deducted = 0, alarms = 0 FROM chosen
WHERE c.account_id = chosen.account_id AND (c.alarms > 0 OR c.lines_below > 0);
"""
_FLOOR = """
WITH moved AS (
    UPDATE quota_creditaccount SET alarms = lines_below
    WHERE (alarms < lines_below OR alarms > lines_below) AND account_id IN (SELECT account_id FROM chosen)
    RETURNING account_id, partner_id, amount, available, warning_percent
), fired AS (
    INSERT INTO quota_warning (
        credit_id, partner_id, percent, amount, available, fired_at, is_silent, for_customer, snooze_reason
    )
    SELECT account_id, partner_id, warning_percent, amount, available, now(), false, false, '' FROM moved
    RETURNING id, credit_id, partner_id, percent, amount
)
INSERT INTO quota_warningline (warning_id, credit_id, partner_id, kind, value, line, crossed_at)
SELECT id, credit_id, partner_id, 1, percent, amount * percent / 100, now() FROM fired
"""


def run(size_cap: int | None) -> list[Figure]:
    size = min(SIZE, size_cap or SIZE)
    partner = world(size)
    with connection.cursor() as cursor:
        cursor.execute(_CHOSEN, [partner.pk])
        cursor.execute("CREATE INDEX ON chosen (account_id); ANALYZE chosen")
    clock = Clock()
    n_due, took = against_floor(
        clock, cross=lambda: cross(DUE), floor=floor, sweep=sweep, ensure=ensure_fired, back=back
    )
    begin = clock()
    found = alarms.sweep_due(actor=ACTOR)
    idle = clock() - begin
    if found:
        raise RuntimeError(f"{found} fired again")
    _first, few, many = peak(DUE * 10), peak(DUE * 10), peak(DUE)
    say(n_due, took, idle)
    return [
        noted("warnings due", n_due, "accounts"),
        at_most(f"warning sweep over {size:,}, 1 % due: over one statement", took["sweep"] / took["floor"], 3),
        noted("warning sweep with nothing due", idle * 1000, "ms"),
        noted("warning sweep: most memory at once", many / 1e6, "MB"),
        at_most("warning sweep: memory with ten times as many due", many / few, 1.5),
    ]


def world(size: int) -> Partner:
    """A partner of this size whose alarms are as they should be."""
    partner = make_partner(f"warned-{size}")
    begin = time.perf_counter()
    fill(partner.pk, size=size)
    print(f"  {size:,} accounts made in {time.perf_counter() - begin:,.0f} s", flush=True)
    sweep()
    return partner


def cross(every: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_CROSS, [every])
        n_due = int(cursor.rowcount)
        cursor.execute("VACUUM (ANALYZE) quota_creditaccount, quota_warning, quota_warningline")
    return n_due


def back() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_BACK)


def floor() -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FLOOR)


def sweep() -> None:
    alarms.sweep_due(actor=ACTOR)


def ensure_fired(n_due: int) -> None:
    counts = (Warning.objects.count(), WarningLine.objects.count())
    if counts != (n_due, n_due):
        raise RuntimeError(f"{n_due} were due, {counts} fired")


def peak(every: int, call: Callable[[], None] = sweep) -> int:
    """The most bytes held at once while so many are swept."""
    cross(every)
    tracemalloc.start()
    call()
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    back()
    return most
