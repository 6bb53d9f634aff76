"""Imports: their work beside that of a bare COPY of what they write, and memory that does not grow with the file.

The bare COPY is given its rows ready and checks nothing: no references, no append-only triggers. Beside it an import
reads the file three times (to know it, to judge each row, to judge it again and let it in), judges every row against what
is linked anywhere and against the file, and makes of 21 cells an account, its quota, three ledger entries with their hash
chain, two entries of the trail and a verdict: 8 rows of 5 tables, copied in as well. So most of the ratio is Python
making and judging objects; a target near to COPY would mean a second way to write the ledger and the trail.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.db import connection

from tests.bench.clock import Clock
from tests.bench.figures import Figure, at_most, noted

ROWS = 100_000
SMALL = 10  # the small file is this many times smaller
ROUNDS = 2  # of the bare COPY: the better one counts, against us
LIMIT = 20
# What an import writes, in an order that satisfies the references.
TABLES = (
    "uids_linkedaccount",
    "quota_creditaccount",
    "quota_ledgerentry",
    "audit_auditentry",
    "quota_importrow",
)


def run(size_cap: int | None) -> list[Figure]:
    """Check and run a CSV of 21 columns through the services, each size in a process of its own."""
    rows = min(ROWS, size_cap or ROWS)
    small = import_in_a_process(max(rows // SMALL, 1))
    large = import_in_a_process(rows)
    bare = min(copy_again(large["partner"]) for _round in range(ROUNDS))
    seconds = large["check"] + large["run"]
    return [
        noted("import: rows", rows, "rows"),
        noted("import: rows a second, check and run together", rows / seconds, "rows/s"),
        noted("import: part of the check (dry run)", large["check"] / seconds, "of it"),
        at_most("import: work beside a bare COPY of the same rows into the same tables", large["work"] / bare, LIMIT),
        at_most("import: work a row beside that of a tenth of the rows", per_row(large) / per_row(small), 1.2),
        at_most("import: peak memory beside that of a tenth of the rows", large["peak"] / small["peak"], 1.3),
        noted("import: peak memory", large["peak"] / 1024, "MB"),
    ]


def per_row(result: dict[str, Any]) -> float:
    return float(result["work"] / result["rows"])


def import_in_a_process(rows: int) -> dict[str, Any]:
    """What tests.bench.import_once prints: seconds of both phases and of work, peak memory in KB, the partner."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.import_once", str(rows)], check=True, capture_output=True, text=True
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def copy_again(partner_pk: int) -> float:
    """Work of a bare COPY of everything that import wrote into empty tables with the same columns and indexes."""
    own = f"WHERE partner_id = {int(partner_pk)}"
    of_job = f"WHERE job_id IN (SELECT id FROM quota_accountimport {own})"  # noqa: S608 a number of ours
    seconds, clock = 0.0, Clock()
    with tempfile.TemporaryDirectory() as folder, connection.cursor() as cursor:
        for table in TABLES:
            columns = ", ".join(f'"{name}"' for name in stored_columns(table))
            path = Path(folder) / table
            rows = of_job if table == "quota_importrow" else own
            query = f"SELECT {columns} FROM {table} {rows}"  # noqa: S608 our own tables' names
            with path.open("wb") as file, cursor.cursor.copy(f"COPY ({query}) TO STDOUT") as copy:
                for data in copy:
                    file.write(data)
            cursor.execute(f"CREATE TEMPORARY TABLE bare (LIKE {table} INCLUDING ALL)")
            began = clock()
            with path.open("rb") as file, cursor.cursor.copy(f"COPY bare ({columns}) FROM STDIN") as copy:
                while data := file.read(1 << 20):
                    copy.write(data)
            seconds += clock() - began
            cursor.execute("DROP TABLE bare")
    return seconds


def stored_columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]
