"""Worksheets on openpyxl's write-only ones, made cheap: one cell object serves a whole column, styles are found once.

openpyxl builds, types and styles an object for every value, which costs more than writing it. Here the kind of the
column says all that, so a styled sheet takes less time than a bare write-only loop (`make bench ONLY=export`). It
leans on `_values_to_row`, the one method that turns values into cells; the exact pin of openpyxl keeps it in place.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Self

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from partner_console.exports.cells import NUMBERS, Kind, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from openpyxl import Workbook

MOST_ROWS = 1_048_575  # a sheet's limit less the header
MOST_CHARACTERS = 32_767  # a cell's limit
EXACT_DIGITS = 15  # a spreadsheet's numbers hold no more: longer ones are written as text
EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - spreadsheets count days from here without a zone
FIRST_DAY = "1900-03-01"  # earlier dates are counted differently by different programs
AS_TEXT = "@"
FORMATS = {
    Kind.WHOLE: "#,##0",
    Kind.MONEY: "#,##0.00",
    Kind.CONSUMPTION: "#,##0.000000",
    Kind.PERCENT: "General",  # 20 shows as 20 and 12.5 as 12.5
    Kind.TIME: "yyyy-mm-dd hh:mm:ss",
}
ESCAPE_LOOKALIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # XLSX reads _x0041_ as the letter A


class _ColumnCell(Cell):  # type: ignore[misc]  # openpyxl has no types
    """The cell of one column, holding one value after the other."""

    has_style = True
    style_id: int = 0

    def __init__(self, sheet: WriteOnlyWorksheet, column: int, number_format: str, **styles: object) -> None:
        super().__init__(sheet, row=1, column=column)
        self.number_format = number_format
        for name, style in styles.items():
            setattr(self, name, style)
        self.letter = get_column_letter(column)
        self.style_id = Cell.style_id.fget(self)

    @property
    def coordinate(self) -> str:
        return f"{self.letter}{self.row}"

    def holding(self, value: str, data_type: str, row: int) -> Self:
        self._value, self.data_type, self.row = value, data_type, row
        return self


class DataSheet(WriteOnlyWorksheet):  # type: ignore[misc]
    """Rows under a frozen, filterable header. Values come as the exact text of their column's kind."""

    def __init__(
        self, book: Workbook, title: str, *, headers: Sequence[str], kinds: Sequence[str], widths: Sequence[int]
    ) -> None:
        super().__init__(book, title)
        self.n_rows = 0
        self.freeze_panes = "A2"
        for number, width in enumerate(widths, 1):
            self.column_dimensions[get_column_letter(number)].width = width
        self.writers = [_header_writer(self, number) for number in range(1, len(headers) + 1)]
        self.append(list(headers))
        self.writers = [_writer(self, number, kind) for number, kind in enumerate(kinds, 1)]

    @property
    def is_full(self) -> bool:
        return self.n_rows >= MOST_ROWS

    def append_texts(self, texts: Sequence[str]) -> None:
        self.append(texts)
        self.n_rows += 1

    def close(self) -> None:
        self.auto_filter.ref = f"A1:{get_column_letter(len(self.writers))}{self.n_rows + 1}"
        super().close()

    def _values_to_row(self, values: Sequence[str], row_idx: int) -> list[_ColumnCell]:
        return [write(text, row_idx) for text, write in zip(values, self.writers, strict=True) if text]


class CoverSheet(WriteOnlyWorksheet):  # type: ignore[misc]
    """Label and text, line by line; the first line is the title."""

    def __init__(self, book: Workbook, title: str) -> None:
        super().__init__(book, title)
        self.column_dimensions["A"].width = 26
        self.column_dimensions["B"].width = 90
        top = Alignment(vertical="top", wrap_text=True)
        self.title_cell = _ColumnCell(self, 1, AS_TEXT, font=Font(bold=True, size=14))
        self.label_cell = _ColumnCell(self, 1, AS_TEXT, font=Font(bold=True), alignment=top)
        self.text_cell = _ColumnCell(self, 2, AS_TEXT, alignment=top)

    def append_line(self, label: str, text: str) -> None:
        self.append([plain(label), plain(text)])

    def _values_to_row(self, values: Sequence[str], row_idx: int) -> Iterator[_ColumnCell]:
        label = self.title_cell if row_idx == 1 else self.label_cell
        for cell, text in zip((label, self.text_cell), values, strict=True):
            if text:
                yield cell.holding(_cell_text(text), "s", row_idx)


def add_sheet(book: Workbook, sheet: WriteOnlyWorksheet) -> None:
    book._add_sheet(sheet)  # noqa: SLF001 - create_sheet() makes openpyxl's own class only


def discard(book: Workbook) -> None:
    """Remove the temporary files of a workbook that will not be saved; openpyxl would keep them until exit."""
    for sheet in book.worksheets:
        writer = sheet._writer  # noqa: SLF001 - openpyxl offers no way to give up
        if writer is None:
            continue
        with suppress(OSError, ValueError):
            if not sheet.closed:
                sheet.close()
            writer.cleanup()


def _header_writer(sheet: DataSheet, column: int) -> Callable[[str, int], _ColumnCell]:
    cell = _ColumnCell(
        sheet,
        column,
        AS_TEXT,
        font=Font(bold=True),
        fill=PatternFill("solid", fgColor="E8EDF3"),
        alignment=Alignment(vertical="center", wrap_text=True),
    )
    return lambda text, row: cell.holding(_cell_text(text), "s", row)


def _writer(sheet: DataSheet, column: int, kind: str) -> Callable[[str, int], _ColumnCell]:
    """What writes one column's texts: as numbers where a spreadsheet holds them exactly, else as text."""
    right = {"alignment": Alignment(horizontal="right")} if kind in NUMBERS else {}
    text_cell = _ColumnCell(sheet, column, AS_TEXT, **right)
    if kind not in FORMATS:
        return lambda text, row: text_cell.holding(_cell_text(text), "s", row)
    number_cell = _ColumnCell(sheet, column, FORMATS[Kind(kind)])
    to_number = _day_number if kind == Kind.TIME else _number

    def write(text: str, row: int) -> _ColumnCell:
        number = to_number(text)
        return number_cell.holding(number, "n", row) if number else text_cell.holding(text, "s", row)

    return write


def _number(text: str) -> str:
    """The text as a spreadsheet's number, exactly; empty when it must stay text."""
    if len(text) <= EXACT_DIGITS:
        return text
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    return text if len(digits) <= EXACT_DIGITS else ""


def _day_number(text: str) -> str:
    if text < FIRST_DAY:
        return ""
    since = datetime.fromisoformat(text) - EPOCH
    return repr(round(since.days + since.seconds / 86_400, 10))


def _cell_text(text: str) -> str:
    if "_x" in text:
        text = ESCAPE_LOOKALIKE.sub("_x005F_", text)
    return text[:MOST_CHARACTERS]
