"""The clock of the benchmarks: work done, not time gone by, so that a busy machine hardly changes a ratio."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Clock:
    """Seconds of processor time of this process and of its database session; where the kernel does not tell the
    session's (not Linux, or a database elsewhere), the seconds of the wall.

    The session does all its work itself from now on: that of PostgreSQL's parallel workers would go uncounted. Whoever
    measures what a person waits takes `with_helpers`.
    """

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
            cursor.execute("SELECT pg_backend_pid()")
            session = Path(f"/proc/{cursor.fetchone()[0]}")
        is_ours = session.is_dir() and (session / "comm").read_text().startswith("postgres")
        self.session = session / "schedstat" if is_ours else None

    @contextmanager
    def with_helpers(self) -> Iterator[Callable[[], float]]:
        """The clock on the wall, while PostgreSQL may share a query among workers as it would for anybody."""
        with connection.cursor() as cursor:
            cursor.execute("RESET max_parallel_workers_per_gather")
            yield time.perf_counter
            cursor.execute("SET max_parallel_workers_per_gather = 0")

    def __call__(self) -> float:
        if self.session is None:
            return time.perf_counter()
        return time.process_time() + int(self.session.read_text().split()[0]) / 1e9
