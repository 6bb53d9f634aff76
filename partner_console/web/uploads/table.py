"""What a read table is: headers and rows of exact text with the numbers they have in their sheet."""

import re
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partner_console.errors import Invalid

HEADER_SEARCH_ROWS = 30
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
LOOKS_LIKE_DATA = re.compile(
    r"^\W*(?:\d[\d\s\-]{5,}|\S+@\S+\.\S+|[-+]?\d[\d,]*\.\d+%?|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}.*)\W*$"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one upload may hold. Sizes in bytes."""

    file_size: int = 30_000_000
    unpacked_size: int = 400_000_000
    rows: int = 100_000
    columns: int = 200
    cell_characters: int = 32_767  # what a spreadsheet cell can hold


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class RawRow:
    """One line of the source before headers are known. `lost_digits` are columns whose number may be cut."""

    number: int
    cells: list[str]
    lost_digits: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One data row. `number` counts as the sheet does, from 1; `cells` stand under `Table.headers`, one each.

    `extra` holds what stood beyond the last header (a sign of a shifted row); `lost_digits` the columns whose
    number cell was too long for a spreadsheet to keep, so the text may be wrong in its last digits.
    """

    number: int
    cells: tuple[str, ...]
    extra: tuple[str, ...] = ()
    lost_digits: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """A table that can be walked through any number of times: `rows` starts afresh, without blank rows.

    `header_row` is 0 when the source has no header and the headers are made up. `repeated` are headers that
    occurred more than once; the later ones carry a number. `kind`, `sheet`, `encoding`, `delimiter` tell how
    it was read.
    """

    headers: tuple[str, ...]
    row_count: int
    header_row: int
    kind: str
    source: Callable[[], Iterator[RawRow]] = field(repr=False, compare=False)
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ""
    repeated: tuple[str, ...] = ()

    @property
    def rows(self) -> Iterator[Row]:
        width = len(self.headers)
        for raw in self.source():
            if raw.number <= self.header_row or is_blank(raw):
                continue
            padding = ("",) * (width - len(raw.cells))
            extra = tuple(cell for cell in raw.cells[width:] if cell.strip())
            yield Row(raw.number, (*raw.cells[:width], *padding), extra, raw.lost_digits)

    def sample(self, size: int = 5) -> list[Row]:
        """The first rows, for showing people what was read."""
        return list(islice(self.rows, size))


def build_table(
    source: Callable[[], Iterator[RawRow]],
    *,
    limits: Limits,
    kind: str,
    sheet: str = "",
    other_sheets: tuple[str, ...] = (),
    encoding: str = "",
    delimiter: str = "",
) -> Table:
    """Find the header, check the limits by walking through once, and describe the table. Raises `Invalid`."""
    first = list(islice((raw for raw in source() if not is_blank(raw)), HEADER_SEARCH_ROWS))
    if not first:
        raise Invalid("upload_empty", _("The file is empty. Choose a file with a header row and data."))
    at, has_header = _find_header(first)
    width = max(_used_width(raw) for raw in (first[at : at + 1] if has_header else first))
    names = first[at].cells[:width] if has_header else []
    headers, repeated = _name_columns(names, width)
    header_row = first[at].number if has_header else 0
    return Table(
        headers=headers,
        row_count=_count_rows(source, after=header_row, limits=limits),
        header_row=header_row,
        kind=kind,
        source=source,
        sheet=sheet,
        other_sheets=other_sheets,
        encoding=encoding,
        delimiter=delimiter,
        repeated=repeated,
    )


def plain_text(text: str) -> str:
    """A cell's text without control characters (line breaks and tabs stay), line breaks all alike."""
    if text.isprintable():
        return text
    return CONTROL_CHARACTERS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def is_blank(raw: RawRow) -> bool:
    return not any(cell and not cell.isspace() for cell in raw.cells)


def _find_header(first: Sequence[RawRow]) -> tuple[int, bool]:
    """Index of the header among the first rows, skipping titles: rows much narrower than the table itself."""
    usual = statistics.median(_filled(raw) for raw in first)
    at = next((at for at, raw in enumerate(first) if _filled(raw) >= 0.6 * usual), 0)
    return at, not any(LOOKS_LIKE_DATA.match(cell) for cell in first[at].cells)


def _filled(raw: RawRow) -> int:
    return sum(1 for cell in raw.cells if cell.strip())


def _used_width(raw: RawRow) -> int:
    return max(at for at, cell in enumerate(raw.cells, 1) if cell.strip())


def _name_columns(names: Sequence[str], width: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    headers: list[str] = []
    repeated: dict[str, None] = {}
    for number in range(1, width + 1):
        name = " ".join(names[number - 1].split()) if number <= len(names) else ""
        name = name or _("Column %(number)d") % {"number": number}
        if name in headers:
            repeated[name] = None
            name = next(other for copy in range(2, width + 2) if (other := f"{name} ({copy})") not in headers)
        headers.append(name)
    return tuple(headers), tuple(repeated)


def _count_rows(source: Callable[[], Iterator[RawRow]], *, after: int, limits: Limits) -> int:
    count = 0
    for raw in source():
        if raw.number <= after or is_blank(raw):
            continue
        count += 1
        if count > limits.rows:
            raise Invalid(
                "upload_too_many_rows",
                _("The file has more than %(limit)d rows. Split it into smaller files.") % {"limit": limits.rows},
            )
        if len(raw.cells) > limits.columns and _used_width(raw) > limits.columns:
            raise Invalid(
                "upload_too_many_columns",
                _("Row %(row)d has more than %(limit)d columns. Check that this is the right file.")
                % {"row": raw.number, "limit": limits.columns},
            )
        if any(len(cell) > limits.cell_characters for cell in raw.cells):
            raise Invalid(
                "upload_cell_too_long",
                ngettext(
                    "A cell in row %(row)d holds more than %(limit)d character. Shorten it.",
                    "A cell in row %(row)d holds more than %(limit)d characters. Shorten it.",
                    limits.cell_characters,
                )
                % {"row": raw.number, "limit": limits.cell_characters},
            )
    if not count:
        raise Invalid("upload_header_only", _("The file has a header row but no data below it."))
    return count
