"""One slip away from a known id: nothing missed, nothing invented, one query for a batch."""

import csv
from collections.abc import Iterable
from pathlib import Path

import pytest
import python_calamine
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from uids.identifiers import recognise
from uids.lookalikes import (
    Difference,
    Slip,
    batch_lookalikes,
    difference,
    first_difference,
    lookalike_candidates,
    lookalikes,
    neighbours,
    trace_back,
)

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

digits = st.text(alphabet="0123456789", min_size=1, max_size=8)
uids = st.from_regex(r"[1-9][0-9]{15}", fullmatch=True)


@given(digits)
def test_neighbours_are_exactly_the_ids_at_one_slip(uid: str) -> None:
    found = list(neighbours(uid))

    assert len(found) == len(set(found))
    assert all(OSA.distance(uid, other) == 1 for other in found)


@given(st.lists(st.sampled_from("0123"), min_size=1, max_size=3).map("".join))
def test_no_neighbour_is_missed(uid: str) -> None:
    everything = [f"{number:0{length}}" for length in range(1, 5) for number in range(10**length)]

    assert set(neighbours(uid)) == {other for other in everything if OSA.distance(uid, other) == 1}


@given(uids, st.data())
def test_being_a_slip_apart_is_mutual_and_explained(uid: str, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from(sorted(neighbours(uid))))
    found = difference(uid, other)

    assert uid in set(neighbours(other))
    assert found.slip not in {Slip.NONE, Slip.SEVERAL}
    assert first_difference(uid, other) == min((*found.left, *found.right))


def test_differences_point_at_the_digits() -> None:
    assert difference("5188919941255608", "5188919941256508") == Difference(Slip.SWAPPED, (12, 13), (12, 13))
    assert difference("123", "123") == Difference(Slip.NONE)
    assert difference("1233", "1243") == Difference(Slip.REPLACED, (2,), (2,))
    assert difference("1223", "123") == Difference(Slip.ADDED, (2,), ())
    assert difference("123", "1293") == Difference(Slip.MISSING, (), (2,))
    assert difference("12345", "92349") == Difference(Slip.SEVERAL, (0, 4), (0, 4))
    assert difference("12345", "345678").slip is Slip.SEVERAL
    assert first_difference("123", "123") is None


def test_a_store_is_asked_once_and_answers_lead_back() -> None:
    asked: list[list[str]] = []
    known = {"1000000000000001", "2000000000000002"}

    def find(candidates: list[str]) -> Iterable[str]:
        asked.append(candidates)
        return known.intersection(candidates)

    typed = ["1000000000000091", "3000000000000003", "200000000000002", "1000000000000001"]
    found = batch_lookalikes(typed, find)

    assert found == {"1000000000000091": ["1000000000000001"], "200000000000002": ["2000000000000002"]}
    assert len(asked) == 1
    assert lookalikes("1000000000000091", known) == lookalikes("1000000000000091", find) == ["1000000000000001"]


def test_a_large_batch_is_cut_into_chunks_with_the_same_answer() -> None:
    typed = ["1000000000000002", "1000000000000003"]
    known = {"1000000000000001"}

    assert batch_lookalikes(typed, known.intersection, chunk_size=7) == batch_lookalikes(typed, known.intersection)


def test_known_lengths_cut_the_candidates() -> None:
    assert {len(one) for one in lookalike_candidates(["1792156717328013"], lengths={16})} == {16}
    assert len(set(lookalike_candidates(["1792156717328013"], lengths={16}))) == 159


@given(st.lists(uids, max_size=6), st.lists(uids, max_size=3))
def test_tracing_back_finds_what_a_table_of_origins_would(typed: list[str], known: list[str]) -> None:
    known = known + [next(neighbours(uid)) for uid in typed[:2]]

    expected = {uid: sorted(set(known).intersection(neighbours(uid))) for uid in typed}

    assert trace_back(typed, known) == {uid: found for uid, found in expected.items() if found}


@pytest.fixture(scope="module")
def linked() -> list[str]:
    sheet = python_calamine.load_workbook(str(SHARED_DATA / "acpn-uid-list.xlsx")).get_sheet_by_index(0)
    return [str(row[0]) for row in sheet.to_python()[1:]]


def test_the_onboarding_sheet_against_the_linked_list(linked: list[str]) -> None:
    with (SHARED_DATA / "crm-onboarding.csv").open(encoding="utf-8-sig", newline="") as sheet:
        rows = list(csv.DictReader(sheet))
    typed = {row["CRM ref"]: recognise(row["Customer account"]).uid for row in rows}
    known = frozenset(linked)
    new = [uid for uid in typed.values() if uid and uid not in known]

    found = batch_lookalikes(new, known.intersection)

    for row in rows:
        uid = typed[row["CRM ref"]]
        assert (uid in known) == (row["expected"] == "refuse: already linked"), row
        assert (uid in found) == (row["expected"] == "warn: lookalike of a linked UID"), row
