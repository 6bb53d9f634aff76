"""How a phase or a whole batch ends: the outcome is written once, with its counts and its trace in the trail."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from linking.models.batch import GOING, BatchRow, BatchState, LinkBatch, RowOutcome
from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.jobs import count_rows as count_job_rows
from partner_console.jobs import still_ours

# A run has begun, whether it sends just now or waits until mail is welcome again.
UNDER_WAY = (BatchState.QUEUED, BatchState.RUNNING, BatchState.PACED)


@transaction.atomic
def end(batch: LinkBatch, state: BatchState, *, error: str = "") -> bool:
    """Write the outcome of the present phase if the batch is still this worker's; says whether it was."""
    current = still_ours(batch)
    if current is None:
        return False
    if current.cancel_requested:
        state, error = BatchState.CANCELLED, ""
    finish(current, state, error=error)
    return True


def finish(batch: LinkBatch, state: BatchState, *, error: str = "") -> None:
    """Set the outcome of a locked batch, in the caller's transaction. Rows the run did not reach are said to be so."""
    was_under_way = batch.state in UNDER_WAY
    before = batch.audit_state()
    if was_under_way and state != BatchState.DONE:
        left = BatchRow.objects.filter(batch=batch, verdict__in=GOING, outcome=RowOutcome.WAITING)
        left.update(outcome=RowOutcome.FAILED, reason=_("It was stopped before this row."), fix="")
    batch.state, batch.error, batch.heartbeat_at, batch.next_at = state, error, None, None
    batch.counts = count_rows(batch)
    if state != BatchState.CHECKED:
        batch.finished_at = timezone.now()
    batch.save(update_fields=["state", "error", "counts", "heartbeat_at", "next_at", "finished_at"])
    if was_under_way:
        worker = system_actor("link batches", partner=batch.partner)
        record(worker, Action.LINK_BATCH_FINISHED, batch, before=before, note=error)


def count_rows(batch: LinkBatch) -> dict[str, int]:
    """How many rows of each verdict, and of each outcome among those that go."""
    return count_job_rows(BatchRow.objects.filter(batch=batch), GOING)
