"""XLSX workbooks: the archive is checked first, then read through calamine; macros and formulas never run.

A number cell comes out as its digits. Spreadsheets keep 15 of them, so a longer whole number is marked as one
that may have lost digits, unless its last digit proves that nothing was cut.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal

import python_calamine
from django.utils.translation import gettext as _
from lxml import etree

from partner_console.errors import Invalid
from partner_console.web.uploads.table import Limits, RawRow, Table, build_table, plain_text
from partner_console.web.uploads.xlsx_unread import type_of_unread, unread_cells

MOST_PARTS = 2_000
CHUNK = 1 << 20
FIFTEEN_DIGITS = Context(prec=15)
LONG_NUMBER = 10**15
EXACT_FLOAT_LIMIT = 2**53
DAMAGED = (
    python_calamine.CalamineError,
    zipfile.BadZipFile,
    zlib.error,
    etree.XMLSyntaxError,
    LookupError,
    EOFError,
    RuntimeError,  # an encrypted or oddly compressed part of the archive
)

type_of_cell = str | float | bool | datetime | date | time | timedelta


def read_xlsx(content: bytes, *, sheet: str, limits: Limits) -> Table:
    """Read one worksheet: the one named, else the first visible one with content. Raises `Invalid`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            _check_package(package, limits)
        workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        names = _sheet_names(workbook)
        found, name = _choose(workbook, names, sheet)
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            unread = unread_cells(package, name)
    except DAMAGED as error:
        raise Invalid(
            "upload_damaged",
            _("The file is damaged or not an Excel workbook (.xlsx). Save it in Excel and try again."),
        ) from error

    def source() -> Iterator[RawRow]:
        return _rows(found, unread)

    others = tuple(other for other in names if other != name)
    return build_table(source, limits=limits, kind="xlsx", sheet=name, other_sheets=others)


def _check_package(package: zipfile.ZipFile, limits: Limits) -> None:
    """Refuse what is no XLSX, and unpack everything once in small pieces so that a zip bomb stops here."""
    parts = package.infolist()
    if "xl/workbook.xml" not in package.namelist():
        raise Invalid(
            "upload_not_a_table",
            _("This file is not an Excel workbook (.xlsx). Upload an .xlsx or a CSV file."),
        )
    unpacked = 0
    for part in parts[:MOST_PARTS]:
        # The size the archive states is not to be trusted: read until the data ends or the limit is passed.
        part.file_size = limits.unpacked_size + 2 * CHUNK
        with package.open(part) as stream:
            while chunk := stream.read(CHUNK):
                unpacked += len(chunk)
                if unpacked > limits.unpacked_size:
                    raise _unpacks_too_large(limits)
    if len(parts) > MOST_PARTS:
        raise _unpacks_too_large(limits)


def _sheet_names(workbook: python_calamine.CalamineWorkbook) -> list[str]:
    """Worksheets a person sees when opening the workbook, in their order."""
    return [
        meta.name
        for meta in workbook.sheets_metadata
        if meta.visible == python_calamine.SheetVisibleEnum.Visible
        and meta.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]


def _choose(
    workbook: python_calamine.CalamineWorkbook, names: list[str], wanted: str
) -> tuple[python_calamine.CalamineSheet, str]:
    if wanted and wanted not in names:
        raise Invalid(
            "upload_no_sheet",
            _("The workbook has no visible sheet named “%(sheet)s”.") % {"sheet": wanted},
            field="sheet",
        )
    for name in [wanted] if wanted else names:
        found = workbook.get_sheet_by_name(name)
        if found.start is not None:
            return found, name
    raise Invalid("upload_empty", _("The file is empty. Choose a file with a header row and data."))


def _rows(sheet: python_calamine.CalamineSheet, unread: type_of_unread) -> Iterator[RawRow]:
    left = sheet.start[1] if sheet.start else 0  # calamine drops empty columns on the left, but no rows
    number = 0
    for number, values in enumerate(sheet.iter_rows(), 1):
        cells, lost = [""] * left, []
        for at, value in enumerate(values, left):
            if isinstance(value, str):
                cells.append(plain_text(value) if value else "")
                continue
            cells.append(_as_text(value))
            if isinstance(value, float) and _may_have_lost_digits(value):
                lost.append(at)
        yield RawRow(number, _filled_in(cells, unread.get(number)), frozenset(lost))
    for below in sorted(other for other in unread if other > number):
        yield RawRow(below, _filled_in([], unread[below]))


def _filled_in(cells: list[str], unread: dict[int, str] | None) -> list[str]:
    for at, text in (unread or {}).items():
        cells.extend([""] * (at + 1 - len(cells)))
        cells[at] = cells[at] or text
    return cells


def _as_text(value: type_of_cell) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float | int):
        return _number_as_text(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return value if isinstance(value, str) else value.isoformat()


def _number_as_text(value: float) -> str:
    """The number without exponent or float noise, with the 15 digits a spreadsheet itself would show."""
    if value == int(value):
        return str(int(value))
    return f"{FIFTEEN_DIGITS.create_decimal(Decimal(repr(value))).normalize():f}"


def _may_have_lost_digits(value: float) -> bool:
    if abs(value) < LONG_NUMBER:
        return False
    return abs(value) >= EXACT_FLOAT_LIMIT or value != int(value) or int(value) % 10 == 0


def _unpacks_too_large(limits: Limits) -> Invalid:
    return Invalid(
        "upload_too_large",
        _("The workbook unpacks to more than %(limit)d MB. Split it into smaller files.")
        % {"limit": limits.unpacked_size // 1_000_000},
    )
