"""Worksheets on openpyxl's write-only ones, made cheap: a row is one piece of XML, styles are found once.

openpyxl builds, types, styles and writes an object for every value. Here the kind of the column says all that, so an
export of styled sheets takes less time than a bare write-only loop (`make bench ONLY=export`). It leans on
`_write_rows`, the one method that turns rows into XML; the exact pin of openpyxl keeps it in place.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lxml import etree
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from partner_console.exports.cells import NUMBERS, Kind, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from openpyxl import Workbook

    Writer = Callable[[str, int], str]  # the XML of a cell with this text in this row

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


class _Sheet(WriteOnlyWorksheet):  # type: ignore[misc]  # openpyxl has no types
    """A write-only sheet whose rows are written as XML at once; what stands around them is openpyxl's.

    `first` writes the cells of the first row, `writers` those of all others.
    """

    first: Sequence[Writer]
    writers: Sequence[Writer]

    def _write_rows(self) -> Generator[None, Sequence[str]]:
        out = self._writer.xf.send(True)  # noqa: FBT003 openpyxl's own word to begin
        with out.element("sheetData"), suppress(GeneratorExit):
            for number in count(1):
                texts = yield
                writers = self.first if number == 1 else self.writers
                cells = "".join([write(text, number) for text, write in zip(texts, writers, strict=True) if text])
                # Parsed before it is written: what is not well-formed stops the export and cannot spoil the file.
                out.write(etree.fromstring(f'<row r="{number}">{cells}</row>'))
        self._writer.xf.send(None)

    def style(self, number_format: str, **styles: object) -> int:
        """The number by which cells of this look name it."""
        cell = Cell(self, row=1, column=1)
        cell.number_format = number_format
        for name, style in styles.items():
            setattr(cell, name, style)
        number: int = cell.style_id
        return number


class DataSheet(_Sheet):
    """Rows under a frozen, filterable header. Values come as the exact text of their column's kind."""

    def __init__(
        self, book: Workbook, title: str, *, headers: Sequence[str], kinds: Sequence[str], widths: Sequence[int]
    ) -> None:
        super().__init__(book, title)
        self.n_rows = 0
        self.freeze_panes = "A2"
        letters = [get_column_letter(number) for number in range(1, len(headers) + 1)]
        for letter, width in zip(letters, widths, strict=True):
            self.column_dimensions[letter].width = width
        head = _header_style(self)
        self.first = [_text_writer(letter, head) for letter in letters]
        self.writers = [_writer(self, letter, kind) for letter, kind in zip(letters, kinds, strict=True)]
        self.append(list(headers))

    @property
    def is_full(self) -> bool:
        return self.n_rows >= MOST_ROWS

    def append_texts(self, texts: Sequence[str]) -> None:
        self.append(texts)
        self.n_rows += 1

    def close(self) -> None:
        self.auto_filter.ref = f"A1:{get_column_letter(len(self.writers))}{self.n_rows + 1}"
        super().close()


class CoverSheet(_Sheet):
    """Label and text, line by line; the first line is the title."""

    def __init__(self, book: Workbook, title: str) -> None:
        super().__init__(book, title)
        self.column_dimensions["A"].width = 26
        self.column_dimensions["B"].width = 90
        top = Alignment(vertical="top", wrap_text=True)
        text = _text_writer("B", self.style(AS_TEXT, alignment=top))
        self.first = (_text_writer("A", self.style(AS_TEXT, font=Font(bold=True, size=14))), text)
        self.writers = (_text_writer("A", self.style(AS_TEXT, font=Font(bold=True), alignment=top)), text)

    def append_line(self, label: str, text: str) -> None:
        self.append([plain(label), plain(text)])


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


def _header_style(sheet: DataSheet) -> int:
    return sheet.style(
        AS_TEXT,
        font=Font(bold=True),
        fill=PatternFill("solid", fgColor="E8EDF3"),
        alignment=Alignment(vertical="center", wrap_text=True),
    )


def _text_writer(letter: str, style: int) -> Writer:
    def write(text: str, row: int) -> str:
        space = "" if text == text.strip() else ' xml:space="preserve"'
        return f'<c r="{letter}{row}" s="{style}" t="inlineStr"><is><t{space}>{_cell_text(text)}</t></is></c>'

    return write


def _writer(sheet: DataSheet, letter: str, kind: str) -> Writer:
    """What writes one column's texts: as numbers where a spreadsheet holds them exactly, else as text."""
    right = {"alignment": Alignment(horizontal="right")} if kind in NUMBERS else {}
    write_text = _text_writer(letter, sheet.style(AS_TEXT, **right))
    if kind not in FORMATS:
        return write_text
    style = sheet.style(FORMATS[Kind(kind)])
    to_number = _day_number if kind == Kind.TIME else _number

    def write(text: str, row: int) -> str:
        number = to_number(text)
        return f'<c r="{letter}{row}" s="{style}" t="n"><v>{number}</v></c>' if number else write_text(text, row)

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
    return escape(text[:MOST_CHARACTERS], {"\r": "&#13;"})
