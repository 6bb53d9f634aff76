"""Uploaded and pasted tables come out exact, and what is no table is refused with the reason."""

import csv
import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_console.errors import Invalid
from partner_console.web.uploads import Limits, Table, read_pasted, read_upload

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def make_workbook(*rows: list[Any], **sheets: list[list[Any]]) -> bytes:
    """The bytes of a workbook: `rows` on the first sheet, then a sheet for each keyword."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, content in sheets.items():
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def refused(content: bytes, **options: Any) -> str:
    with pytest.raises(Invalid) as raised:
        read_upload(content, **options)
    assert str(raised.value)
    return raised.value.code


def outcome(content: bytes) -> str:
    """“read” for a table that keeps its word about its rows, else the code of the refusal."""
    try:
        table = read_upload(content)
    except Invalid as error:
        return error.code
    return "read" if len(cells(table)) == table.row_count else "miscounted"


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows]


def test_the_acpn_list_comes_out_exact() -> None:
    book = openpyxl.load_workbook(SHARED_DATA / "acpn-uid-list.xlsx")
    written = list(book.active.iter_rows(values_only=True))

    table = read_upload(SHARED_DATA / "acpn-uid-list.xlsx")

    assert table.headers == written[0]
    assert (table.row_count, table.header_row, table.sheet) == (2400, 1, "Customer UID List")
    for row, expected in zip(table.rows, written[1:], strict=True):
        threshold = str(int(expected[19]))
        assert row.cells == (*(value or "" for value in expected[:19]), threshold, expected[20] or "")
        assert not row.extra
        assert not row.lost_digits
    remarks = {row.cells[8] for row in table.rows}
    assert remarks >= {
        "-10% discount agreed",
        "@finance",
        "+65 6123 4567",
        "<b>VIP</b>",
        '=HYPERLINK("http://evil.example","click")',
        "前払い希望",
    }
    assert "-0.00" in {row.cells[16] for row in table.rows}
    assert "0.000000" in {row.cells[17] for row in table.rows}


@pytest.mark.parametrize("name", ["crm-onboarding.csv", "crm-rounded.csv"])
def test_the_crm_sheets_come_out_exact(name: str) -> None:
    with (SHARED_DATA / name).open(encoding="utf-8-sig", newline="") as sheet:
        written = list(csv.reader(sheet))

    table = read_upload(SHARED_DATA / name)

    assert list(table.headers) == written[0]
    assert [list(row) for row in cells(table)] == written[1:]
    assert (table.encoding, table.delimiter, table.kind) == ("utf-8", ",", "csv")


def test_workbook_values_become_the_text_a_person_would_write() -> None:
    content = make_workbook(
        ["whole", "decimal", "sum", "small", "large", "time", "day", "hour", "long", "yes", "text", "error"],
        [
            20.0,
            2653.01,
            0.1 + 0.2,
            1e-7,
            123456789012345,
            datetime.fromisoformat("2026-01-02T03:04:05"),
            date(2026, 1, 2),
            time(3, 4),
            timedelta(hours=30),
            True,
            " line\none\ttwo ",
            "#N/A",
        ],
    )

    [row] = read_upload(content).rows

    assert row.cells == (
        "20",
        "2653.01",
        "0.3",
        "0.0000001",
        "123456789012345",
        "2026-01-02 03:04:05",
        "2026-01-02",
        "03:04:00",
        "30:00:00",
        "TRUE",
        " line\none\ttwo ",
        "#N/A",
    )


@pytest.mark.parametrize(
    ("value", "text", "lost"),
    [
        (1792155717328013, "1792155717328013", False),
        (1792155717328010, "1792155717328010", True),
        (9876543210987654, "9876543210987654", True),
        (17921557173280135, "17921557173280140", True),
        (999999999999990, "999999999999990", False),
        ("1792155717328010", "1792155717328010", False),
    ],
)
def test_numbers_that_may_have_lost_digits_are_marked(value: Any, text: str, *, lost: bool) -> None:
    [row] = read_upload(make_workbook(["Company", "UID"], ["Acorn", value])).rows

    assert row.cells[1] == text
    assert row.lost_digits == (frozenset({1}) if lost else frozenset())


def test_formulas_are_text_wherever_they_stand() -> None:
    content = make_workbook(
        ["UID", "Remarks"],
        ["1792155717328013", "=1+1"],
        ["1792155717328014", None, "=cmd|' /C calc'!A0"],
        ["=A2"],
    )

    table = read_upload(content)

    assert cells(table) == [("1792155717328013", "=1+1"), ("1792155717328014", ""), ("=A2", "")]
    assert [row.extra for row in table.rows] == [(), ("=cmd|' /C calc'!A0",), ()]


def test_the_first_visible_sheet_with_content_is_read() -> None:
    book = openpyxl.Workbook()
    book.active.title = "empty"
    for title in ("hidden", "data", "more"):
        book.create_sheet(title).append(["UID", title])
        book[title].append(["1792155717328013", title])
    book["hidden"].sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)

    table = read_upload(stream)

    assert (table.sheet, table.other_sheets) == ("data", ("empty", "more"))
    assert cells(read_upload(stream, sheet="more")) == [("1792155717328013", "more")]
    assert refused(stream.getvalue(), sheet="hidden") == "upload_no_sheet"


def test_titles_and_blank_rows_above_the_header_are_skipped_and_numbers_stay_the_sheets() -> None:
    content = make_workbook(
        [],
        [None, "Customer list"],
        [None, "as of 2026-01-02"],
        [],
        [None, "UID", "Company", "Quota (USD)"],
        [None, "1792155717328013", "Acorn", "12.00"],
        [],
        [None, "1792155717328014", "Opal", None],
    )

    table = read_upload(content)

    assert table.headers == ("Column 1", "UID", "Company", "Quota (USD)")
    assert [(row.number, row.cells[1:]) for row in table.rows] == [
        (6, ("1792155717328013", "Acorn", "12.00")),
        (8, ("1792155717328014", "Opal", "")),
    ]


def test_repeated_and_missing_headers_get_names_of_their_own() -> None:
    table = read_upload(b"UID,Note,Note,,Note\n1792155717328013,a,b,c,d\n")

    assert table.headers == ("UID", "Note", "Note (2)", "Column 4", "Note (3)")
    assert table.repeated == ("Note",)


def test_ragged_rows_are_filled_and_what_is_too_much_is_shown() -> None:
    table = read_upload(b"UID,Company,Country\n1792155717328013\n1792155717328014,Acorn, Inc.,SG,\n")

    assert [(row.cells, row.extra) for row in table.rows] == [
        (("1792155717328013", "", ""), ()),
        (("1792155717328014", "Acorn", " Inc."), ("SG",)),
    ]


JAPANESE = "会社名,UID\n株式会社さくら,1792155717328013\nみずほ電装システム,1792155717328014\n"
JAPANESE_KANJI_ONLY = "会社名,担当者\n日本電気工業,山田太郎\n東京製作所,鈴木一郎\n"
CHINESE = "公司名称,账号ID\n北辰网络科技有限公司,1792155717328013\n海纳,1792155717328014\n"
WESTERN = "Company,Owner\nSöderberg Energy,José Peña\nMüller & Söhne,Ana\n"


@pytest.mark.parametrize(
    ("text", "encoding", "seen"),
    [
        (JAPANESE, "utf-8", "utf-8"),
        (JAPANESE, "utf-8-sig", "utf-8"),
        (JAPANESE, "utf-16", "utf-16"),
        (JAPANESE, "utf-16-le", "utf-16"),
        (JAPANESE, "cp932", "cp932"),
        (JAPANESE_KANJI_ONLY, "cp932", "cp932"),
        (CHINESE, "gb18030", "gb18030"),
        (CHINESE, "utf-8", "utf-8"),
        (WESTERN, "cp1252", "cp1252"),
        ("Company,UID\nAcorn,1792155717328013\n", "ascii", "utf-8"),
    ],
)
def test_encodings_are_told_apart(text: str, encoding: str, seen: str) -> None:
    table = read_upload(text.encode(encoding))

    assert [list(table.headers), *(list(row) for row in cells(table))] == list(csv.reader(text.splitlines()))
    assert table.encoding == seen


def test_a_wrong_guess_can_be_corrected() -> None:
    content = "名称,备注\n北辰,甲\n".encode("gb18030")

    assert read_upload(content, encoding="gb18030").headers == ("名称", "备注")
    assert refused(content, encoding="utf-8") == "upload_encoding"
    assert refused(content, encoding="base64") == "upload_encoding"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_found_despite_commas_in_the_text(delimiter: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    rows = [["UID", "Company", "Remarks"], *([f"179215571732801{n}", "A, B; C", "x,\ny"] for n in range(5))]
    writer.writerows(rows)

    table = read_upload(stream.getvalue().encode())

    assert [list(table.headers), *(list(row) for row in cells(table))] == rows
    assert table.delimiter == delimiter


def test_the_separator_line_of_spreadsheets_is_honoured() -> None:
    table = read_upload(b"sep=;\r\nUID;Company\r\n1792155717328013;Acorn, Inc.\r\n")

    assert [(row.number, row.cells) for row in table.rows] == [(3, ("1792155717328013", "Acorn, Inc."))]


def test_a_pasted_list_without_header_is_a_table_of_one_column() -> None:
    table = read_pasted("1792155717328013\n1792 1557 1732 8014\n\n１７９２１５５７１７３２８０１５\n")

    assert (table.headers, table.header_row) == (("Column 1",), 0)
    assert [(row.number, row.cells[0]) for row in table.rows] == [
        (1, "1792155717328013"),
        (2, "1792 1557 1732 8014"),
        (4, "１７９２１５５７１７３２８０１５"),
    ]


def test_cells_pasted_from_a_spreadsheet_keep_their_columns() -> None:
    table = read_pasted("UID\tCompany\tE-mail\n1792155717328013\tAcorn\tit@acorn.example\n")

    assert table.headers == ("UID", "Company", "E-mail")
    assert cells(table) == [("1792155717328013", "Acorn", "it@acorn.example")]


def test_control_characters_go_and_line_breaks_stay() -> None:
    table = read_upload('UID,Remarks\n1792155717328013,"a\x07b\x1b\x9f\r\nc\td"\n'.encode())

    assert cells(table) == [("1792155717328013", "ab\nc\td")]


def test_rows_can_be_walked_through_again() -> None:
    table = read_upload(b"UID,Company\n1792155717328013,Acorn\n")

    assert cells(table) == cells(table)
    assert [row.cells for row in table.sample(1)] == cells(table)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "upload_empty"),
        (b"\xef\xbb\xbf", "upload_empty"),
        (b" \n,,\n", "upload_empty"),
        (b"UID,Company\n", "upload_header_only"),
        (b"%PDF-1.7 ...", "upload_not_a_table"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "upload_not_a_table"),
        (b"abc\x00def,1\n", "upload_not_a_table"),
        (b"<html><table><tr><td>UID</td></tr></table></html>", "upload_not_a_table"),
        (b"PK\x03\x04 not really a zip", "upload_damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "upload_old_format"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "upload_password",
        ),
        (b"UID,Company\n1792155717328013,\x81\xff\xff\x80\n", "upload_encoding"),
    ],
)
def test_what_is_no_usable_table_is_refused_with_the_reason(content: bytes, code: str) -> None:
    assert refused(content) == code


def test_empty_and_header_only_workbooks_are_refused() -> None:
    assert refused(make_workbook()) == "upload_empty"
    assert refused(make_workbook(["UID", "Company"])) == "upload_header_only"


def make_zip(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return stream.getvalue()


def test_other_archives_and_damaged_workbooks_are_refused() -> None:
    whole = make_workbook(["UID"], ["1792155717328013"])

    assert refused(make_zip(**{"word/document.xml": b"<x/>"})) == "upload_not_a_table"
    assert refused(make_zip(**{"xl/workbook.xml": b"<x/>"})) == "upload_damaged"
    assert refused(whole[: len(whole) // 2]) == "upload_damaged"
    for at in range(0, len(whole), 97):
        broken = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        assert outcome(broken).startswith(("read", "upload_"))


def test_a_zip_bomb_stops_at_the_limit_even_when_it_lies_about_its_size() -> None:
    bomb = make_zip(**{"xl/workbook.xml": b"<x/>", "xl/media/image1.png": bytes(5_000_000)})
    limits = Limits(unpacked_size=1_000_000)

    assert len(bomb) < 10_000
    assert refused(bomb, limits=limits) == "upload_too_large"
    assert refused(bomb.replace((5_000_000).to_bytes(4, "little"), (50).to_bytes(4, "little")), limits=limits) in {
        "upload_too_large",
        "upload_damaged",
    }


def test_limits_are_named_in_the_refusal() -> None:
    content = b"UID,Company\n1792155717328013,Acorn\n1792155717328014,Opal\n"

    assert refused(content, limits=Limits(file_size=20)) == "upload_too_large"
    assert refused(content, limits=Limits(rows=1)) == "upload_too_many_rows"
    assert refused(content, limits=Limits(columns=1)) == "upload_too_many_columns"
    assert refused(content, limits=Limits(cell_characters=4)) == "upload_cell_too_long"
    assert read_upload(content, limits=Limits(rows=2, columns=2)).row_count == 2


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert outcome(content).startswith(("read", "upload_"))


plain = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=12)


@given(st.lists(st.tuples(st.from_regex(r"[1-9][0-9]{15}", fullmatch=True), plain, plain), min_size=1, max_size=8))
def test_what_is_written_is_what_is_read(rows: list[tuple[str, str, str]]) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([("UID", "Company", "Remarks"), *rows])

    assert cells(read_upload(make_workbook(["UID", "Company", "Remarks"], *map(list, rows)))) == rows
    assert cells(read_upload(stream.getvalue().encode())) == rows
