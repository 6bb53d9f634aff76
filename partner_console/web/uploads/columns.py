"""Guessing which column of an upload is which field, from headers in English, Chinese and Japanese."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import override
from rapidfuzz import fuzz

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

CUTOFF = 90.0
CLEAR_LEAD = 3.0  # a header nearly as close to another field is left for the person to decide
SHORTEST_FUZZY = 5
BRACKETED = re.compile(r"[(\[{【「〔<].*?[)\]}】」〕>]")
NOT_A_WORD = re.compile(r"[\W_]+")
CURRENCY = re.compile(r"[(（\[]\s*([A-Z]{3})\s*[)）\]]|\s([A-Z]{3})$")


@dataclass(frozen=True, slots=True)
class Field:
    """A field an import can fill and the headers it goes by, in any language."""

    key: str
    aliases: tuple[str, ...]


def in_every_language(label: "_StrPromise") -> list[str]:
    """The label as our own pages and files write it, so that they come in again in every language."""
    labels = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            labels.append(str(label))
    return list(dict.fromkeys(labels))


def currency_of(header: str) -> str:
    """The currency an amount column names, e.g. `Quota Amount (USD)`, `Credit line USD`; empty when it names none."""
    match = CURRENCY.search(header.strip())
    return next(filter(None, match.groups()), "") if match else ""


def guess_columns(headers: Sequence[str], fields: Sequence[Field]) -> dict[str, int]:
    """`{field key: column index}`; a field without a convincing column is absent, no column is used twice."""
    names = [_words(header) for header in headers]
    guessed: dict[str, int] = {}
    for field in fields:
        aliases = {_joined(_words(alias)) for alias in field.aliases}
        for at, name in enumerate(names):
            if _joined(name) in aliases and at not in guessed.values():
                guessed[field.key] = at
                break
    left = [at for at in range(len(headers)) if at not in guessed.values()]
    for at in left:
        key = _closest(names[at], fields)
        if key and key not in guessed:
            guessed[key] = at
    return guessed


def _closest(name: list[str], fields: Sequence[Field]) -> str | None:
    """The one field a misspelt header must mean, or None."""
    scores = {
        field.key: max((_likeness(name, _words(alias)) for alias in field.aliases), default=0.0) for field in fields
    }
    ranked = sorted(((score, key) for key, score in scores.items()), reverse=True)
    if not ranked or ranked[0][0] < CUTOFF:
        return None
    if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < CLEAR_LEAD:
        return None
    return ranked[0][1]


def _likeness(one: list[str], other: list[str]) -> float:
    if min(len(_joined(one)), len(_joined(other))) < SHORTEST_FUZZY or _opposites(one, other):
        return 0.0
    return fuzz.ratio(_joined(one), _joined(other))


def _opposites(one: list[str], other: list[str]) -> bool:
    """“Deducted” and “undeducted” are close in letters and opposite in meaning."""
    return any(f"un{word}" in other for word in one) or any(f"un{word}" in one for word in other)


def _words(header: str) -> list[str]:
    text = unicodedata.normalize("NFKC", header).casefold()
    without_unit = BRACKETED.sub(" ", text)
    return NOT_A_WORD.sub(" ", without_unit if without_unit.strip() else text).split()


def _joined(words: list[str]) -> str:
    return "".join(words)
