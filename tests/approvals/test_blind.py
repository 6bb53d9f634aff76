"""A blind entry compared: where it differs, never what is right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_console.approvals.blind import is_same, marks

ANSWER = "1792155717328010"


@pytest.mark.parametrize(
    "typed",
    [
        "1792155717328010",
        " 1792 1557 1732 8010 ",
        "1792-1557-1732-8010",
        "１７９２１５５７１７３２８０１０",
        "1792155717\u200b328010",
    ],
)
def test_what_copying_adds_is_no_difference(typed: str) -> None:
    assert is_same(typed, ANSWER)


@pytest.mark.parametrize(("typed", "answer"), [("IT@Acorn.example ", "it@acorn.example")])
def test_letters_differ_in_nothing_but_case(typed: str, answer: str) -> None:
    assert is_same(typed, answer)


def test_a_sign_is_no_dash() -> None:
    assert not is_same("-500", "500")
    assert not is_same("it-1@x.example", "it1@x.example")


def shown(typed: str) -> str:
    """Wrong places in brackets, a gap as one dot."""
    return "".join("[.]" if m.is_gap else f"[{m.text}]" if m.is_wrong else m.text for m in marks(typed, ANSWER))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("1792155717328011", "179215571732801[1]"),
        ("179215571732801", "179215571732801[.]"),
        ("17921557173280100", "1792155717328010[0]"),
        ("1792155", "1792155[.]"),
    ],
)
def test_the_differing_places_are_marked(typed: str, expected: str) -> None:
    assert shown(typed) == expected


@given(st.text(alphabet="0123456789", min_size=1, max_size=20))
def test_marks_spell_what_was_typed_and_nothing_else(typed: str) -> None:
    found = marks(typed, ANSWER)
    assert "".join(mark.text for mark in found) == typed
    assert is_same(typed, ANSWER) == (not any(mark.is_wrong for mark in found))
