"""Batches of quotas without a browser and without a worker: from rows to what came of them."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from openpyxl import Workbook

from quota.models import QuotaBatch, QuotaBatchRow
from quota.services import batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

HEADERS = ("UID", "New total")


def csv_of(*rows: Sequence[object], headers: Sequence[str] = HEADERS) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([headers, *rows])
    return text.getvalue().encode()


def xlsx_of(*rows: Sequence[object], headers: Sequence[str] = HEADERS) -> bytes:
    book, content = Workbook(), io.BytesIO()
    assert book.active is not None
    for row in (headers, *rows):
        book.active.append(list(row))
    book.save(content)
    return content.getvalue()


def checked(actor: Actor, content: bytes, name: str = "quotas.csv") -> QuotaBatch:
    return batches.upload(actor=actor, file=io.BytesIO(content), file_name=name)


def started(actor: Actor, content: bytes, **given: bool) -> QuotaBatch:
    """Checked and started; no worker has run it."""
    batch = checked(actor, content)
    return batches.start(actor=actor, batch_pk=batch.pk, reason="New contract", in_background=False, **given)


def run(batch: QuotaBatch) -> QuotaBatch:
    batches.run_batch(batch_pk=batch.pk)
    batch.refresh_from_db()
    return batch


def rows_of(batch: QuotaBatch) -> list[QuotaBatchRow]:
    return list(QuotaBatchRow.objects.filter(batch=batch).order_by("number"))


def verdicts(batch: QuotaBatch) -> list[str]:
    return [row.verdict for row in rows_of(batch)]


def outcomes(batch: QuotaBatch) -> list[str]:
    return [row.outcome for row in rows_of(batch)]


def amount_of(account: LinkedAccount) -> Decimal:
    account.credit.refresh_from_db()
    amount: Decimal = account.credit.amount
    return amount
