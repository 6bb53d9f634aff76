"""The uploaded file as a table, from bytes or from the storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_console.errors import Invalid
from partner_console.web.uploads import read_upload
from quota.services.imports.columns import guess

if TYPE_CHECKING:
    from partner_console.access.policy import PartnerKind
    from partner_console.web.uploads import Row, Table
    from quota.models.imports import AccountImport


def open_table(content: bytes, kind: PartnerKind, *, encoding: str = "", sheet: str = "") -> Table:
    """Read an upload: of a workbook the first sheet that has UIDs, as our own begin with a cover. Raises `Invalid`."""
    table = read_upload(content, sheet=sheet, encoding=encoding)
    if sheet or "uid" in guess(table.headers, kind):
        return table
    for name in table.other_sheets:
        try:
            other = read_upload(content, sheet=name)
        except Invalid:
            continue
        if "uid" in guess(other.headers, kind):
            return other
    return table


def read_stored(job: AccountImport) -> Table:
    """The job's file as it was read at its upload. Raises `Invalid`, and `FileNotFoundError` when it is gone."""
    with job.file.open("rb") as file:
        content: bytes = file.read()
    return read_upload(content, sheet=job.sheet, encoding=job.encoding)


def sample(job: AccountImport, size: int = 5) -> list[Row]:
    """The first rows, for the page where columns are checked."""
    return read_stored(job).sample(size)
