"""Workbooks are reopened and compared cell by cell: exact values, text that stays text, an honest cover sheet."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import python_calamine
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from partner_console.exports import sheets
from partner_console.exports.cells import Kind, zone_label
from partner_console.exports.workbook import Cover, Written, write_workbook
from partner_console.web.uploads import read_upload

BEIJING = timezone(timedelta(hours=8))
MADE_AT = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Column:
    label: str
    kind: Kind


COLUMNS = (
    Column("UID", Kind.ID),
    Column("Nickname", Kind.TEXT),
    Column("Quota", Kind.MONEY),
    Column("Undeducted", Kind.CONSUMPTION),
    Column("Linked", Kind.TIME),
    Column("Sub-accounts", Kind.WHOLE),
    Column("Threshold", Kind.PERCENT),
    Column("Certified", Kind.YES_NO),
)
ROW = (
    "1792155717328010",
    "富士見 S.A.",
    Decimal("-1234.50"),
    Decimal("2.013283"),
    datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    7,
    Decimal("12.5"),
    True,
)


def write(path: Path, rows: list[tuple[Any, ...]], columns: tuple[Column, ...] = COLUMNS, **cover: Any) -> Written:
    made = Cover(title="Linked User ID", made_by="finance@acme.example", made_at=MADE_AT, **cover)
    return write_workbook(path, cover=made, columns=columns, rows=rows, zone=BEIJING)


def text_column(values: list[str]) -> list[tuple[Any, ...]]:
    return [(value,) for value in values]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.xlsx"


def test_every_kind_comes_back_exact_and_formatted(path: Path) -> None:
    write(path, [ROW, (None,) * len(COLUMNS)])

    sheet = openpyxl.load_workbook(path)["Linked User ID"]
    headers, row = sheet.iter_rows()

    assert [cell.value for cell in headers] == [
        "UID",
        "Nickname",
        "Quota",
        "Undeducted",
        "Linked (UTC+8)",
        "Sub-accounts",
        "Threshold (%)",
        "Certified",
    ]
    assert [(cell.value, cell.data_type, cell.number_format) for cell in row] == [
        ("1792155717328010", "s", "@"),
        ("富士見 S.A.", "s", "@"),
        (-1234.5, "n", "#,##0.00"),
        (2.013283, "n", "#,##0.000000"),
        (datetime.fromisoformat("2026-01-02T11:04:05"), "d", "yyyy-mm-dd hh:mm:ss"),
        (7, "n", "#,##0"),
        (12.5, "n", "General"),
        ("Yes", "s", "@"),
    ]


def test_another_reader_sees_the_same(path: Path) -> None:
    write(path, [ROW])

    book = python_calamine.load_workbook(str(path))

    assert book.get_sheet_by_name("Linked User ID").to_python()[1] == [
        "1792155717328010",
        "富士見 S.A.",
        -1234.5,
        2.013283,
        datetime.fromisoformat("2026-01-02T11:04:05"),
        7.0,
        12.5,
        "Yes",
    ]


FORMULA_LOOKING = [
    "=1+1",
    '=HYPERLINK("http://evil.example","click")',
    "-10% discount agreed",
    "+65 6123 4567",
    "@finance",
    "\t=1+1",
    "#N/A",
    "#REF!",
    "<b>VIP</b>",
    "A & B &lt; C ]]></t></is>",
    '"quoted" <!-- and -->',
    "0012",
    "1792155717328010",
    "1.79E+15",
    "2026-01-02",
    "TRUE",
    "'quoted",
    " spaces kept ",
    "line\nbreak",
    "old\rbreak\r\n",
]


def test_text_stays_text_whatever_it_looks_like(path: Path) -> None:
    write(path, text_column(FORMULA_LOOKING), (Column("Remarks", Kind.TEXT),))

    sheet = openpyxl.load_workbook(path)["Linked User ID"]
    cells = [row[0] for row in sheet.iter_rows(min_row=2)]

    assert [cell.value for cell in cells] == FORMULA_LOOKING
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("s", "@")}


def test_control_characters_go_and_escape_lookalikes_stay(path: Path) -> None:
    write(path, text_column(["a\x00b\x1b\x0bc\ud800\ufffe", "_x0041_ and _x000D_"]), (Column("Remarks", Kind.TEXT),))

    book = python_calamine.load_workbook(str(path))

    assert book.get_sheet_by_name("Linked User ID").to_python()[1:] == [["abc"], ["_x0041_ and _x000D_"]]


plain = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=20)


@settings(max_examples=30)
@given(values=st.lists(plain.filter(str.strip), min_size=1, max_size=20))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, values: list[str]) -> None:
    path = tmp_path_factory.mktemp("text") / "export.xlsx"
    write(path, text_column(values), (Column("Remarks", Kind.TEXT),))

    read = python_calamine.load_workbook(str(path)).get_sheet_by_name("Linked User ID").to_python()

    assert [row[0] for row in read[1:]] == values


@settings(max_examples=50)
@given(amounts=st.lists(st.decimals(min_value=-(10**13), max_value=10**13, places=6), min_size=1, max_size=20))
def test_any_amount_comes_back_exact(tmp_path_factory: pytest.TempPathFactory, amounts: list[Decimal]) -> None:
    path = tmp_path_factory.mktemp("money") / "export.xlsx"
    write(path, [(amount,) for amount in amounts], (Column("Consumed", Kind.CONSUMPTION),))

    sheet = openpyxl.load_workbook(path)["Linked User ID"]

    assert [Decimal(str(row[0].value)) for row in sheet.iter_rows(min_row=2)] == amounts


def test_money_beyond_15_digits_is_text_on_the_right(path: Path) -> None:
    write(path, [(Decimal("12345678901234567.89"),), (Decimal("1234567890123.45"),)], (Column("Quota", Kind.MONEY),))

    long, short = [row[0] for row in openpyxl.load_workbook(path)["Linked User ID"].iter_rows(min_row=2)]

    assert (long.value, long.data_type, long.alignment.horizontal) == ("12345678901234567.89", "s", "right")
    assert (short.value, short.data_type) == (1234567890123.45, "n")


def test_floats_and_times_without_zone_are_refused(path: Path) -> None:
    with pytest.raises(TypeError, match="float"):
        write(path, [(1.5,)], (Column("Quota", Kind.MONEY),))
    with pytest.raises(TypeError, match="zone"):
        write(path, [(datetime.fromisoformat("2026-01-02"),)], (Column("Linked", Kind.TIME),))
    assert not path.exists()


def test_the_cover_sheet_comes_first_and_tells_the_truth(path: Path) -> None:
    written = write(
        path,
        [ROW, ROW],
        filter_text="PAYG status: frozen\n=1+1",
        details=(("Partner", "Acme Cloud"),),
    )

    book = openpyxl.load_workbook(path)
    lines = {row[0].value: row[1].value for row in book.worksheets[0].iter_rows(max_col=2)}

    assert book.sheetnames == ["About this file", "Linked User ID"]
    assert lines["Made by"] == "finance@acme.example"
    assert lines["Made at"] == "2026-11-22 13:30:00 (UTC+8)"
    assert lines["Partner"] == "Acme Cloud"
    assert lines["Filter"] == "PAYG status: frozen\n=1+1"
    assert lines["Rows"] == "2"
    assert lines["Columns"].startswith("UID, Nickname, Quota")
    assert lines["SHA-256 of the rows"] == written.sha256
    assert "no digit is lost" in lines["UIDs"]
    assert written.n_rows == 2
    row = "1792155717328010\t富士見 S.A.\t-1234.50\t2.013283\t2026-01-02 11:04:05\t7\t12.5\tYes\n"
    assert written.sha256 == hashlib.sha256((row * 2).encode()).hexdigest()


def test_the_header_is_frozen_and_filterable_and_columns_are_wide_enough(path: Path) -> None:
    write(path, [ROW, ROW])

    sheet = openpyxl.load_workbook(path)["Linked User ID"]

    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:H3")
    assert sheet.column_dimensions["A"].width >= 20
    assert sheet["A1"].font.bold


def test_an_export_without_rows_is_a_header(path: Path) -> None:
    assert write(path, []).n_rows == 0

    sheet = openpyxl.load_workbook(path)["Linked User ID"]
    assert (sheet.max_row, sheet.auto_filter.ref) == (1, "A1:H1")
    assert write(path, []).sha256 == hashlib.sha256().hexdigest()


def test_more_rows_than_a_sheet_holds_go_on_on_the_next(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partner_console.exports.workbook.MOST_ROWS", 2)
    monkeypatch.setattr(sheets, "MOST_ROWS", 2)

    written = write(path, text_column(["a", "b", "c", "d", "e"]), (Column("Remarks", Kind.TEXT),))

    book = openpyxl.load_workbook(path)
    assert book.sheetnames[1:] == ["Linked User ID", "Linked User ID (2)", "Linked User ID (3)"]
    assert [[row[0] for row in sheet.values] for sheet in book.worksheets[1:]] == [
        ["Remarks", "a", "b"],
        ["Remarks", "c", "d"],
        ["Remarks", "e"],
    ]
    assert written.n_rows == 5


def test_progress_is_told_and_may_stop_the_writing(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told: list[int] = []
    cover = Cover(title="Linked User ID", made_by="x", made_at=MADE_AT)
    options: dict[str, Any] = {"cover": cover, "columns": (Column("N", Kind.WHOLE),), "zone": UTC}

    write_workbook(path, rows=((n,) for n in range(2500)), progress=told.append, **options)
    assert told == [1000, 2000, 2500]
    path.unlink()

    def cancel(n_rows: int) -> None:
        raise InterruptedError(n_rows)

    with pytest.raises(InterruptedError):
        write_workbook(path, rows=((n,) for n in range(2500)), progress=cancel, **options)
    assert list(tmp_path.iterdir()) == []


def test_rows_are_taken_one_by_one(path: Path) -> None:
    taken: list[int] = []

    def rows() -> Iterator[tuple[int]]:
        for n in range(3000):
            taken.append(n)
            yield (n,)

    def check(n_rows: int) -> None:
        assert len(taken) == n_rows

    cover = Cover(title="x", made_by="x", made_at=MADE_AT)
    write_workbook(path, cover=cover, columns=(Column("N", Kind.WHOLE),), rows=rows(), zone=UTC, progress=check)


def test_words_are_in_the_active_language(path: Path) -> None:
    with translation.override("en"):
        write(path, [ROW])

    assert openpyxl.load_workbook(path).sheetnames[0] == "About this file"


def test_awkward_titles_make_valid_sheets(path: Path) -> None:
    cover = Cover(title="Accounts [all]: a/b*c? " + "x" * 40, made_by="x", made_at=MADE_AT)
    write_workbook(path, cover=cover, columns=COLUMNS, rows=[ROW], zone=UTC)

    assert openpyxl.load_workbook(path).sheetnames[1] == "Accounts all a b c xxxxxxxxxxxx"


def test_what_we_export_our_import_reads_exactly(path: Path) -> None:
    write(path, [ROW])

    table = read_upload(path, sheet="Linked User ID")

    assert [row.cells for row in table.rows] == [
        ("1792155717328010", "富士見 S.A.", "-1234.5", "2.013283", "2026-01-02 11:04:05", "7", "12.5", "Yes")
    ]


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        (UTC, "UTC"),
        (BEIJING, "UTC+8"),
        (ZoneInfo("Asia/Shanghai"), "UTC+8"),
        (ZoneInfo("Asia/Kolkata"), "UTC+5:30"),
        (timezone(timedelta(hours=-3)), "UTC-3"),
        (ZoneInfo("Europe/Berlin"), "Europe/Berlin, UTC+1/UTC+2"),
    ],
)
def test_zones_are_named_with_their_offset(zone: Any, label: str) -> None:
    assert zone_label(zone) == label
