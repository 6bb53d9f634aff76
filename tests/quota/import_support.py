"""Files to import, and the way from an upload to its end without a worker."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from quota.models import AccountImport, ImportRow
from quota.services import imports
from quota.services.imports.running import run_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor

FILES = Path(__file__).parent / "files"
LIST = FILES / "acpn-uid-list.xlsx"
UID = "5260181590830166"
OTHER_UID = "1318609139099603"


def csv_of(headers: Sequence[str], *rows: Sequence[str], encoding: str = "utf-8") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([headers, *rows])
    return text.getvalue().encode(encoding)


def upload(actor: Actor, content: bytes, name: str = "customers.csv", **fields: str) -> AccountImport:
    return imports.upload(actor=actor, file=io.BytesIO(content), file_name=name, **fields)


def check(actor: Actor, content: bytes, name: str = "customers.csv") -> AccountImport:
    """Uploaded, columns as guessed, judged."""
    job = upload(actor, content, name)
    imports.settle_columns(actor=actor, job_pk=job.pk, columns=job.columns, in_background=False)
    run_import(job_pk=job.pk)
    job.refresh_from_db()
    return job


def bring_in(actor: Actor, content: bytes, name: str = "customers.csv") -> AccountImport:
    """Checked and imported."""
    job = check(actor, content, name)
    imports.start(actor=actor, job_pk=job.pk, in_background=False)
    run_import(job_pk=job.pk)
    job.refresh_from_db()
    return job


def verdicts(job: AccountImport) -> list[tuple[str, str]]:
    """(verdict, reason) of every row in the order of the file."""
    return list(ImportRow.objects.filter(job=job).order_by("number").values_list("verdict", "reason"))


def one_verdict(actor: Actor, headers: Sequence[str], row: Sequence[str]) -> tuple[str, str]:
    """The verdict of a file's only row."""
    (found,) = verdicts(check(actor, csv_of(headers, row)))
    return found
