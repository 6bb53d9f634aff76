"""The rows that were not done, as a workbook to be corrected and uploaded again: their own cells and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext as _

from linking.models import BatchRow
from linking.models.batch import BatchKind, RowOutcome, RowVerdict
from partner_console.access.policy import Permission, require
from partner_console.errors import Conflict
from partner_console.exports.filling import kept_columns, with_reason, write_sheet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.db.models import QuerySet

    from linking.models import LinkBatch
    from partner_console.access.actor import Actor

CHUNK = 1_000


def write_refused(*, actor: Actor, batch: LinkBatch, path: Path) -> int:
    """Write the refused and failed rows of a file the actor may see to `path`, all cells as text; returns how many.

    Reasons are in the language of the batch. Raises `Conflict` when the cells are no longer kept.
    """
    require(actor, Permission.LINK_INVITE)
    found = refused_rows(actor, batch)
    if batch.kind != BatchKind.INVITE or found.filter(cells=[]).exists():
        raise Conflict("batch_file_gone", _("The rows of this file are no longer kept. Upload it again."))
    keep = kept_columns(batch.headers)
    return write_sheet(
        path,
        actor=actor,
        title=_("Rows of %(file)s that were not sent") % {"file": batch.title},
        filter_text=_("Refused rows, and rows that failed"),
        columns=with_reason(batch.headers, keep),
        rows=_cells(found, keep),
    )


def refused_rows(actor: Actor, batch: LinkBatch) -> QuerySet[BatchRow]:
    rows = BatchRow.objects.visible_to(actor).filter(batch=batch)
    return rows.filter(Q(verdict=RowVerdict.REFUSE) | Q(outcome=RowOutcome.FAILED)).order_by("number")


def _cells(rows: QuerySet[BatchRow], keep: list[int]) -> Iterator[list[str]]:
    for cells, reason, fix in rows.values_list("cells", "reason", "fix").iterator(chunk_size=CHUNK):
        yield [*(str(cells[at]) if at < len(cells) else "" for at in keep), f"{reason} {fix}".strip()]
