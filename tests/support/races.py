"""Threads that start together, each with a database connection of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from django.db import connection, connections, transaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


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


def run_behind(rows: QuerySet[Any], times: int, work: Callable[[int], object]) -> list[Exception | None]:
    """The same, but these rows are let go only when every one waits for them: each has seen what was there before any
    of them wrote."""
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            list(rows.select_for_update())
            together = pool.submit(run_together, times, work)
            waiting = 0
            while waiting < times and not together.done():
                cursor.execute("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)")  # it is one snapshot a transaction
                cursor.execute(_WAITING)
                waiting = cursor.fetchone()[0]
        return together.result()
