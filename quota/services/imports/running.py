"""The worker's side of an import: claim, work batch by batch, end.

Both phases walk the file in the same way: first the rows without a master, then the sub-accounts, 500 rows at a
time. Each batch is one transaction that holds the job's row and writes the place reached together with the batch's
own rows. So a redelivered message finds nothing to claim, a killed worker's successor goes on at the next batch, and
a cancelled import ends between two batches.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from partner_console.access.actor import actor_for_membership, system_actor
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import memberships_of
from partner_console.errors import DomainError, Forbidden
from quota.models.imports import AccountImport, ImportState
from quota.services.imports import phases
from quota.services.imports.ending import end, settle_cancelled
from quota.services.imports.reading import read_stored
from quota.services.imports.rows import RowReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from partner_console.access.actor import Actor
    from partner_console.web.uploads import Row, Table

logger = structlog.get_logger(__name__)

BATCH = 500
NEXT_STATE = {ImportState.CHECK_QUEUED: ImportState.CHECKING, ImportState.QUEUED: ImportState.RUNNING}


class _Stopped(Exception):
    """The import was cancelled, or another worker has taken it over."""


def run_import(*, job_pk: int) -> None:
    """Do the phase a job waits for. One that is not waiting (redelivered, cancelled, unknown) is left alone.

    The actor and their permission are rebuilt now. When the database goes away the job stays as it is and
    `sweeping.sweep_imports` gives it to another worker; every other failure ends it, in words.
    """
    job = _claim(job_pk)
    if job is None:
        return
    log = logger.bind(job=job.pk, state=job.state, attempt=job.attempts)
    with translation.override(job.language):
        try:
            _work(job)
        except _Stopped:
            settle_cancelled(job)
            log.info("import stopped")
        except (OperationalError, InterfaceError) as error:
            log.warning("import interrupted", error=type(error).__name__)
        except (DomainError, SoftTimeLimitExceeded, OSError) as error:
            end(job, ImportState.FAILED, error=_failure(error))
            log.warning("import failed", error=type(error).__name__)
        except Exception:
            end(job, ImportState.FAILED, error=_("Something unexpected went wrong. Your operator finds it in the log."))
            raise


@transaction.atomic
def _claim(job_pk: int) -> AccountImport | None:
    waiting = AccountImport.objects.select_for_update(skip_locked=True, of=("self",)).select_related("partner")
    job: AccountImport | None = waiting.filter(pk=job_pk, state__in=NEXT_STATE).first()
    if job is None:
        return None
    job.state = NEXT_STATE[ImportState(job.state)]
    job.heartbeat_at = timezone.now()
    job.started_at = job.started_at or job.heartbeat_at
    job.attempts += 1
    job.save(update_fields=["state", "heartbeat_at", "started_at", "attempts"])
    return job


def actor_of(job: AccountImport) -> Actor:
    """The member who uploaded it, as they are now; the command's own actor for its jobs. Raises `Forbidden`."""
    if job.user_id is None:
        return system_actor("import_uids", partner=job.partner)
    for membership in memberships_of(job.user_id):
        if membership.partner_id == job.partner_id:
            return actor_for_membership(membership)
    raise Forbidden("not_a_member", _("Whoever uploaded this file is no longer a member."))


def _work(job: AccountImport) -> None:
    actor = actor_of(job)
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
    for batch in _batches(rows):
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


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _failure(error: Exception) -> str:
    if isinstance(error, SoftTimeLimitExceeded):
        return _("It took too long. Split the file and import the parts.")
    if isinstance(error, OSError):
        return _("The uploaded file could not be read from the storage. Upload it again.")
    return str(error)
