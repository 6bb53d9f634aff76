"""The worker's side: one claim, one file, and what is left when it is stopped or killed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from partner_console.access.policy import PartnerKind
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.exports import running, services, sweeping, writing
from partner_console.exports.models import ExportJob, Failure, JobState
from partner_console.exports.running import run_export
from tests.exports.conftest import content_of, read_workbook
from tests.factories import make_account

if TYPE_CHECKING:
    from pathlib import Path

    from tests.personas import Persona

pytestmark = pytest.mark.django_db(transaction=True)
Ask = Callable[..., ExportJob]


def fill(persona: Persona, n: int) -> None:
    with transaction.atomic():
        account = make_account(persona.partner)
        for number in range(n):
            record(persona.actor, Action.ACCOUNT_EDITED, account, note=f"note {number}")


def leftovers(files: Path) -> list[str]:
    return [path.name for path in files.rglob("*") if path.is_file()]


def stop_after_first_report(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Something happens to the job after its first progress report."""
    real = writing.write_file

    def write(*args: Any, report: Callable[[int, int | None], None], **kwargs: Any) -> int:
        def report_then_act(n_done: int, n_rows: int | None) -> None:
            report(n_done, n_rows)
            if n_done == 0:
                act()

        return real(*args, report=report_then_act, **kwargs)

    monkeypatch.setattr(running, "write_file", write)


def test_a_job_becomes_a_file_with_its_checksum(acme_master: Persona, ask: Ask) -> None:
    fill(acme_master, 3)
    job = ask(acme_master.actor, query="reason=note")

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.state, job.n_rows, job.n_done, job.attempts) == (JobState.DONE, 3, 3, 1)
    assert job.sha256 == hashlib.sha256(content_of(job)).hexdigest()
    assert job.expires_at is not None
    assert job.finished_at is not None
    assert job.expires_at - job.finished_at == timedelta(days=7)


def test_a_redelivered_message_finds_nothing_to_do(acme_master: Persona, ask: Ask) -> None:
    job = ask(acme_master.actor)
    run_export(job_pk=job.pk)
    job.refresh_from_db()
    first = (job.finished_at, job.file.name)

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.finished_at, job.file.name) == first
    assert job.attempts == 1


def test_a_job_in_other_hands_is_left_alone(acme_master: Persona, ask: Ask) -> None:
    job = ask(acme_master.actor)
    ExportJob.objects.filter(pk=job.pk).update(state=JobState.RUNNING, attempts=1, heartbeat_at=timezone.now())

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.RUNNING, 1)


def test_an_unknown_job_is_nothing() -> None:
    run_export(job_pk=-1)

    assert not ExportJob.objects.exists()


def test_progress_is_seen_while_it_is_written(acme_master: Persona, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("partner_console.exports.writing.PROGRESS_EVERY", 2)
    fill(acme_master, 4)
    job = ask(acme_master.actor, query="reason=note")
    seen: list[tuple[int, int | None, str]] = []

    def look(_settings: Any = None) -> None:
        current = ExportJob.objects.get(pk=job.pk)
        seen.append((current.n_done, current.n_rows, current.state))

    real = writing.write_file

    def write(*args: Any, report: Callable[[int, int | None], None], **kwargs: Any) -> int:
        def report_and_look(n_done: int, n_rows: int | None) -> None:
            report(n_done, n_rows)
            seen.append((n_done, n_rows, ""))

        return real(*args, report=report_and_look, **kwargs)

    monkeypatch.setattr(running, "write_file", write)
    run_export(job_pk=job.pk)

    assert [n_done for n_done, _n_rows, _state in seen] == [0, 2, 4, 4]
    assert seen[0][1] == 4


def test_cancelling_stops_it_and_keeps_nothing(
    acme_master: Persona, ask: Ask, monkeypatch: pytest.MonkeyPatch, files: Path
) -> None:
    monkeypatch.setattr("partner_console.exports.writing.PROGRESS_EVERY", 1)
    fill(acme_master, 3)
    job = ask(acme_master.actor)
    # Another connection cancels, as another request would: the reading transaction must not see or block it.
    other = connection.copy()

    def cancel() -> None:
        with other.cursor() as cursor:
            cursor.execute("UPDATE exports_exportjob SET cancel_requested = true WHERE id = %s", [job.pk])

    stop_after_first_report(monkeypatch, cancel)
    run_export(job_pk=job.pk)
    other.close()

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert job.file.name == ""
    assert leftovers(files) == []


def test_cancelling_a_waiting_job_is_final_at_once(acme_master: Persona, ask: Ask) -> None:
    job = ask(acme_master.actor)
    services.cancel_export(actor=acme_master.actor, key=job.key)

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.CANCELLED, 0)


def test_a_killed_workers_job_is_taken_over(
    acme_master: Persona, ask: Ask, django_capture_on_commit_callbacks: Any
) -> None:
    fill(acme_master, 2)
    job = ask(acme_master.actor)
    long_ago = timezone.now() - timedelta(minutes=10)
    ExportJob.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, attempts=1, started_at=long_ago, heartbeat_at=long_ago
    )

    sweeping.sweep_jobs()  # the message goes out and, in tests, runs at once

    job.refresh_from_db()
    assert (job.state, job.attempts) == (JobState.DONE, 2)


