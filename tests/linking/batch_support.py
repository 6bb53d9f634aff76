"""Batches without a browser and without a worker: from a file to what came of its rows."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from linking.models import BatchRow, LinkBatch
from linking.models.batch import BatchState
from linking.services import batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor

FILES = Path(__file__).parent / "files"
HEADERS = ("Customer account", "Company", "Contact e-mail", "Country", "Credit line USD")


def csv_of(*rows: Sequence[str], headers: Sequence[str] = HEADERS) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([headers, *rows])
    return text.getvalue().encode()


def customers(n: int, *, quota: str = "100") -> bytes:
    """Rows that are all right."""
    rows = [(f"51137662486{19_017 + 37 * i}", f"Company {i}", f"c{i}@x.example", "JP", quota) for i in range(n)]
    return csv_of(*rows)


def checked(actor: Actor, content: bytes, **defaults: object) -> LinkBatch:
    """Uploaded, columns as guessed, judged."""
    batch = batches.upload(actor=actor, file=io.BytesIO(content), file_name="customers.csv")
    batches.settle_columns(
        actor=actor, batch_pk=batch.pk, columns=batch.columns, defaults=defaults, in_background=False
    )
    batches.run_batch(batch_pk=batch.pk)
    batch.refresh_from_db()
    return batch


def started(actor: Actor, content: bytes) -> LinkBatch:
    """Checked, and started once; no worker has run it."""
    batch = checked(actor, content)
    assert batch.state == BatchState.CHECKED, batch.error
    batches.start(actor=actor, batch_pk=batch.pk, in_background=False)
    batch.refresh_from_db()
    return batch


def run(batch: LinkBatch) -> LinkBatch:
    batches.run_batch(batch_pk=batch.pk)
    batch.refresh_from_db()
    return batch


def verdicts(batch: LinkBatch) -> list[tuple[str, str]]:
    return list(BatchRow.objects.filter(batch=batch).order_by("number").values_list("verdict", "reason"))


def outcomes(batch: LinkBatch) -> list[str]:
    return list(BatchRow.objects.filter(batch=batch).order_by("number").values_list("outcome", flat=True))
