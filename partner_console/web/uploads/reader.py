"""One door for uploaded and pasted tables: looks at the content, never at the file's name."""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from partner_console.errors import Invalid
from partner_console.web.uploads.table import LIMITS, Limits, Table
from partner_console.web.uploads.text import read_text
from partner_console.web.uploads.xlsx import read_xlsx

ZIP_START = b"PK\x03\x04"
OLE_START = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


def read_upload(
    upload: BinaryIO | bytes | Path, *, sheet: str = "", encoding: str = "", limits: Limits = LIMITS
) -> Table:
    """Read a workbook or text file into a `Table` of exact text.

    `sheet` chooses a worksheet by name (default: the first visible one with content), `encoding` overrides
    the guess for text files. Raises `Invalid` (codes begin with `upload_`) for whatever is no usable table.
    """
    content = _bytes_of(upload, limits)
    if content.startswith(ZIP_START):
        return read_xlsx(content, sheet=sheet, limits=limits)
    if content.startswith(OLE_START):
        raise _old_or_locked(content)
    return read_text(content, limits=limits, encoding=encoding)


def read_fitting(
    upload: BinaryIO | bytes | Path,
    fits: Callable[[Table], bool],
    *,
    sheet: str = "",
    encoding: str = "",
    limits: Limits = LIMITS,
) -> Table:
    """The same; of a workbook the first sheet that `fits`, as our own begin with a cover. None does: the first."""
    content = _bytes_of(upload, limits)
    table = read_upload(content, sheet=sheet, encoding=encoding, limits=limits)
    if sheet or fits(table):
        return table
    for name in table.other_sheets:
        try:
            other = read_upload(content, sheet=name, limits=limits)
        except Invalid:
            continue
        if fits(other):
            return other
    return table


def read_pasted(text: str, *, limits: Limits = LIMITS) -> Table:
    """Read what was pasted into a form: spreadsheet cells, CSV text, a list of ids. Raises `Invalid`."""
    content = text.encode("utf-8", "replace")  # half a surrogate pair cannot be stored anyway
    if len(content) > limits.file_size:
        raise _too_large(limits)
    return read_text(content, limits=limits, encoding="utf-8", kind="pasted")


def _bytes_of(upload: BinaryIO | bytes | Path, limits: Limits) -> bytes:
    if isinstance(upload, Path):
        with upload.open("rb") as stream:
            content = stream.read(limits.file_size + 1)
    elif isinstance(upload, bytes):
        content = upload
    else:
        upload.seek(0)
        content = upload.read(limits.file_size + 1)
    if len(content) > limits.file_size:
        raise _too_large(limits)
    return content


def _too_large(limits: Limits) -> Invalid:
    return Invalid(
        "upload_too_large",
        _("The file is larger than %(limit)d MB. Split it into smaller files.")
        % {"limit": limits.file_size // 1_000_000},
    )


def _old_or_locked(content: bytes) -> Invalid:
    if ENCRYPTED_STREAM in content:
        return Invalid(
            "upload_password",
            _("The workbook is protected by a password. Remove the password, save it and upload it again."),
        )
    return Invalid(
        "upload_old_format",
        _("This is an old Excel file (.xls). Save it as an Excel workbook (.xlsx) and upload that."),
    )
