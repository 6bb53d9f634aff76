"""A long row of things, a bounded number at a time."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


def batched(things: Iterable[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size`, in order, read as they are asked for. (Python 3.12 has it in `itertools`.)"""
    rest = iter(things)
    while batch := list(islice(rest, size)):
        yield batch
