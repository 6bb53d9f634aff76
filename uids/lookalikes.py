"""Ids one slip of the finger apart from known ones, and where two ids differ. Pure: the caller queries.

A slip is one digit replaced, one neighbouring pair swapped, one digit added or one missing. Being a slip
apart is symmetric, so whatever the database finds among the candidates leads back to the typed ids without a
table of origins.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import islice

DIGITS = "0123456789"


def neighbours(uid: str) -> Iterator[str]:
    """Every other digit string one slip away, each once. About 320 for 16 digits."""
    seen = {uid, ""}
    for candidate in _slips(uid):
        if candidate not in seen:
            seen.add(candidate)
            yield candidate


def _slips(uid: str) -> Iterator[str]:
    for at in range(len(uid)):
        head, digit, tail = uid[:at], uid[at], uid[at + 1 :]
        for other in DIGITS:
            yield head + other + tail
            yield head + other + digit + tail
        yield head + tail
        if tail:
            yield head + tail[0] + digit + tail[1:]
    for other in DIGITS:
        yield uid + other


def lookalikes(uid: str, known: Callable[[list[str]], Iterable[str]] | Collection[str]) -> list[str]:
    """Known ids one slip away from `uid`, sorted. `known` is a collection, or says which candidates exist."""
    candidates = list(neighbours(uid))
    found = known(candidates) if callable(known) else (one for one in candidates if one in known)
    return sorted(set(found))


def lookalike_candidates(uids: Iterable[str], *, lengths: Collection[int] | None = None) -> Iterator[str]:
    """All neighbours of a batch for one `IN` query; a candidate shared by two ids may come twice.

    `lengths` are the lengths known ids have at all; naming them halves the work (159 per id, not about 320).
    """
    for uid in uids:
        for candidate in neighbours(uid):
            if lengths is None or len(candidate) in lengths:
                yield candidate


def trace_back(uids: Iterable[str], found: Iterable[str]) -> dict[str, list[str]]:
    """Lead found known ids back to the batch's ids they are a slip away from: `{typed: [known, …]}`."""
    typed = dict.fromkeys(uids)
    pairs: dict[str, list[str]] = {}
    for known in sorted(set(found)):
        for origin in neighbours(known):
            if origin in typed:
                pairs.setdefault(origin, []).append(known)
    return {uid: pairs[uid] for uid in typed if uid in pairs}


def batch_lookalikes(
    uids: Collection[str],
    find: Callable[[list[str]], Iterable[str]],
    *,
    lengths: Collection[int] | None = None,
    chunk_size: int = 1_000_000,
) -> dict[str, list[str]]:
    """Known ids one slip away from each of `uids`.

    `find` runs the `IN` query and returns the candidates that exist; with `lengths` given, one call serves
    5,000 ids.
    """
    candidates = lookalike_candidates(uids, lengths=lengths)
    found: set[str] = set()
    while chunk := list(islice(candidates, chunk_size)):
        found.update(find(chunk))
    return trace_back(uids, found)


class Slip(StrEnum):
    """How two ids differ."""

    NONE = "none"
    REPLACED = "replaced"
    SWAPPED = "swapped"
    ADDED = "added"
    MISSING = "missing"
    SEVERAL = "several"


@dataclass(frozen=True, slots=True)
class Difference:
    """Where `left` and `right` differ: positions from 0 to be marked when the two stand side by side."""

    slip: Slip
    left: tuple[int, ...] = ()
    right: tuple[int, ...] = ()


def difference(left: str, right: str) -> Difference:
    """Compare a typed id (`left`) with a known one (`right`): the kind of slip and the digits it concerns."""
    start = _shared_start(left, right)
    end = _shared_start(left[start:][::-1], right[start:][::-1])
    rest = (left[start : len(left) - end], right[start : len(right) - end])
    match len(rest[0]), len(rest[1]):
        case 0, 0:
            return Difference(Slip.NONE)
        case 1, 1:
            return Difference(Slip.REPLACED, (start,), (start,))
        case 1, 0:
            return Difference(Slip.ADDED, (start,))
        case 0, 1:
            return Difference(Slip.MISSING, (), (start,))
        case 2, 2 if rest[0] == rest[1][::-1]:
            return Difference(Slip.SWAPPED, (start, start + 1), (start, start + 1))
    return _several(left, right)


def first_difference(left: str, right: str) -> int | None:
    """Position (from 0) of the first digit that differs, None for equal ids."""
    return None if left == right else _shared_start(left, right)


def _several(left: str, right: str) -> Difference:
    if len(left) == len(right):
        positions = tuple(at for at, pair in enumerate(zip(left, right, strict=True)) if pair[0] != pair[1])
        return Difference(Slip.SEVERAL, positions, positions)
    blocks = SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
    same_left = {at for block in blocks for at in range(block.a, block.a + block.size)}
    same_right = {at for block in blocks for at in range(block.b, block.b + block.size)}
    return Difference(
        Slip.SEVERAL,
        tuple(at for at in range(len(left)) if at not in same_left),
        tuple(at for at in range(len(right)) if at not in same_right),
    )


def _shared_start(left: str, right: str) -> int:
    for at, (one, other) in enumerate(zip(left, right, strict=False)):
        if one != other:
            return at
    return min(len(left), len(right))
