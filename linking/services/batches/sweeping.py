"""What a lost message, a killed worker or the passing of time left behind (run every 30 seconds by beat)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from linking import tasks
from linking.models import BatchRow, LinkBatch
from linking.models.batch import FINAL, WAITING, BatchState
from linking.services.batches.ending import finish
from partner_console import jobs

MOST_INTERRUPTIONS = 5
SILENT_FOR = timedelta(minutes=3)  # a dry run's longest silence is some ten seconds
ABANDONED_AFTER = timedelta(days=7)
CELLS_KEPT_FOR = timedelta(days=30)
BATCH = 100
BEFORE: dict[str, str] = {BatchState.CHECKING: BatchState.CHECK_QUEUED, BatchState.RUNNING: BatchState.QUEUED}


def sweep_batches() -> None:
    """Take over from dead workers, wake what waits and is due, close what nobody went on with. Safe at any time."""
    recover_silent()
    wake_waiting()
    forget_old()


def recover_silent() -> None:
    """Batches whose worker fell silent wait again, at the row reached; cancelled ones end, hopeless ones fail."""
    jobs.recover_silent(
        LinkBatch,
        before=BEFORE,
        silent_for=SILENT_FOR,
        is_hopeless=_is_hopeless,
        finish=lambda batch, state, error: finish(batch, BatchState(state), error=error),
    )


def _is_hopeless(batch: LinkBatch) -> bool:
    """Attempts do not count here: a batch that waits for its mails is claimed again and again."""
    batch.interruptions += 1
    batch.save(update_fields=["interruptions"])
    return batch.interruptions >= MOST_INTERRUPTIONS


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
