"""How a spec's `read` makes tuples of a queryset's rows: from their fields, or from the rows themselves.

Both keep memory constant. A list that may have very many rows reads fields: a model instance a row, and a choice's
label asked of each, cost more than writing the file (`make bench ONLY=export,ledger`).
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from django.db.models import Choices, QuerySet

    from partner_console.access.actor import Actor
    from partner_console.exports.registry import Column

CHUNK = 2_000  # rows in memory at a time


@dataclass(frozen=True, slots=True)
class Cell:
    """Which fields a cell is made from, and how (as they are, when nothing is said)."""

    paths: tuple[str, ...]
    make: Callable[..., Any] | None = None


def words(choices: type[Choices]) -> dict[Any, str]:
    """The labels by value in the active language, asked once and not for every row."""
    return {value: str(label) for value, label in choices.choices}


def read_fields(cells: Mapping[str, Cell], rows: QuerySet[Any], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """One tuple per row, of plain values straight from one statement: no model instances."""
    wanted = [cells[column.key] for column in columns]
    paths = list(dict.fromkeys(path for cell in wanted for path in cell.paths))
    makers = [_maker(cell, [paths.index(path) for path in cell.paths]) for cell in wanted]
    for values in rows.values_list(*paths).iterator(chunk_size=CHUNK):
        yield tuple([make(values) for make in makers])


def _maker(cell: Cell, places: list[int]) -> Callable[[tuple[Any, ...]], Any]:
    """What makes one cell from a row of values."""
    if cell.make is None:
        return itemgetter(places[0])
    make = cell.make
    if len(places) == 1:
        (place,) = places
        return lambda values: make(values[place])
    pick = itemgetter(*places)
    return lambda values: make(*pick(values))


def by_cells(
    cells: Mapping[str, Callable[[Any], Any]],
) -> Callable[[Actor, QuerySet[Any], Sequence[Column]], Iterator[tuple[Any, ...]]]:
    """A spec's `read` where every column is a function of the row, by its key."""

    def read(_actor: Actor, rows: QuerySet[Any], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
        wanted = [cells[column.key] for column in columns]
        for row in rows.iterator(chunk_size=CHUNK):
            yield tuple(cell(row) for cell in wanted)

    return read
