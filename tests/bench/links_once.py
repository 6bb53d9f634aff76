"""One dry run in a process of its own, so that its peak memory is its own: `python -m tests.bench.links_once 5000`."""

from __future__ import annotations

import csv
import io
import json
import resource
import sys
import time

import django

HEADERS = (
    "CRM ref", "Company", "Customer account", "Contact e-mail", "Country", "Owner", "Credit line USD", "Warn at %",
    "Purpose",
)  # fmt: skip
KNOWN = 20_000  # linked accounts the rows are compared with


def file_of(rows: int, first_uid: int) -> bytes:
    """An onboarding sheet; one row in twenty is no UID, one in twenty a lookalike of a linked one."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADERS)
    for n in range(rows):
        uid = "acornrobotics" if n % 20 == 1 else str(first_uid + n * 7919)
        if n % 20 == 2:
            uid = str(first_uid + 5_000_000_000 + n * 13)[:-1] + "1"
        writer.writerow(
            [
                f"CRM-{70_000 + n}", f"Straits 物流 {n % 997}", uid, f"it@c{n}.example", ("SG", "JP", "TH")[n % 3],
                f"Manager {n % 40}", 100 + n % 20_000, 20, "customer onboarding",
            ]
        )  # fmt: skip
    return text.getvalue().encode()


def main(rows: int) -> None:
    django.setup()
    # Settings must be there before any model is.
    from linking.models.batch import BatchState  # noqa: PLC0415
    from linking.services import batches  # noqa: PLC0415
    from partner_console.access.actor import system_actor  # noqa: PLC0415
    from partner_console.access.models import Partner  # noqa: PLC0415
    from partner_console.web.uploads import read_upload  # noqa: PLC0415
    from uids.models import LinkedAccount  # noqa: PLC0415

    partner = Partner.objects.create(code=f"links-{rows}", name="Links", kind="reseller", master_uid="7")
    actor = system_actor("bench", partner=partner)
    first = 5_200_000_000_000_000 + partner.pk * 10_000_000_000
    LinkedAccount.objects.bulk_create(
        (
            LinkedAccount(partner=partner, uid=str(first + 5_000_000_000 + n * 13), account_type=2, nickname="Known")
            for n in range(KNOWN)
        ),
        batch_size=2000,
    )
    content = file_of(rows, first)
    began = time.process_time()
    sum(1 for _row in read_upload(content).rows)
    read = time.process_time() - began
    began = time.process_time()
    batch = batches.upload(actor=actor, file=io.BytesIO(content), file_name="crm.csv")
    batches.settle_columns(actor=actor, batch_pk=batch.pk, columns=batch.columns, in_background=False)
    batches.run_batch(batch_pk=batch.pk)
    cpu = time.process_time() - began
    batch.refresh_from_db()
    if batch.state != BatchState.CHECKED or sum(batch.counts.get(one, 0) for one in ("ok", "warn", "refuse")) != rows:
        sys.exit(f"{rows} rows should have been judged: {batch.state} {batch.counts} {batch.error}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"rows": rows, "cpu": cpu, "read": read, "peak": peak, "counts": batch.counts}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
