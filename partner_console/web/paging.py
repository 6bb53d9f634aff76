"""One page of a keyset list: its rows, their numbers, what lies before and after, and how many match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from django.conf import settings
from django.db.models import Model

from partner_console.web.keyset import Mark, Order, bare, capped_count

if TYPE_CHECKING:
    from django.db.models import QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[M]):
    """`first` and `last` number the rows shown (0 without rows). `total` is capped; `before` and `after` are None at
    the ends."""

    rows: list[M]
    first: int
    last: int
    total: int
    is_capped: bool
    before: Mark | None
    after: Mark | None


def mark_of(order: Order[M], row: M, number: int) -> Mark:
    return Mark(order.sort.value(row), row.pk, number)


def read_page(
    rows: QuerySet[M],
    order: Order[M],
    *,
    mark: Mark | None,
    size: int,
    is_backwards: bool,
    pinned: list[M],
    counted: QuerySet[M] | None = None,
) -> Page[M]:
    """The page after (or before) the mark; without one the first, with the pinned rows above it.

    One query for the rows, and for the count what `capped_count` asks; nothing when the first page holds everything.
    `counted` has as many rows in a form that is cheaper to count; with pinned rows the list itself is counted.
    """
    if pinned:
        counted = None
        rows = rows.exclude(pk__in=[row.pk for row in pinned])
    found = order.read(rows, mark, size + 1, is_backwards=is_backwards)
    if mark and not found:  # what this link led to is gone: begin again
        mark, is_backwards = None, False
        found = order.read(rows, None, size + 1)
    is_more = len(found) > size
    found = found[-size:] if is_backwards else found[:size]
    has_before = is_more if is_backwards else mark is not None
    has_after = is_backwards or is_more
    if mark is None or not has_before:
        first = 1
    else:
        first = max(mark.number - len(found) if is_backwards else mark.number + 1, 1)
    last = first + len(found) - 1
    cap = settings.LIST_COUNT_CAP
    total = (
        last
        if mark is None and not has_after
        else max(capped_count(bare(rows) if counted is None else counted, cap), last)
    )
    n_pinned = len(pinned)
    return Page(
        rows=(pinned if mark is None else []) + found,
        first=first if found or pinned else 0,
        last=last + (n_pinned if mark is None else 0),
        total=min(total + n_pinned, cap),
        is_capped=total + n_pinned > cap,
        before=mark_of(order, found[0], first) if has_before and found else None,
        after=mark_of(order, found[-1], last) if has_after and found else None,
    )
