"""The rows that did not come in, as a workbook to be corrected and uploaded again: their own cells and the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.access.policy import Permission, require
from partner_console.exports.filling import kept_columns, with_reason, write_sheet
from quota.models.imports import NOT_IMPORTED, ImportRow
from quota.services.imports.reading import read_stored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from partner_console.access.actor import Actor
    from partner_console.web.uploads import Table
    from quota.models.imports import AccountImport

CHUNK = 2_000


def write_refused(*, actor: Actor, job: AccountImport, path: Path) -> int:
    """Write the refused rows of an import the actor may see to `path`, all cells as text; returns how many.

    Reasons are in the language of the import. Raises `Conflict` when the file is no longer kept.
    """
    require(actor, Permission.UID_IMPORT)
    table = read_stored(job)
    keep = kept_columns(job.headers)
    return write_sheet(
        path,
        actor=actor,
        title=_("Refused rows of %(file)s") % {"file": job.file_name},
        filter_text=_("Rows that were not imported"),
        columns=with_reason(job.headers, keep),
        rows=_rows(actor, job, table, keep),
    )


def _rows(actor: Actor, job: AccountImport, table: Table, keep: list[int]) -> Iterator[list[str]]:
    """The file is walked once beside its refused rows, both in order of the row number."""
    refused = ImportRow.objects.visible_to(actor).filter(job=job, verdict__in=NOT_IMPORTED).order_by("number")
    reasons = refused.values_list("number", "reason").iterator(chunk_size=CHUNK)
    wanted = next(reasons, None)
    for row in table.rows if wanted else ():
        if wanted is None:
            return
        if row.number == wanted[0]:
            yield [*(row.cells[at] for at in keep), wanted[1]]
            wanted = next(reasons, None)
