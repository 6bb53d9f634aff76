"""One import in a process of its own, so that its peak memory is its own: `python -m tests.bench.import_once 10000`."""

from __future__ import annotations

import csv
import json
import resource
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import django

HEADERS = (
    "UID", "Login Name", "Nickname", "Account Type", "E-mail", "Mobile", "Country", "Business Manager", "Remarks",
    "Associated Time (UTC+8)", "Account Status", "PAYG Freeze Status", "Purchase Control", "Shutdown Policy",
    "Overdraft (USD)", "Quota Amount (USD)", "Consumed & Deducted Value (USD)", "Consumed & Undeducted Value (USD)",
    "Available Quota (USD)", "Quota Warning Threshold (%)", "Financial Trusteeship Master UID",
)  # fmt: skip
EVERY_SUB_ACCOUNT = 20


def write_file(path: Path, rows: int, first_uid: int) -> None:
    """A list as ACPN exports it; one row in twenty is a sub-account of the row before."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADERS)
        for n in range(rows):
            uid, is_sub = first_uid + n * 7, n % EVERY_SUB_ACCOUNT == 1
            amount = Decimal(0) if is_sub else Decimal(1000 + n % 9000)
            deducted = amount / 4
            undeducted = Decimal(0) if is_sub else Decimal(n % 100) + Decimal("0.000001")
            writer.writerow(
                [
                    uid, f"user{n}@corp.example", f"Straits 物流 {n % 997}", "Reseller end user", f"ops@c{n}.example",
                    "+65 8712 4687", "SG", f"Manager {n % 40}", "renewal in Q3", "2024-04-21 17:48:00", "Normal",
                    "Normal", "Normal", "delayStop", "600.00", amount, deducted, undeducted,
                    amount - deducted - undeducted, 20, uid - 7 if is_sub else "",
                ]
            )  # fmt: skip


def main(rows: int) -> None:
    django.setup()
    # Settings must be there before any model is.
    from partner_console.access.actor import system_actor  # noqa: PLC0415
    from partner_console.access.models import Partner  # noqa: PLC0415
    from quota.services import imports  # noqa: PLC0415
    from quota.services.imports.running import run_import  # noqa: PLC0415
    from tests.bench.clock import Clock  # noqa: PLC0415

    partner = Partner.objects.create(code=f"import-{rows}", name="Import", kind="reseller", master_uid="5")
    actor = system_actor("bench", partner=partner)
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "customers.csv"
        # UIDs of its own: a UID is linked once among all partners.
        write_file(path, rows, 5_000_000_000_000_003 + partner.pk * 10_000_000_000)
        began, idle = time.perf_counter(), clock()
        with path.open("rb") as file:
            job = imports.upload(actor=actor, file=file, file_name=path.name)
    imports.settle_columns(actor=actor, job_pk=job.pk, columns=job.columns, in_background=False)
    run_import(job_pk=job.pk)
    checked = time.perf_counter()
    imports.start(actor=actor, job_pk=job.pk, in_background=False)
    run_import(job_pk=job.pk)
    ended, done = time.perf_counter(), clock()
    job.refresh_from_db()
    if job.counts != {"create": rows}:
        sys.exit(f"{rows} rows should have come in: {job.state} {job.counts} {job.error}")
    result = {
        "rows": rows,
        "partner": partner.pk,
        "check": checked - began,
        "run": ended - checked,
        "work": done - idle,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(int(sys.argv[1]))