def test_a_worker_that_wakes_up_too_late_changes_nothing(
    acme_master: Persona, ask: Ask, monkeypatch: pytest.MonkeyPatch, files: Path
) -> None:
    fill(acme_master, 2)
    job = ask(acme_master.actor)
    monkeypatch.setattr("partner_console.exports.writing.PROGRESS_EVERY", 1)
    other = connection.copy()

    def taken_over() -> None:
        with other.cursor() as cursor:
            cursor.execute("UPDATE exports_exportjob SET attempts = 2 WHERE id = %s", [job.pk])

    stop_after_first_report(monkeypatch, taken_over)
    run_export(job_pk=job.pk)
    other.close()

    job.refresh_from_db()
    assert (job.state, job.attempts, job.file.name) == (JobState.RUNNING, 2, "")
    assert leftovers(files) == []


def test_after_three_dead_workers_it_fails_and_says_so(acme_master: Persona, ask: Ask) -> None:
    job = ask(acme_master.actor)
    ExportJob.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING, attempts=3, heartbeat_at=timezone.now() - timedelta(minutes=10)
    )

    sweeping.sweep_jobs()

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, Failure.INTERRUPTED)
    assert "interrupted several times" in job.get_error_display()


def test_a_dead_workers_cancelled_job_is_cancelled(acme_master: Persona, ask: Ask) -> None:
    job = ask(acme_master.actor)
    ExportJob.objects.filter(pk=job.pk).update(
        state=JobState.RUNNING,
        attempts=1,
        cancel_requested=True,
        heartbeat_at=timezone.now() - timedelta(minutes=10),
    )

    sweeping.sweep_jobs()

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


def test_a_lost_message_is_sent_again(acme_master: Persona, ask: Ask) -> None:
    job = ask(acme_master.actor)
    sweeping.sweep_jobs()
    job.refresh_from_db()
    assert job.state == JobState.QUEUED  # it is not late yet

    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        sweeping.sweep_jobs()

    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_a_deactivated_member_gets_no_file(acme_master: Persona, ask: Ask, files: Path) -> None:
    job = ask(acme_master.actor)
    assert acme_master.membership is not None
    acme_master.membership.is_active = False
    acme_master.membership.save(update_fields=["is_active"])

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, Failure.NOT_A_MEMBER)
    assert leftovers(files) == []


def test_columns_of_a_permission_lost_meanwhile_are_not_written(acme_master: Persona, ask: Ask) -> None:
    make_account(acme_master.partner, "42")
    job = ask(acme_master.actor, "uids.accounts")
    assert acme_master.partner is not None
    acme_master.partner.kind = PartnerKind.AGENCY
    acme_master.partner.save(update_fields=["kind"])

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    header = read_workbook(content_of(job))[1][0]
    assert "UID" in header
    assert not [name for name in header if "Quota" in name or "PAYG" in name or "Policy" in name]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (SoftTimeLimitExceeded(), Failure.TOO_LONG),
        (OSError(28, "No space left on device"), Failure.STORAGE),
    ],
)
def test_a_failure_has_a_plain_reason(
    acme_master: Persona, ask: Ask, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: Failure
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> int:
        raise error

    monkeypatch.setattr(running, "write_file", fail)
    job = ask(acme_master.actor)

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, reason)


def test_a_lost_database_leaves_the_job_to_the_sweeper(
    acme_master: Persona, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> int:
        raise OperationalError

    monkeypatch.setattr(running, "write_file", fail)
    job = ask(acme_master.actor)

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert job.state == JobState.RUNNING


def test_a_mistake_of_ours_fails_the_job_and_is_not_hidden(
    acme_master: Persona, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(running, "write_file", fail)
    job = ask(acme_master.actor)

    with pytest.raises(ZeroDivisionError):
        run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, Failure.UNEXPECTED)


def test_a_filter_that_no_longer_holds_fails_with_words(acme_master: Persona, ask: Ask) -> None:
    job = ask(acme_master.actor)
    job.parameters["selection"]["query"] = "action=gone.action"
    job.save(update_fields=["parameters"])

    run_export(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, Failure.BAD_FILTER)


def test_an_old_file_is_deleted_and_the_row_stays(acme_master: Persona, ask: Ask, files: Path) -> None:
    job = ask(acme_master.actor)
    run_export(job_pk=job.pk)
    assert len(leftovers(files)) == 1

    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        sweeping.sweep_jobs()

    job.refresh_from_db()
    assert (job.state, job.file.name) == (JobState.EXPIRED, "")
    assert leftovers(files) == []


def test_the_file_is_one_moments_truth(acme_master: Persona, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(acme_master, 2)
    job = ask(acme_master.actor, query="reason=note")
    other = connection.copy()

    def somebody_writes_meanwhile() -> None:
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO audit_auditentry (partner_id, at, actor_label, operator_uid, channel, action,"
                " subject_type, subject_pk, subject_label, changes, note, request_id)"
                " SELECT partner_id, now(), actor_label,"
                " operator_uid, channel, action, subject_type, subject_pk, subject_label, changes, 'note late', ''"
                " FROM audit_auditentry LIMIT 1"
            )

    stop_after_first_report(monkeypatch, somebody_writes_meanwhile)
    run_export(job_pk=job.pk)
    other.close()

    job.refresh_from_db()
    assert job.n_rows == 2
    assert b"note late" not in content_of(job)
