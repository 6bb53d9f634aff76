"""The rows that were not done, as a workbook to be corrected and uploaded again: their own cells and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking.models import BatchRow
from linking.models.batch import BatchKind, RowOutcome, RowVerdict
from partner_console.access.policy import Permission, require
from partner_console.errors import Conflict
from partner_console.exports.cells import Kind
from partner_console.exports.workbook import Cover, write_workbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from django.db.models import QuerySet

    from linking.models import LinkBatch
    from partner_console.access.actor import Actor

REASON = gettext_lazy("Reason")
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class _Column:
    label: str
    kind: str = Kind.TEXT


def write_refused(*, actor: Actor, batch: LinkBatch, path: Path) -> int:
    """Write the refused and failed rows of a file the actor may see to `path`, all cells as text; returns how many.

    Reasons are in the language of the batch. Raises `Conflict` when the cells are no longer kept.
    """
    require(actor, Permission.LINK_INVITE)
    found = refused_rows(actor, batch)
    if batch.kind != BatchKind.INVITE or found.filter(cells=[]).exists():
        raise Conflict("batch_file_gone", _("The rows of this file are no longer kept. Upload it again."))
    # The reasons of an earlier round are replaced.
    keep = [at for at, header in enumerate(batch.headers) if header not in (str(REASON), "Reason")]
    columns = [*(_Column(batch.headers[at]) for at in keep), _Column(str(REASON))]
    cover = Cover(
        title=_("Rows of %(file)s that were not sent") % {"file": batch.title},
        made_by=actor.label,
        made_at=timezone.now(),
        filter_text=_("Refused rows, and rows that failed"),
    )
    rows = _cells(found, keep)
    return write_workbook(path, cover=cover, columns=columns, rows=rows, zone=timezone.get_current_timezone()).n_rows


def refused_rows(actor: Actor, batch: LinkBatch) -> QuerySet[BatchRow]:
    rows = BatchRow.objects.visible_to(actor).filter(batch=batch)
    return rows.filter(Q(verdict=RowVerdict.REFUSE) | Q(outcome=RowOutcome.FAILED)).order_by("number")


def _cells(rows: QuerySet[BatchRow], keep: list[int]) -> Iterator[list[str]]:
    for cells, reason, fix in rows.values_list("cells", "reason", "fix").iterator(chunk_size=CHUNK):
        yield [*(str(cells[at]) if at < len(cells) else "" for at in keep), f"{reason} {fix}".strip()]
