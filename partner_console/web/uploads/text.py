"""CSV, TSV and pasted text: finding the encoding and the delimiter, then reading records as they stand."""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from django.utils.translation import gettext as _

from partner_console.errors import Invalid
from partner_console.web.uploads.table import Limits, RawRow, Table, build_table, plain_text

DELIMITERS = (",", ";", "\t")
ENCODINGS = (
    "utf-8",
    "utf-16",
    "gb18030",
    "cp932",
    "cp1252",
)  # what a person may choose when the guess is wrong
SCORED_CHARACTERS = 5_000
SNIFFED_RECORDS = 50
SEPARATOR_LINE = re.compile(r"^sep=(.)\r?\n", re.I)
HEAD = 200_000
CHUNK = 1 << 20
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
NOT_TEXT = (b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
MARKUP = re.compile(r"\s*<(?:!doctype|html|\?xml|table|meta|script)", re.I)


def read_text(content: bytes, *, limits: Limits, encoding: str = "", kind: str = "csv") -> Table:
    """Read the bytes of a text file. `encoding` overrides the guess. Raises `Invalid`."""
    if content.startswith(NOT_TEXT):
        raise _not_a_table()
    if encoding and encoding not in ENCODINGS:
        raise Invalid("upload_encoding", _("This encoding is not known."), field="encoding")
    codec = _codec(content, encoding)
    head = _head(content, codec)
    if MARKUP.match(head):
        raise _not_a_table()
    hint = SEPARATOR_LINE.match(head)
    delimiter = hint[1] if hint else _sniff_delimiter(head)

    def source() -> Iterator[RawRow]:
        # Decoded while reading: the whole text at once would take several times the file's size.
        stream = io.TextIOWrapper(io.BytesIO(content), encoding=codec, newline="")
        if hint:
            stream.readline()
        records = _records(csv.reader(stream, delimiter=delimiter))
        for number, cells in enumerate(records, 2 if hint else 1):
            yield RawRow(number, [plain_text(cell) for cell in cells])

    shown = "utf-16" if codec.startswith("utf-16") else codec.removesuffix("-sig")
    return build_table(source, limits=limits, kind=kind, encoding=shown, delimiter=delimiter)


def _records(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise _not_a_table() from error


def _codec(content: bytes, wanted: str) -> str:
    """The codec that reads all of the content. A byte order mark outranks a person's choice, as it cannot be wrong."""
    head = content[:HEAD]
    nulls = head.count(0)
    if mark := next((codec for mark, codec in MARKS if content.startswith(mark)), wanted):
        codec = mark
    elif nulls * 4 > len(head):
        codec = "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
    elif nulls:
        raise _not_a_table()
    else:
        return _guess(content)
    if not _decodes(content, codec):
        raise Invalid(
            "upload_encoding",
            _("The file cannot be read as %(encoding)s. Save it as CSV UTF-8 and try again.")
            % {"encoding": codec.removesuffix("-sig").upper()},
            field="encoding",
        )
    return codec


def _guess(content: bytes) -> str:
    """UTF-8 proves itself; the rest decode almost anything, so the likeliest reading wins."""
    if _decodes(content, "utf-8"):
        return "utf-8"
    likely = [
        (_likelihood(_head(content, codec), codec), codec)
        for codec in ("gb18030", "cp932", "cp1252")
        if _decodes(content, codec)
    ]
    if not likely:
        raise Invalid(
            "upload_encoding",
            _("The file's character encoding was not recognised. Save it as CSV UTF-8 and try again."),
            field="encoding",
        )
    return max(likely)[1]


def _decodes(content: bytes, codec: str) -> bool:
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for start in range(0, len(content), CHUNK):
            decoder.decode(content[start : start + CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _head(content: bytes, codec: str) -> str:
    """The first part of a text that is known to decode, not cut inside a character."""
    return codecs.getincrementaldecoder(codec)().decode(content[:HEAD])


def _likelihood(text: str, encoding: str) -> float:
    """How much the non-ASCII characters look like everyday text in that encoding, per character."""
    foreign = list(islice((at for at, char in enumerate(text) if not char.isascii()), SCORED_CHARACTERS))
    if not foreign:
        return 0.0
    common = {"gb18030": _common_in_chinese, "cp932": _common_in_japanese}.get(encoding)
    if common:
        return sum(1 if common(text[at]) else -2 for at in foreign) / len(foreign)
    lonely = {at for at in foreign if text[at - 1 : at].isascii() and text[at + 1 : at + 2].isascii()}
    return sum(1 if at in lonely and text[at].isalpha() else -2 for at in foreign) / len(foreign)


def _common_in_chinese(char: str) -> bool:
    try:
        return len(char.encode("gb2312")) == 2 and not "\u3040" <= char <= "\u30ff"
    except UnicodeEncodeError:
        return False


def _common_in_japanese(char: str) -> bool:
    if "\uff61" <= char <= "\uff9f":  # half-width kana: what Chinese text turns into
        return False
    try:
        code = char.encode("cp932")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and 0x81 <= code[0] <= 0x97 and unicodedata.category(char) != "Co"


def _sniff_delimiter(head: str) -> str:
    """The delimiter that cuts most records into the same number of columns, more columns preferred."""

    def score(delimiter: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
        counts = Counter(len(cells) for cells in islice(_records(reader), SNIFFED_RECORDS) if any(cells))
        if not counts:
            return 0.0, 0
        columns, agreeing = max(counts.items(), key=lambda item: (item[1], item[0]))
        return (agreeing / counts.total() if columns > 1 else 0.0), columns

    best = max(DELIMITERS, key=score)
    return best if score(best)[1] > 1 else ","


def _not_a_table() -> Invalid:
    return Invalid(
        "upload_not_a_table",
        _("This file is not a table. Upload an Excel workbook (.xlsx) or a CSV file."),
    )
