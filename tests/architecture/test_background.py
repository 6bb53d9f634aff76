"""Beat's schedule and the routes name tasks and queues that exist: a typo there would only show as silence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from partner_console.celery import app

ROOT = Path(settings.BASE_DIR)
QUEUES = {settings.CELERY_TASK_DEFAULT_QUEUE, *(r["queue"] for r in settings.CELERY_TASK_ROUTES.values())}


@pytest.mark.parametrize("entry", settings.CELERY_BEAT_SCHEDULE.values(), ids=settings.CELERY_BEAT_SCHEDULE)
def test_beat_calls_a_task_that_exists(entry: dict[str, object]) -> None:
    app.loader.import_default_modules()

    assert entry["task"] in app.tasks


@pytest.mark.parametrize("place", ["partner_console/embedded/supervisor.py", "compose.yaml", "docs/operations.md"])
def test_workers_are_started_for_every_queue(place: str) -> None:
    listed = re.findall(r"[a-z]+(?:,[a-z]+){2,}", (ROOT / place).read_text(encoding="utf-8"))

    assert any(set(names.split(",")) >= QUEUES for names in listed)
