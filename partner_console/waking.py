"""Wake a task after commit. The broker only wakes: what it loses, a sweep finds (design §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

if TYPE_CHECKING:
    from celery import Task


def after_commit(task: Task, *args: int | str) -> None:
    """Send `task(*args)` once the transaction is committed; when the broker is gone, log it and go on.

    A named function, because Django cannot name a partial in that log line and would raise after all.
    """

    def wake() -> None:
        task.delay(*args)

    transaction.on_commit(wake, robust=True)
