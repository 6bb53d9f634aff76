"""The clock of the benchmarks: work done, not time gone by, so that a busy machine hardly changes a ratio."""

from __future__ import annotations

import time
from pathlib import Path

from django.db import connection


class Clock:
    """Seconds of processor time of this process and of its database session; where the kernel does not tell the
    session's (not Linux, or a database elsewhere), the seconds of the wall.

    The session does all its work itself from now on: that of PostgreSQL's parallel workers would go uncounted.
    """

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET max_parallel_workers_per_gather = 0")
            cursor.execute("SELECT pg_backend_pid()")
            session = Path(f"/proc/{cursor.fetchone()[0]}")
        is_ours = session.is_dir() and (session / "comm").read_text().startswith("postgres")
        self.session = session / "schedstat" if is_ours else None

    def __call__(self) -> float:
        if self.session is None:
            return time.perf_counter()
        return time.process_time() + int(self.session.read_text().split()[0]) / 1e9
