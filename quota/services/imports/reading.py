"""The uploaded file as a table, from bytes or from the storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.errors import Conflict
from partner_console.web.uploads import read_fitting, read_upload
from quota.services.imports.columns import guess

if TYPE_CHECKING:
    from partner_console.access.policy import PartnerKind
    from partner_console.web.uploads import Table
    from quota.models.imports import AccountImport


def open_table(content: bytes, kind: PartnerKind, *, encoding: str = "", sheet: str = "") -> Table:
    """Read an upload: of a workbook the first sheet that has UIDs. Raises `Invalid`."""
    return read_fitting(content, lambda table: "uid" in guess(table.headers, kind), sheet=sheet, encoding=encoding)


def stored_bytes(job: AccountImport) -> bytes:
    """The uploaded file. Raises `Conflict` when it is no longer kept."""
    if not job.file or not job.file.storage.exists(str(job.file.name)):
        raise Conflict("import_file_gone", _("The uploaded file is no longer kept. Upload it again."))
    with job.file.open("rb") as file:
        content: bytes = file.read()
    return content


def read_stored(job: AccountImport) -> Table:
    """The file as it was read at its upload. Raises `Conflict` when it is gone, `Invalid` when it reads no more."""
    return read_upload(stored_bytes(job), sheet=job.sheet, encoding=job.encoding)
