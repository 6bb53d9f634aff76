"""A sweep against the one statement that would do its writing: the same rows come due for both, in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.clock import Clock

ROUNDS = 3


def against_floor(
    clock: Clock,
    *,
    cross: Callable[[], int],
    floor: Callable[[], None],
    sweep: Callable[[], None],
    ensure: Callable[[int], None],
    back: Callable[[], None],
) -> tuple[int, dict[str, float]]:
    """How many rows came due, and the best time of each; `ensure` raises unless all of them were dealt with."""
    took: dict[str, float] = {}
    n_due = 0
    for _round in range(ROUNDS):
        for name, call in (("floor", floor), ("sweep", sweep)):
            n_due = cross()
            begin = clock()
            call()
            spent = clock() - begin
            took[name] = min(took.get(name, spent), spent)
            ensure(n_due)
            back()
    return n_due, took


def say(n_due: int, took: dict[str, float], idle: float) -> None:
    print(
        f"  {n_due:,} due: floor {took['floor']:.2f} s, sweep {took['sweep']:.2f} s, idle {idle * 1000:.0f} ms",
        flush=True,
    )
