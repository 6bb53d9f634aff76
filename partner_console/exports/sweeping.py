"""What a lost message, a killed worker or the passing of time left behind (run every minute by beat)."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import structlog
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from . import tasks
from .models import ExportJob, Failure, JobState
from .running import stored_name

logger = structlog.get_logger(__name__)

MOST_ATTEMPTS = 3
# A worker reports every few seconds while it reads; storing a large workbook is its longest silence.
SILENT_FOR = timedelta(minutes=3)
WAITING_FOR = timedelta(minutes=1)
BATCH = 100


def sweep_jobs() -> None:
    """Wake what waits, take over from dead workers, remove files whose time is over. Safe to run at any time, twice."""
    recover_silent()
    wake_waiting()
    expire_old()


@transaction.atomic
def recover_silent() -> None:
    """Jobs whose worker fell silent wait again; after MOST_ATTEMPTS they fail; cancelled ones are cancelled."""
    silent = ExportJob.objects.select_for_update(skip_locked=True).filter(
        state=JobState.RUNNING, heartbeat_at__lt=timezone.now() - SILENT_FOR
    )
    for job in silent.order_by("pk")[:BATCH]:
        if job.cancel_requested:
            job.state, job.finished_at = JobState.CANCELLED, timezone.now()
        elif job.attempts >= MOST_ATTEMPTS:
            job.state, job.finished_at, job.error = JobState.FAILED, timezone.now(), Failure.INTERRUPTED
        else:
            job.state, job.heartbeat_at = JobState.QUEUED, None
        # A file stored just before the worker died is known by its name, and goes with the attempt.
        job.save(update_fields=["state", "finished_at", "error", "heartbeat_at"])
        transaction.on_commit(partial(default_storage.delete, stored_name(job)), robust=True)
        logger.info("export recovered", export=job.pk, state=job.state)


@transaction.atomic
def wake_waiting() -> None:
    """Send a message again for jobs that wait without one having been answered."""
    now = timezone.now()
    waiting = (
        ExportJob.objects.select_for_update(skip_locked=True)
        .annotate(since=Coalesce(F("heartbeat_at"), F("created_at")))
        .filter(state=JobState.QUEUED)
        .filter(Q(attempts__gt=0, heartbeat_at=None) | Q(since__lt=now - WAITING_FOR))
    )
    for job in waiting.order_by("pk")[:BATCH]:
        job.heartbeat_at = now
        job.save(update_fields=["heartbeat_at"])
        tasks.run_export.delay_on_commit(job.pk)


def expire_old() -> None:
    """Mark jobs whose keeping time is over, then delete their files; a crash in between is made up for next time."""
    _mark_expired()
    for job in ExportJob.objects.filter(state=JobState.EXPIRED).exclude(file="").order_by("pk")[:BATCH]:
        default_storage.delete(job.file.name)
        job.file = ""
        job.save(update_fields=["file"])


@transaction.atomic
def _mark_expired() -> None:
    over = ExportJob.objects.select_for_update(skip_locked=True).filter(
        state=JobState.DONE, expires_at__lt=timezone.now()
    )
    for job in over.order_by("pk")[:BATCH]:
        job.state = JobState.EXPIRED
        job.save(update_fields=["state"])
