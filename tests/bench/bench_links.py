"""Links in bulk: the dry run of 5,000 rows beside reading the same file, and 10,000 expiries beside a bare UPDATE."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from linking import services
from linking.models import Invitation
from linking.states import InvitationState
from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from tests.bench.figures import Figure, at_most, noted

ROWS = 5_000
SMALL = 10  # the small file is this many times smaller
DUE = 10_000
CPU_SECONDS = 15  # what the dry run of 5,000 rows may cost


def run(size_cap: int | None) -> list[Figure]:
    """Each size of the dry run in a process of its own, so that its peak memory is its own."""
    rows = min(ROWS, size_cap or ROWS)
    small, large = check_in_a_process(max(rows // SMALL, 1)), check_in_a_process(rows)
    due = min(DUE, size_cap or DUE)
    seconds, bare, queries = expire(due)
    return [
        noted("links: rows of the dry run", rows, "rows"),
        at_most("links: dry run, CPU", large["cpu"], CPU_SECONDS, "s"),
        noted("links: dry run beside reading the same file", large["cpu"] / large["read"], "×"),
        at_most(
            "links: CPU a row beside that of a tenth of the rows",
            (large["cpu"] / large["rows"]) / (small["cpu"] / small["rows"]),
            1.5,
        ),
        at_most("links: peak memory beside that of a tenth of the rows", large["peak"] / small["peak"], 1.5),
        noted("links: peak memory", large["peak"] / 1024, "MB"),
        noted("links: expiries due in one sweep", due, "rows"),
        at_most("links: one sweep beside a bare UPDATE of the same rows", seconds / bare, 12),
        at_most("links: statements for each 1,000 expiries", queries / (due / 1000), 5, "queries"),
    ]


def check_in_a_process(rows: int) -> dict[str, Any]:
    """What tests.bench.links_once prints: CPU seconds of the dry run and of reading alone, peak memory in KB."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.links_once", str(rows)], check=True, capture_output=True, text=True
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def expire(n: int) -> tuple[float, float, int]:
    """Seconds of one sweep, seconds of a bare UPDATE of as many rows, and the sweep's statements."""
    partner = Partner.objects.create(code="expiries", name="Expiries", kind="reseller", master_uid="6")
    make_due(partner, n, first_uid=6_000_000_000_000_000)
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE linking_invitation SET state = 'expired', closed_at = now() WHERE partner_id = %s", [partner.pk]
        )
    bare = time.perf_counter() - began
    make_due(partner, n, first_uid=6_100_000_000_000_000)
    counted = _Counted()
    began = time.perf_counter()
    with connection.execute_wrapper(counted):
        done = services.expire_due(actor=system_actor("bench"))
    seconds = time.perf_counter() - began
    if done != n:
        sys.exit(f"{n} invitations should have expired, {done} did.")
    return seconds, bare, counted.n


def make_due(partner: Partner, n: int, *, first_uid: int) -> None:
    now = timezone.now()
    Invitation.objects.bulk_create(
        (
            Invitation(
                partner=partner, uid=str(first_uid + i), email=f"c{i}@x.example", company=f"Straits 物流 {i % 997}",
                account_type=2, quota=i % 9000, warning_percent=20, state=InvitationState.SENT,
                sent_at=now - timedelta(days=16), expires_at=now - timedelta(days=1),
            )
            for i in range(n)
        ),
        batch_size=1000,
    )  # fmt: skip


class _Counted:
    """How many statements went to the database."""

    n = 0

    def __call__(self, execute: Any, *args: Any) -> Any:
        self.n += 1
        return execute(*args)
