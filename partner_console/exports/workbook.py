"""The safe XLSX writer: exact values, text that stays text, a cover sheet that says what the file is (style §15).

Rows are streamed: memory does not grow with them. `sheets` holds what makes openpyxl fast enough for it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from openpyxl import Workbook

from partner_console.exports.cells import Kind, as_text, header, plain, zone_label
from partner_console.exports.sheets import MOST_ROWS, CoverSheet, DataSheet, add_sheet, discard
from partner_console.web.formats import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime, tzinfo
    from pathlib import Path

    from partner_console.exports.cells import Column

PROGRESS_EVERY = 1_000
LONGEST_TITLE = 31
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")
WIDTHS = {Kind.ID: 23, Kind.TIME: 21, Kind.MONEY: 16, Kind.CONSUMPTION: 20, Kind.WHOLE: 11, Kind.PERCENT: 11}
TEXT_WIDTH = 24
WIDEST = 48


@dataclass(frozen=True, slots=True)
class Cover:
    """What the first sheet says of the file. `made_at` is aware; `filter_text` is the filter in words.

    `details` are further lines (label, text), such as the partner or the currency.
    """

    title: str
    made_by: str
    made_at: datetime
    filter_text: str = ""
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: how many rows, and the SHA-256 of their texts as the cover sheet shows it."""

    n_rows: int
    sha256: str


def write_workbook(
    path: Path,
    *,
    cover: Cover,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    zone: tzinfo,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write the file at `path` in the active language; times are shown in `zone`, named with its offset.

    `rows` have one value per column, of the column's kind. `progress` is told the rows done every 1,000 and at
    the end; what it raises stops the writing and leaves no file. Raises `TypeError` for floats and naive times.
    """
    with _discarded_on_error(Workbook(write_only=True)) as book:
        front = CoverSheet(book, _("About this file"))
        add_sheet(book, front)
        n_rows, sha256 = _write_rows(book, cover.title, columns, rows, zone, progress or _nobody)
        for label, text in _cover_lines(cover, columns, zone, n_rows, sha256):
            front.append_line(label, text)
        book.save(path)
    return Written(n_rows, sha256)


def _write_rows(
    book: Workbook,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    zone: tzinfo,
    progress: Callable[[int], None],
) -> tuple[int, str]:
    headers = [header(column, zone) for column in columns]
    kinds = [column.kind for column in columns]
    widths = [_width(kind, name) for kind, name in zip(kinds, headers, strict=True)]
    writers = [as_text(kind, zone) for kind in kinds]
    digest = hashlib.sha256()

    def next_sheet(number: int) -> DataSheet:
        sheet = DataSheet(book, _sheet_title(title, number), headers=headers, kinds=kinds, widths=widths)
        add_sheet(book, sheet)
        return sheet

    sheet = next_sheet(1)
    n_rows = 0
    for row in rows:
        texts = [write(value) for write, value in zip(writers, row, strict=True)]
        if sheet.is_full:
            sheet = next_sheet(n_rows // MOST_ROWS + 1)
        sheet.append_texts(texts)
        digest.update(("\t".join(texts) + "\n").encode())
        n_rows += 1
        if n_rows % PROGRESS_EVERY == 0:
            progress(n_rows)
    progress(n_rows)
    return n_rows, digest.hexdigest()


def _cover_lines(
    cover: Cover, columns: Sequence[Column], zone: tzinfo, n_rows: int, sha256: str
) -> Iterator[tuple[str, str]]:
    made_at = as_text(Kind.TIME, zone)(cover.made_at)
    yield cover.title, ""
    yield _("Made by"), cover.made_by
    yield _("Made at"), f"{made_at} ({zone_label(zone)})"
    yield from cover.details
    yield _("Filter"), cover.filter_text or _("None: all rows")
    yield _("Rows"), str(n_rows)
    yield _("Columns"), listed(header(column, zone) for column in columns)
    yield _("SHA-256 of the rows"), sha256
    yield _("How it is formed"), _("UTF-8 text of the rows: cells joined by tabs, each row ended by a line feed.")
    if any(column.kind == Kind.ID for column in columns):
        yield _("UIDs"), _("Stored as text, so that no digit is lost. Keep the column as text when you edit it.")


def _nobody(n_rows: int) -> None:
    """Progress nobody asked for."""


def _width(kind: str, name: str) -> int:
    by_kind = next((width for key, width in WIDTHS.items() if key == kind), TEXT_WIDTH)
    wide = sum(2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1 for char in name)
    return max(by_kind, min(wide + 4, WIDEST))  # 4: room for the filter's arrow


def _sheet_title(title: str, number: int) -> str:
    suffix = f" ({number})" if number > 1 else ""
    name = " ".join(NOT_IN_TITLES.sub(" ", plain(title)).split()).strip("'") or _("Rows")
    return name[: LONGEST_TITLE - len(suffix)] + suffix


@contextmanager
def _discarded_on_error(book: Workbook) -> Iterator[Workbook]:
    try:
        yield book
    except BaseException:
        discard(book)
        raise
