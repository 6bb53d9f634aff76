"""Ids as typed, pasted and imported: cleaning, kinds, verdict texts, against the shared onboarding sheets."""

import csv
import unicodedata
from pathlib import Path

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from uids.identifiers import Kind, clean, recognise
from uids.verdicts import REASON_ADVICE, REASON_TEXTS, Level, Reason, verdict

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
UID = "1792155717328013"

uids = st.from_regex(r"[1-9][0-9]{15}", fullmatch=True)
dirt = st.sampled_from(
    [" ", "\u00a0", "\u3000", "\u200b", "\ufeff", "-", "\u2010", "\u2013", "\u2014", "\u2212", "\t", ""]
)


def onboarding_rows() -> list[dict[str, str]]:
    with (SHARED_DATA / "crm-onboarding.csv").open(encoding="utf-8-sig", newline="") as sheet:
        return list(csv.DictReader(sheet))


def test_every_row_of_the_onboarding_sheet_gets_its_verdict() -> None:
    judged_by_the_id_alone = [row for row in onboarding_rows() if "linked" not in row["expected"]]

    for row in judged_by_the_id_alone:
        found = recognise(row["Customer account"])
        assert found.text == row["expected"], row
        assert found.uid == row["cleaned UID"] or found.level is Level.WARN, row
    assert len(judged_by_the_id_alone) == 66


def test_verdicts_that_need_the_database_have_the_sheets_words() -> None:
    assert verdict(Level.WARN, Reason.LOOKALIKE) == "warn: lookalike of a linked UID"
    assert verdict(Level.REFUSE, Reason.ALREADY_LINKED) == "refuse: already linked"


@pytest.mark.parametrize(
    "typed",
    [
        " 1792155717328013 ",
        "1792 1557 1732 8013",
        "1792-1557–1732—8013",
        "１７９２１５５７１７３２８０１３",
        "\u00a017921557\u200b17328013\ufeff",
        "１７９２　１５５７　１７３２　８０１３",
        "'1792155717328013",
        '"1792155717328013"',
        '="1792155717328013"',
        "“1792155717328013”",
        "UID: 1792155717328013",
        "账号ID：1792155717328013",
        "アカウントID　1792155717328013",
        "1792155717328013\r\n",
        "\u202a1792155717328013\u202c",
        "١٧٩٢١٥٥٧١٧٣٢٨٠١٣",
        "1792155717328013.0",
        "1,792,155,717,328,013",
        "1.792.155.717.328.013",
        "1.792155717328013E15",
    ],
)
def test_what_copying_adds_is_taken_away(typed: str) -> None:
    found = recognise(typed)

    assert (found.kind, found.uid, found.text) == (Kind.UID, UID, "ok")


@given(uid=uids, data=st.data())
def test_dirt_between_digits_never_changes_the_id(uid: str, data: st.DataObject) -> None:
    dirty = "".join(data.draw(dirt) + digit + data.draw(dirt) for digit in uid)
    full_width = "".join(chr(ord(char) + 0xFEE0) if char.isdigit() else char for char in dirty)

    assert clean(dirty) == clean(full_width) == uid
    assert recognise(dirty) == recognise(full_width) == recognise(uid)


@given(st.text())
def test_any_text_gets_a_verdict_and_only_digits_come_out(text: str) -> None:
    found = recognise(text)

    assert found.is_accepted == bool(found.uid)
    assert not found.uid or (found.uid.isascii() and found.uid.isdigit() and 1 <= len(found.uid) <= 20)
    assert clean(clean(text)) == clean(text) or not found.is_accepted
    assert found.text


@pytest.mark.parametrize(
    ("typed", "kind", "text"),
    [
        ("", Kind.EMPTY, "refuse: UID missing"),
        (" \u3000\u200b- ", Kind.EMPTY, "refuse: UID missing"),
        ("acorn-robotics", Kind.LOGIN_NAME, "refuse: login name, not a UID"),
        ("株式会社さくら", Kind.LOGIN_NAME, "refuse: login name, not a UID"),
        ("sa＠mail.example", Kind.EMAIL, "refuse: e-mail, not a UID"),
        ("488428979676", Kind.TWELVE_DIGITS, "warn: 12 digits, looks like another cloud's account id"),
        ("4884-2897-9676", Kind.TWELVE_DIGITS, "warn: 12 digits, looks like another cloud's account id"),
        ("CEE477F0760FBF93B4D83AAAB535D8F4", Kind.HEX, "refuse: hexadecimal id, not a UID"),
        ("12345678901234567890123456789012", Kind.HEX, "refuse: hexadecimal id, not a UID"),
        ("0x1f4a9c22", Kind.HEX, "refuse: hexadecimal id, not a UID"),
        ("cee477f0-760f-bf93-b4d8-3aaab535d8f4", Kind.GUID, "refuse: GUID, not a UID"),
        ("{12345678-1234-1234-1234-123456789012}", Kind.GUID, "refuse: GUID, not a UID"),
        ("1.79216E+15", Kind.SCIENTIFIC, "refuse: spreadsheet notation lost digits"),
        ("1,79216e15", Kind.SCIENTIFIC, "refuse: spreadsheet notation lost digits"),
        ("2E+15", Kind.SCIENTIFIC, "refuse: spreadsheet notation lost digits"),
        ("9007199254740993.0", Kind.SCIENTIFIC, "refuse: spreadsheet notation lost digits"),
        ("1792155717328010.0", Kind.UID, "warn: was stored as a number, the last digit may be lost"),
        ("17921557l73280I3", Kind.MISREAD_LETTERS, "refuse: letters in place of digits"),
        ("0000000000000000", Kind.ZERO, "refuse: zero, not a UID"),
        ("179215571732801", Kind.UID, "warn: unusual length, a UID has 16 digits"),
        ("0792155717328013", Kind.UID, "warn: starts with 0"),
        ("1" * 20, Kind.UID, "warn: unusual length, a UID has 16 digits"),
        ("1" * 21, Kind.TOO_LONG, "refuse: more than 20 digits, not a UID"),
        ("1" * 5000 + ".0", Kind.SCIENTIFIC, "refuse: spreadsheet notation lost digits"),
    ],
)
def test_kinds_are_told_apart(typed: str, kind: Kind, text: str) -> None:
    found = recognise(typed)

    assert (found.kind, found.text) == (kind, text)
    assert found.advice


@given(st.integers(min_value=10**15, max_value=10**18))
def test_a_number_that_lost_digits_never_becomes_an_id(original: int) -> None:
    through_a_spreadsheet = f"{original:.5E}"
    through_a_float = f"{float(original)}"

    assert recognise(through_a_spreadsheet).uid in {"", str(original)}
    assert recognise(through_a_float).uid in {"", str(original)}


def test_every_reason_has_words_and_advice() -> None:
    assert set(REASON_TEXTS) == set(REASON_ADVICE) == set(Reason)


def test_words_are_rendered_in_the_readers_language_not_at_import() -> None:
    found = recognise("acornrobotics")

    with translation.override("en"):
        english = found.text

    assert english == "refuse: login name, not a UID"
    assert unicodedata.is_normalized("NFC", english)
