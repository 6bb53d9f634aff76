"""CSV exports: RFC 4180, harmless in a spreadsheet, exact."""

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_console.exports.cells import Kind
from partner_console.exports.delimited import csv_rows
from partner_console.web.uploads import read_upload
from uids.identifiers import recognise

BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Column:
    label: str
    kind: Kind


COLUMNS = (Column("UID", Kind.ID), Column("Remarks", Kind.TEXT), Column("Quota", Kind.MONEY), Column("At", Kind.TIME))


def written(rows: list[tuple[Any, ...]], columns: tuple[Column, ...] = COLUMNS, **options: Any) -> str:
    return "".join(csv_rows(columns, rows, zone=BEIJING, **options))


def test_rows_are_exact_with_a_mark_for_spreadsheets_and_the_zone_in_the_header() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    text = written([("1792155717328010", 'He said "hi", twice\nand left', Decimal("-1234.50"), at), (None,) * 4])

    assert text == (
        "\ufeffUID,Remarks,Quota,At (UTC+8)\r\n"
        '1792155717328010,"He said ""hi"", twice\nand left",-1234.50,2026-01-02 11:04:05\r\n'
        ",,,\r\n"
    )
    assert written([], with_mark=False) == "UID,Remarks,Quota,At (UTC+8)\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_text_a_spreadsheet_would_run_is_defused(start: str) -> None:
    [[cell]] = list(csv.reader(io.StringIO(written([(f"{start}1+1",)], COLUMNS[1:2], with_mark=False), newline="")))[1:]

    assert cell == f"'{start}1+1"


def test_ids_are_bare_for_programs_and_marked_as_text_for_spreadsheets() -> None:
    columns = COLUMNS[:1]

    assert written([("1792155717328010",)], columns, with_mark=False) == "UID\r\n1792155717328010\r\n"
    safe = written([("1792155717328010",), ("",)], columns, with_mark=False, id_safe=True)
    assert safe == 'UID\r\n\'1792155717328010\r\n""\r\n'
    assert recognise(safe.splitlines()[1]).uid == "1792155717328010"


def test_the_file_comes_in_pieces() -> None:
    pieces = list(csv_rows(COLUMNS[:1], ((str(10**15 + n),) for n in range(1200)), zone=UTC))

    assert [piece.count("\r\n") for piece in pieces] == [1, 500, 500, 200]


harmless = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1).filter(
    lambda text: text.strip() and text[0] not in "=+-@＝＋－＠"
)


@given(st.lists(st.tuples(st.from_regex(r"[1-9][0-9]{15}", fullmatch=True), harmless), min_size=1, max_size=10))
def test_what_we_export_our_import_reads_exactly(rows: list[tuple[str, str]]) -> None:
    table = read_upload(written([*rows], COLUMNS[:2]).encode())

    assert [row.cells for row in table.rows] == rows
