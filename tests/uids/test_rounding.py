"""Batches a spreadsheet rounded are stopped, honest ones are not."""

import csv
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uids.identifiers import recognise
from uids.rounding import rounded_batch

SHARED_DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def column(name: str, header: str) -> list[str]:
    with (SHARED_DATA / name).open(encoding="utf-8-sig", newline="") as sheet:
        return [recognise(row[header]).uid for row in csv.DictReader(sheet)]


def scattered_ids(size: int) -> list[str]:
    """Ids whose last digits are spread evenly, the same ones in every run."""
    return [str(10**15 + int.from_bytes(sha256(str(at).encode()).digest()[:6])) for at in range(size)]


def test_the_rounded_sheet_is_caught_and_explained() -> None:
    suspicion = rounded_batch(column("crm-rounded.csv", "Customer account"))

    assert suspicion is not None
    assert (suspicion.long_ids, suspicion.ending_in_zero) == (8, 8)
    assert suspicion.text.startswith("8 of 8 UIDs with more than 15 digits end in 0")
    assert "as text" in suspicion.text


def test_the_honest_sheet_passes() -> None:
    assert rounded_batch(column("crm-onboarding.csv", "Customer account")) is None


@given(st.lists(st.integers(10**14, 10**15 - 1), min_size=5, max_size=200, unique=True))
def test_any_five_rounded_ids_are_caught(stems: list[int]) -> None:
    assert rounded_batch(f"{stem}0" for stem in stems) is not None


@pytest.mark.parametrize("size", [20, 500, 20_000])
def test_random_ids_pass(size: int) -> None:
    assert rounded_batch(scattered_ids(size)) is None


def test_a_batch_rounded_in_part_is_caught() -> None:
    whole, rounded = scattered_ids(2000)[:1500], scattered_ids(2000)[1500:]

    assert rounded_batch(whole + [f"{uid[:15]}0" for uid in rounded]) is not None


def test_short_ids_repeats_and_handfuls_prove_nothing() -> None:
    assert rounded_batch(["1792155717328010"] * 50) is None
    assert rounded_batch([f"{number}0" for number in range(100, 150)]) is None
    assert rounded_batch([f"179215571732{number}0" for number in range(100, 104)]) is None
    assert rounded_batch([]) is None
