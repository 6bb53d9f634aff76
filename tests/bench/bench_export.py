"""Exports: the whole way of a job (claim, read, write, store) against a bare openpyxl loop over the same values.

Each side runs in a process of its own, turn by turn, so that neither warms the other's memory; the better of its runs
counts. The bare loop is given its values ready in memory.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django
from django.utils import timezone

from tests.bench.figures import Figure, at_most, noted

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 100_000
ROUNDS = 2
SPEC = "uids.accounts"
# Twelve columns of the file: two of them come with “available”.
QUERY = "columns=uid,nickname,email,status,payg,policy,amount,available,manager,environment,linked"
MOST_MEMORY = 200
OWNER = "owner@bench.example"


def run(size_cap: int | None) -> list[Figure]:
    """The ratio of the two, the peak memory of a job, and what explains them."""
    size = min(SIZE, size_cap or SIZE)
    _fill(size)
    return compared(f"export {size:,} × 12", SPEC, QUERY)


def compared(title: str, spec: str, query: str) -> list[Figure]:
    """One export of the bench's partner, by its name and its list's query, against the bare loop."""
    sides: dict[str, list[dict[str, float]]] = {"bare": [], "real": [], "csv": []}
    for _round in range(ROUNDS):
        for side, results in sides.items():
            results.append(_in_own_process(side, spec, query))
    seconds = {side: min(result["seconds"] for result in results) for side, results in sides.items()}
    processor = {side: min(result["processor"] for result in results) for side, results in sides.items()}
    memory = max(result["megabytes"] for result in sides["real"])
    return [
        at_most(f"{title}: XLSX job / bare openpyxl loop", seconds["real"] / seconds["bare"], 1.3),
        at_most(f"{title}: the same in processor time", processor["real"] / processor["bare"], 1.3),
        at_most(f"{title}: CSV job / bare openpyxl loop", seconds["csv"] / seconds["bare"], 1.0),
        at_most(f"{title}: peak memory of the job's process", memory, MOST_MEMORY, "MB"),
        noted(f"{title}: bare openpyxl loop", seconds["bare"], "s"),
        noted(f"{title}: XLSX job", seconds["real"], "s"),
    ]


def _fill(size: int) -> None:
    # Django is set up by now; the figures' module must be importable before it is.
    from partner_console.access.policy import Role  # noqa: PLC0415
    from tests.bench.bulk_accounts import fill  # noqa: PLC0415
    from tests.factories import make_member, make_partner  # noqa: PLC0415

    partner = make_partner("bench")
    make_member(partner, Role.OWNER, email=OWNER)
    fill(partner.pk, size=size)


def _in_own_process(side: str, spec: str, query: str) -> dict[str, float]:
    argv = [sys.executable, "-m", "tests.bench.bench_export", side, spec, query]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _timed(work: Callable[[], None]) -> dict[str, float]:
    """Seconds on the clock and of this process's processor; the latter hardly minds a busy machine."""
    start, busy = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - start, "processor": time.process_time() - busy}


def _child(side: str, spec: str, query: str) -> None:
    django.setup()
    result = _bare(spec, query) if side == "bare" else _job("xlsx" if side == "real" else "csv", spec, query)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["megabytes"] = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps(result))


def _actor() -> Any:
    from partner_console.access.actor import actor_for_membership  # noqa: PLC0415
    from partner_console.access.models import Membership  # noqa: PLC0415

    return actor_for_membership(Membership.objects.select_related("user", "partner").get(user__email=OWNER))


def _job(file_format: str, spec: str, query: str) -> dict[str, float]:
    from partner_console.exports.models import ExportJob, JobState  # noqa: PLC0415
    from partner_console.exports.registry import Selection  # noqa: PLC0415
    from partner_console.exports.running import run_export  # noqa: PLC0415
    from partner_console.exports.services import request_export  # noqa: PLC0415

    job = request_export(
        actor=_actor(),
        spec_name=spec,
        selection=Selection(query),
        all_columns=False,
        file_format=file_format,
        language="en",
        in_background=False,
    )
    result = _timed(lambda: run_export(job_pk=job.pk))
    finished = ExportJob.objects.get(pk=job.pk)
    if finished.state != JobState.DONE:
        raise AssertionError(finished.state, finished.error, finished.parameters)
    finished.file.delete(save=False)
    return result


def _bare(spec_name: str, query: str) -> dict[str, float]:
    from openpyxl import Workbook  # noqa: PLC0415

    from partner_console.exports.registry import Selection, get_spec  # noqa: PLC0415

    actor, spec = _actor(), get_spec(spec_name)
    columns = spec.visible(actor, query)
    rows = [
        # openpyxl takes no zones
        [timezone.make_naive(value) if isinstance(value, datetime) and value.tzinfo else value for value in values]
        for values in spec.rows(actor, Selection(query), columns)
    ]

    def loop() -> None:
        with tempfile.TemporaryDirectory() as folder:
            book = Workbook(write_only=True)
            sheet = book.create_sheet()
            for row in rows:
                sheet.append(row)
            book.save(Path(folder) / "bare.xlsx")

    return _timed(loop)


if __name__ == "__main__":
    _child(*sys.argv[1:])
