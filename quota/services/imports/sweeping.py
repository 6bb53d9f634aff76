"""What a lost message, a killed worker or the passing of time left behind (run every minute by beat)."""

from __future__ import annotations

from datetime import timedelta

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from partner_console import jobs
from quota import tasks
from quota.models.imports import WAITING, WORKING, AccountImport, ImportState
from quota.services.imports.ending import finish

MOST_ATTEMPTS = 5
# A batch takes a second or two; reading a large workbook is a worker's longest silence.
SILENT_FOR = timedelta(minutes=3)
WAITING_FOR = timedelta(minutes=1)
KEEP_FOR = timedelta(days=30)
BATCH = 100
BEFORE: dict[str, str] = {ImportState.CHECKING: ImportState.CHECK_QUEUED, ImportState.RUNNING: ImportState.QUEUED}


def sweep_imports() -> None:
    """Take over from dead workers, wake what waits, remove files that are old. Safe to run at any time, twice."""
    recover_silent()
    wake_waiting()
    forget_old()


def recover_silent() -> None:
    """Imports whose worker fell silent wait again, at the place reached; cancelled ones end, hopeless ones fail."""
    jobs.recover_silent(
        AccountImport,
        before=BEFORE,
        silent_for=SILENT_FOR,
        is_hopeless=lambda job: job.attempts >= MOST_ATTEMPTS,
        finish=lambda job, state, error: finish(job, ImportState(state), error=error),
    )


@transaction.atomic
def wake_waiting() -> None:
    """Send a message again for imports that wait without one having been answered."""
    now = timezone.now()
    waiting = (
        AccountImport.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(state__in=WAITING)
        .annotate(since=Greatest(Coalesce(F("started_at"), F("created_at")), F("heartbeat_at")))
    )
    recovered = waiting.filter(attempts__gt=0, heartbeat_at=None)
    for job in [*recovered.order_by("pk")[:BATCH], *waiting.filter(since__lt=now - WAITING_FOR).order_by("pk")[:BATCH]]:
        job.heartbeat_at = now
        job.save(update_fields=["heartbeat_at"])
        tasks.run_import.delay_on_commit(job.pk)


def forget_old() -> None:
    """Close what nobody went on with and delete the files of old imports; their verdicts and outcomes stay."""
    old = AccountImport.objects.filter(created_at__lt=timezone.now() - KEEP_FOR)
    _close_abandoned()
    for job in old.exclude(file="").exclude(state__in=(*WAITING, *WORKING)).order_by("pk")[:BATCH]:
        default_storage.delete(str(job.file.name))
        job.file = ""
        job.save(update_fields=["file"])


@transaction.atomic
def _close_abandoned() -> None:
    open_ones = AccountImport.objects.select_for_update(skip_locked=True, of=("self",)).select_related("partner")
    abandoned = open_ones.filter(
        created_at__lt=timezone.now() - KEEP_FOR, state__in=(ImportState.UPLOADED, ImportState.CHECKED)
    )
    for job in abandoned.order_by("pk")[:BATCH]:
        finish(job, ImportState.CANCELLED)
