"""CSV (RFC 4180) that a spreadsheet may open without running anything (style §15)."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from partner_console.exports.cells import NUMBERS, Kind, as_text, header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import tzinfo

    from partner_console.exports.cells import Column

BYTE_ORDER_MARK = "\ufeff"  # without it Excel reads UTF-8 as the local code page
DANGEROUS_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
LINES_PER_CHUNK = 500


def csv_rows(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    *,
    zone: tzinfo,
    id_safe: bool = False,
    with_mark: bool = True,
) -> Iterator[str]:
    """Yield the file in pieces of text, header first, for streaming.

    Text that a spreadsheet would run gets an apostrophe in front; numbers stay numbers, also negative ones.
    With `id_safe`, ids get one too: opened in a spreadsheet they keep all digits, where a bare number would be
    rounded to 15. It is visible and belongs to no formula (unlike `="…"`), cannot be lost by trimming (unlike a
    tab), and this console's own import takes it away. Without `id_safe` the digits stand alone, for programs.
    """
    yield from _lines([[header(column, zone) for column in columns]], BYTE_ORDER_MARK if with_mark else "")
    writers = [_cell_writer(column.kind, zone, id_safe=id_safe) for column in columns]
    yield from _lines(
        ([write(value) for write, value in zip(writers, row, strict=True)] for row in rows),
    )


def _lines(rows: Iterable[list[str]], prefix: str = "") -> Iterator[str]:
    buffer = io.StringIO(newline="")
    buffer.write(prefix)
    writer = csv.writer(buffer)
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % LINES_PER_CHUNK == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    if rest := buffer.getvalue():
        yield rest


def _cell_writer(kind: str, zone: tzinfo, *, id_safe: bool) -> Callable[[Any], str]:
    write = as_text(kind, zone)
    if kind in NUMBERS or kind == Kind.TIME:
        return write
    if kind == Kind.ID and id_safe:
        return lambda value: f"'{text}" if (text := write(value)) else ""
    return lambda value: _harmless(write(value))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(DANGEROUS_STARTS) else text
