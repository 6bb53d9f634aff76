"""Comparing a blind second entry with the answer: where they differ, never what the answer is. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher

DASHES = frozenset("-‐‑‒–—―−﹣－")


@dataclass(frozen=True, slots=True)
class Mark:
    """One place of what was typed. `is_gap`: something is missing here; `text` is then empty."""

    text: str
    is_wrong: bool = False
    is_gap: bool = False


def plain(text: str) -> str:
    """Without what copying adds: spaces, invisible characters, wide forms; in ids of digits also dashes. Case-blind."""
    kept = [c for c in unicodedata.normalize("NFKC", text) if not c.isspace() and unicodedata.category(c) != "Cf"]
    without_dashes = "".join(c for c in kept if c not in DASHES)
    return without_dashes if without_dashes.isdecimal() and kept[:1] != ["-"] else "".join(kept).casefold()


def is_same(typed: str, answer: str) -> bool:
    return plain(typed) == plain(answer)


def marks(typed: str, answer: str) -> list[Mark]:
    """What was typed, place by place, with those that differ marked; one gap wherever the answer has more.

    How many places a gap stands for, and what belongs there, is not told.
    """
    left, right = plain(typed), plain(answer)
    found: list[Mark] = []
    for tag, start, end, _from, _to in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        found += [Mark(one, is_wrong=tag != "equal") for one in left[start:end]]
        if tag == "insert":
            found.append(Mark("", is_wrong=True, is_gap=True))
    return found
