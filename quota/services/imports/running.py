"""The worker's side of an import: claim, work batch by batch, end.

Both phases walk the file in the same way: first the rows without a master, then the sub-accounts, 500 rows at a
time. Each batch is one transaction that holds the job's row and writes the place reached together with the batch's
own rows. So a redelivered message finds nothing to claim, a killed worker's successor goes on at the next batch, and
a cancelled import ends between two batches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from partner_console import jobs
from partner_console.access.policy import Permission, require
from partner_console.batched import batched
from quota.models.imports import AccountImport, ImportState
from quota.services.imports import phases
from quota.services.imports.ending import end, settle_cancelled
from quota.services.imports.reading import read_stored
from quota.services.imports.rows import RowReader

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from partner_console.web.uploads import Table

BATCH = 500
COMMAND = "import_uids"
NEXT_STATE: dict[str, str] = {ImportState.CHECK_QUEUED: ImportState.CHECKING, ImportState.QUEUED: ImportState.RUNNING}
WORDS: dict[type[Exception], Promise] = {
    jobs.TOO_LONG: gettext_lazy("It took too long. Split the file and import the parts."),
    OSError: gettext_lazy("The uploaded file could not be read from the storage. Upload it again."),
}


class _Stopped(Exception):
    """The import was cancelled, or another worker has taken it over."""


def run_import(*, job_pk: int) -> None:
    """Do the phase a job waits for. One that is not waiting (redelivered, cancelled, unknown) is left alone.

    The actor and their permission are rebuilt now.
    """
    job = jobs.claim(AccountImport, job_pk, NEXT_STATE)
    if job is None:
        return
    with jobs.ending_in_words(job, lambda error: end(job, ImportState.FAILED, error=error), words=WORDS):
        try:
            _work(job)
        except _Stopped:
            settle_cancelled(job)


def _work(job: AccountImport) -> None:
    actor = jobs.actor_of(job, command=COMMAND)
    require(actor, Permission.UID_IMPORT)
    table = read_stored(job)
    reader = RowReader(
        partner=job.partner, headers=table.headers, columns=job.columns, is_text_file=table.kind != "xlsx"
    )
    is_run = job.state == ImportState.RUNNING
    phase = phases.Phase(actor, job, reader, is_run=is_run)
    if job.at_pass == 1:
        _walk(phase, table)
        _turn_to_sub_accounts(phase)
    if not is_run and (suspicion := phases.rounding(actor, job)):
        end(job, ImportState.FAILED, error=suspicion.text)
        return
    if job.n_done < job.n_rows:
        _walk(phase, table)
    if not is_run:
        phases.finish_check(phase, beat=lambda: _beat(job))
    end(job, ImportState.DONE if is_run else ImportState.CHECKED)


def _walk(phase: phases.Phase, table: Table) -> None:
    """The rows of the present pass from the place reached on, in batches."""
    rows = (row for row in table.rows if row.number > phase.job.at_row)
    for batch in batched(rows, BATCH):
        with transaction.atomic():
            current = _hold(phase.job)
            handled = phase.handle(batch)
            note_place(phase.job, current, n_done=phase.job.n_done + handled, at_row=batch[-1].number)


def _turn_to_sub_accounts(phase: phases.Phase) -> None:
    with transaction.atomic():
        note_place(phase.job, _hold(phase.job), at_pass=2, at_row=0)


def _beat(job: AccountImport) -> None:
    with transaction.atomic():
        note_place(job, _hold(job))


def _hold(job: AccountImport) -> AccountImport:
    """The job's row, locked, as long as it is still this worker's."""
    current: AccountImport | None = (
        AccountImport.objects.select_for_update()
        .filter(pk=job.pk, state=job.state, attempts=job.attempts, cancel_requested=False)
        .first()
    )
    if current is None:
        raise _Stopped
    return current


def note_place(job: AccountImport, current: AccountImport, **place: int) -> None:
    current.heartbeat_at = timezone.now()
    for name, value in place.items():
        setattr(current, name, value)
    current.save(update_fields=["heartbeat_at", *place])
    for name, value in place.items():
        setattr(job, name, value)
