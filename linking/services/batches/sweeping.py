"""What a lost message, a killed worker or the passing of time left behind (run every 30 seconds by beat)."""

from __future__ import annotations

from datetime import timedelta

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from linking import tasks
from linking.models import BatchRow, LinkBatch
from linking.models.batch import FINAL, WAITING, WORKING, BatchState
from linking.services.batches.ending import finish

logger = structlog.get_logger(__name__)

MOST_INTERRUPTIONS = 5
SILENT_FOR = timedelta(minutes=3)  # a dry run's longest silence is some ten seconds
ABANDONED_AFTER = timedelta(days=7)
CELLS_KEPT_FOR = timedelta(days=30)
BATCH = 100
BEFORE = {BatchState.CHECKING: BatchState.CHECK_QUEUED, BatchState.RUNNING: BatchState.QUEUED}


def sweep_batches() -> None:
    """Take over from dead workers, wake what waits and is due, close what nobody went on with. Safe at any time."""
    recover_silent()
    wake_waiting()
    forget_old()


@transaction.atomic
def recover_silent() -> None:
    """Batches whose worker fell silent wait again, at the row reached; cancelled ones end, hopeless ones fail."""
    silent = (
        LinkBatch.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("partner", "user")
        .filter(state__in=WORKING, heartbeat_at__lt=timezone.now() - SILENT_FOR)
    )
    for batch in silent.order_by("pk")[:BATCH]:
        batch.interruptions += 1
        batch.save(update_fields=["interruptions"])
        with translation.override(batch.language):
            if batch.cancel_requested:
                finish(batch, BatchState.CANCELLED)
            elif batch.interruptions >= MOST_INTERRUPTIONS:
                finish(batch, BatchState.FAILED, error=_("It was interrupted again and again. Start it once more."))
            else:
                batch.state, batch.heartbeat_at = BEFORE[BatchState(batch.state)], None
                batch.save(update_fields=["state", "heartbeat_at"])
        logger.info("batch recovered", batch=batch.pk, state=batch.state)


def wake_waiting() -> None:
    """Send a message for every batch that waits and is due; whoever claims it first has it."""
    now = timezone.now()
    due = LinkBatch.objects.filter(Q(next_at__isnull=True) | Q(next_at__lte=now), state__in=WAITING)
    for pk in due.order_by("pk").values_list("pk", flat=True)[:BATCH]:
        tasks.run_batch.delay(pk)


def forget_old() -> None:
    """Close what was never started and empty the cells of old rows; verdicts and outcomes stay."""
    now = timezone.now()
    _close_abandoned()
    old = BatchRow.objects.filter(batch__state__in=FINAL, batch__created_at__lt=now - CELLS_KEPT_FOR)
    pks = list(old.exclude(cells=[]).order_by("pk").values_list("pk", flat=True)[: BATCH * BATCH])
    if pks:
        BatchRow.objects.filter(pk__in=pks).update(cells=[], lost_digits=[])


@transaction.atomic
def _close_abandoned() -> None:
    open_ones = LinkBatch.objects.select_for_update(skip_locked=True, of=("self",)).select_related("partner", "user")
    abandoned = open_ones.filter(
        created_at__lt=timezone.now() - ABANDONED_AFTER, state__in=(BatchState.UPLOADED, BatchState.CHECKED)
    )
    for batch in abandoned.order_by("pk")[:BATCH]:
        finish(batch, BatchState.CANCELLED)
