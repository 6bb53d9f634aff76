"""How a phase or a whole import ends: the outcome is written once, with its counts and its trace in the trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from quota.models.imports import COMING_IN, AccountImport, ImportRow, ImportState, RowVerdict

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def end(job: AccountImport, state: ImportState, *, error: str = "") -> bool:
    """Write the outcome of the present phase if the job is still this worker's; says whether it was."""
    current: AccountImport | None = (
        AccountImport.objects.select_for_update(of=("self",))
        .select_related("partner", "user")
        .filter(pk=job.pk, state=job.state, attempts=job.attempts)
        .first()
    )
    if current is None:
        return False
    if current.cancel_requested:
        state, error = ImportState.CANCELLED, ""
    finish(current, state, error=error)
    return True


@transaction.atomic
def settle_cancelled(job: AccountImport) -> None:
    """A cancelled import becomes final. One that another worker has taken over is left to it."""
    current = (
        AccountImport.objects.select_for_update(of=("self",))
        .select_related("partner", "user")
        .filter(pk=job.pk, state=job.state, attempts=job.attempts, cancel_requested=True)
        .first()
    )
    if current is not None:
        finish(current, ImportState.CANCELLED)


def finish(job: AccountImport, state: ImportState, *, error: str = "") -> None:
    """Set the outcome of a locked job, in the caller's transaction. Rows the run did not reach are said to be so."""
    was_running = job.state == ImportState.RUNNING
    before = job.audit_state()
    if was_running and state != ImportState.DONE:
        _leave_out(job)
    job.state, job.error, job.counts, job.heartbeat_at = state, error, count_verdicts(job), None
    if state != ImportState.CHECKED:
        job.finished_at = timezone.now()
    job.save(update_fields=["state", "error", "counts", "heartbeat_at", "finished_at"])
    if was_running:
        record(_worker(job), Action.IMPORT_FINISHED, job, before=before, note=error)


def count_verdicts(job: AccountImport) -> dict[str, int]:
    rows = ImportRow.objects.filter(job=job).values_list("verdict").annotate(n=Count("pk")).order_by()
    return dict(rows)


def _leave_out(job: AccountImport) -> None:
    """Rows that would have come in, beyond the place reached."""
    passed = Q(number__lte=job.at_row)
    reached = Q(master_uid="") & passed if job.at_pass == 1 else Q(master_uid="") | passed
    rows = ImportRow.objects.filter(job=job, verdict__in=COMING_IN)
    rows.exclude(reached).update(verdict=RowVerdict.LEFT_OUT, reason=_("The import was stopped before this row."))


def _worker(job: AccountImport) -> Actor:
    return system_actor("imports", partner=job.partner)
