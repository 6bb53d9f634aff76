"""Making an export's file: claim the job, write outside any lock, store, then say it is done (style §12).

Claim and outcome are two short transactions. The rows in between are read in one read-only repeatable-read transaction,
so the file is one moment's truth; progress goes over a connection of its own, which others see at once.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from partner_console.access.actor import actor_for_membership
from partner_console.access.selectors import memberships_of
from partner_console.errors import DomainError, Forbidden, Invalid

from .models import ExportJob, Failure, JobState
from .writing import write_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)


class _Stopped(Exception):
    """The job was cancelled, or another worker has taken it over."""


def run_export(*, job_pk: int, in_background: bool = True) -> None:
    """Write the file of a waiting job. A job that is not waiting (redelivered, cancelled, unknown) is left alone.

    The actor, their permission and their scope are rebuilt now, from the membership. Ends the job as done, failed or
    cancelled. When the database goes away it stays as it is and `sweeping.sweep_jobs` gives it to another worker.
    """
    job = _claim(job_pk)
    if job is None:
        return
    log = logger.bind(export=job.pk, attempt=job.attempts)
    try:
        _make(job, in_background=in_background)
    except _Stopped:
        _settle_stop(job)
        log.info("export stopped")
    except (OperationalError, InterfaceError) as error:
        log.warning("export interrupted", error=type(error).__name__)
    except (DomainError, SoftTimeLimitExceeded, OSError) as error:
        _end(job, JobState.FAILED, error=_failure(error))
        log.warning("export failed", error=type(error).__name__)
    except Exception:
        _end(job, JobState.FAILED, error=Failure.UNEXPECTED)
        raise


@transaction.atomic
def _claim(job_pk: int) -> ExportJob | None:
    job = ExportJob.objects.select_for_update(skip_locked=True).filter(pk=job_pk, state=JobState.QUEUED).first()
    if job is None:
        return None
    job.state = JobState.RUNNING
    job.started_at = job.heartbeat_at = timezone.now()
    job.attempts += 1
    job.n_done = 0
    job.save(update_fields=["state", "started_at", "heartbeat_at", "attempts", "n_done"])
    return job  # type: ignore[no-any-return]


def _make(job: ExportJob, *, in_background: bool) -> None:
    actor = _actor_of(job)
    with tempfile.TemporaryDirectory(prefix="export-") as folder:
        path = Path(folder) / f"export.{job.extension}"
        if in_background:
            with _reporting(job) as report:
                n_rows = write_file(job, actor, path, report=report, read_in=_one_moment)
        else:
            # Few rows, in a request: one statement reads them, which is one moment's truth by itself.
            n_rows = write_file(job, actor, path)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            name = _store(job, File(file))
    if not _end(job, JobState.DONE, file=name, sha256=sha256, n_rows=n_rows, n_done=n_rows):
        default_storage.delete(name)
        raise _Stopped


def _actor_of(job: ExportJob) -> Actor:
    """The member who asked, as they are now. Raises `Forbidden` when they are no longer one."""
    for membership in memberships_of(job.user_id):
        if membership.pk == job.membership_id:
            return actor_for_membership(membership)
    raise Forbidden(Failure.NOT_A_MEMBER, Failure.NOT_A_MEMBER.label)


@contextmanager
def _one_moment() -> Iterator[None]:
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _reporting(job: ExportJob) -> Iterator[Callable[[int, int | None], None]]:
    """A function that writes down rows done (and rows in all, once known), beats the heart, and raises `_Stopped`."""
    own = connection.copy()
    table = connection.ops.quote_name(ExportJob._meta.db_table)

    def report(n_done: int, n_rows: int | None) -> None:
        with own.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET n_done = %s, n_rows = coalesce(%s, n_rows), heartbeat_at = now()"  # noqa: S608 our own table's name
                " WHERE id = %s AND attempts = %s AND state = %s AND NOT cancel_requested RETURNING id",
                [n_done, n_rows, job.pk, job.attempts, JobState.RUNNING],
            )
            if cursor.fetchone() is None:
                raise _Stopped

    try:
        yield report
    finally:
        own.close()


def _store(job: ExportJob, file: File[bytes]) -> str:
    """Put the file into the storage under the job's own name; an earlier attempt's leftover is replaced."""
    name = stored_name(job)
    default_storage.delete(name)
    return default_storage.save(name, file)


def stored_name(job: ExportJob) -> str:
    """Where the job's file lies, known before it is written: so that nothing can be left lying unknown."""
    return f"exports/{job.key}-{job.attempts}.{job.extension}"


@transaction.atomic
def _end(job: ExportJob, state: JobState, **values: object) -> bool:
    """Write the outcome if the job is still this worker's and nobody cancelled it; says whether it was."""
    current = (
        ExportJob.objects.select_for_update().filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts).first()
    )
    if current is None or (state == JobState.DONE and current.cancel_requested):
        return False
    if current.cancel_requested:  # it failed while it was being cancelled: what was asked for has happened
        state, values = JobState.CANCELLED, {}
    now = timezone.now()
    values |= {"state": state, "finished_at": now}
    if state == JobState.DONE:
        values["expires_at"] = now + timedelta(days=settings.EXPORT_KEEP_DAYS)
    for name, value in values.items():
        setattr(current, name, value)
    current.save(update_fields=list(values))
    return True


@transaction.atomic
def _settle_stop(job: ExportJob) -> None:
    """A cancelled job becomes final. One that another worker has taken over is left to it."""
    current = (
        ExportJob.objects.select_for_update()
        .filter(pk=job.pk, state=JobState.RUNNING, attempts=job.attempts, cancel_requested=True)
        .first()
    )
    if current is not None:
        current.state, current.finished_at = JobState.CANCELLED, timezone.now()
        current.save(update_fields=["state", "finished_at"])


def _failure(error: Exception) -> Failure:
    if isinstance(error, SoftTimeLimitExceeded):
        return Failure.TOO_LONG
    if isinstance(error, OSError):
        return Failure.STORAGE
    if isinstance(error, DomainError) and error.code in Failure.values:
        return Failure(error.code)
    return Failure.BAD_FILTER if isinstance(error, Invalid) else Failure.NOT_PERMITTED
