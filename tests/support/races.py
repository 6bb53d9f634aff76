"""Threads that start together, each with a database connection of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable


def run_together(times: int, work: Callable[[int], object]) -> list[Exception | None]:
    """`work(0)` … `work(times - 1)`, released at the same moment; what each raised, or None."""
    start = threading.Barrier(times, timeout=30)

    def one(number: int) -> Exception | None:
        try:
            start.wait()
            work(number)
        except Exception as error:  # noqa: BLE001 whatever it was is the test's to judge
            return error
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))
