"""The worker's side: claimed once, resumed where it was, ended in words; and the command that needs no worker."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError
from django.utils import timezone

from partner_console.access.models import Membership
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Conflict, Forbidden
from quota.models import AccountImport, CreditAccount, ImportRow, LedgerEntry
from quota.models.imports import ImportState
from quota.services import imports
from quota.services.imports import applying, phases, running, sweeping
from quota.services.imports.running import run_import
from tests.factories import make_account
from tests.quota.import_support import FILES, OTHER_UID, UID, bring_in, check, csv_of, upload, verdicts
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from tests.personas import Persona

pytestmark = pytest.mark.django_db
N_ROWS = 7
HEADERS = ["UID", "Quota Amount", "Financial Trusteeship Master UID"]


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 2)


def content() -> bytes:
    """Seven rows, the first a sub-account of the last."""
    uids = [str(5_000_000_000_000_001 + 37 * n) for n in range(N_ROWS)]
    return csv_of(
        HEADERS, *([uid, "" if at == 0 else "10", uids[-1] if at == 0 else ""] for at, uid in enumerate(uids))
    )


@pytest.fixture
def started(acme_master: Persona) -> AccountImport:
    job = check(acme_master.actor, content())
    return imports.start(actor=acme_master.actor, job_pk=job.pk, in_background=False)


def after_batches(monkeypatch: pytest.MonkeyPatch, n: int, act: Callable[[], object]) -> None:
    """Something happens once `n` batches are in."""
    real, seen = running.note_place, []

    def note(job: AccountImport, current: AccountImport, **place: int) -> None:
        real(job, current, **place)
        if "n_done" in place:
            seen.append(place)
            if len(seen) == n + 1:
                act()

    monkeypatch.setattr(running, "note_place", note)


def killed() -> None:
    raise OperationalError("the server closed the connection")


def test_a_redelivered_message_finds_nothing_to_do(started: AccountImport) -> None:
    run_import(job_pk=started.pk)
    entries = LedgerEntry.objects.count()

    run_import(job_pk=started.pk)
    run_import(job_pk=-1)

    assert (LinkedAccount.objects.count(), LedgerEntry.objects.count()) == (N_ROWS, entries)
    assert AuditEntry.objects.filter(action=Action.IMPORT_FINISHED).count() == 1


def test_a_second_start_is_refused_and_changes_nothing(acme_master: Persona, started: AccountImport) -> None:
    with pytest.raises(Conflict):
        imports.start(actor=acme_master.actor, job_pk=started.pk)
    assert AuditEntry.objects.filter(action=Action.IMPORT_STARTED).count() == 1


@pytest.mark.parametrize("n", range(5))
def test_a_killed_worker_is_succeeded_at_the_next_batch(
    started: AccountImport, monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    with monkeypatch.context() as patched:
        after_batches(patched, n, killed)
        run_import(job_pk=started.pk)
    started.refresh_from_db()
    assert started.state == ImportState.RUNNING
    assert LinkedAccount.objects.count() == started.n_done < N_ROWS

    with time_machine.travel(timezone.now() + sweeping.SILENT_FOR + timedelta(seconds=1)):
        sweeping.recover_silent()
    run_import(job_pk=started.pk)

    started.refresh_from_db()
    assert (started.state, started.n_done, started.attempts) == (ImportState.DONE, N_ROWS, 2)
    assert LinkedAccount.objects.count() == CreditAccount.objects.count() + 1 == N_ROWS
    assert LinkedAccount.objects.filter(trustee__isnull=False).count() == 1


def test_a_killed_check_goes_on_too(acme_master: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    job = upload(acme_master.actor, content())
    imports.settle_columns(actor=acme_master.actor, job_pk=job.pk, columns=job.columns, in_background=False)
    with monkeypatch.context() as patched:
        after_batches(patched, 2, killed)
        run_import(job_pk=job.pk)

    with time_machine.travel(timezone.now() + sweeping.SILENT_FOR + timedelta(seconds=1)):
        sweeping.recover_silent()
    run_import(job_pk=job.pk)

    job.refresh_from_db()
    assert (job.state, job.counts) == (ImportState.CHECKED, {"create": N_ROWS})


def test_a_worker_that_was_succeeded_writes_nothing_more(
    started: AccountImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def succeed() -> None:
        AccountImport.objects.filter(pk=started.pk).update(attempts=2)

    with monkeypatch.context() as patched:
        after_batches(patched, 1, succeed)
        run_import(job_pk=started.pk)

    started.refresh_from_db()
    assert (started.state, started.n_done, LinkedAccount.objects.count()) == (ImportState.RUNNING, 3, 3)


def test_after_too_many_interruptions_it_fails_and_says_what_is_missing(started: AccountImport) -> None:
    AccountImport.objects.filter(pk=started.pk).update(
        state=ImportState.RUNNING, attempts=sweeping.MOST_ATTEMPTS, heartbeat_at=timezone.now() - timedelta(hours=1)
    )

    sweeping.sweep_imports()

    started.refresh_from_db()
    assert started.state == ImportState.FAILED
    assert "interrupted" in started.error
    assert started.counts == {"left_out": N_ROWS}


def test_a_lost_message_is_sent_again(started: AccountImport, django_capture_on_commit_callbacks: Any) -> None:
    with (
        time_machine.travel(timezone.now() + sweeping.WAITING_FOR + timedelta(seconds=1)),
        django_capture_on_commit_callbacks(execute=True),
    ):
        sweeping.sweep_imports()

    started.refresh_from_db()
    assert started.state == ImportState.DONE


def test_cancelling_ends_it_between_batches_and_says_what_came_in(
    acme_master: Persona, started: AccountImport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        after_batches(patched, 1, lambda: imports.cancel(actor=acme_master.actor, job_pk=started.pk))
        run_import(job_pk=started.pk)

    started.refresh_from_db()
    assert started.state == ImportState.CANCELLED
    assert LinkedAccount.objects.count() == 3
    assert started.counts == {"create": 3, "left_out": 4}
    assert ImportRow.objects.filter(job=started, verdict="create").values_list("uid", flat=True).count() == 3
    assert set(LinkedAccount.objects.values_list("uid", flat=True)) == set(
        ImportRow.objects.filter(job=started, verdict="create").values_list("uid", flat=True)
    )
    assert AuditEntry.objects.filter(action=Action.IMPORT_CANCELLED).count() == 1
    with pytest.raises(Conflict):
        imports.cancel(actor=acme_master.actor, job_pk=started.pk)


def test_what_waits_is_cancelled_at_once(acme_master: Persona) -> None:
    job = imports.cancel(actor=acme_master.actor, job_pk=check(acme_master.actor, content()).pk)

    assert job.state == ImportState.CANCELLED
    run_import(job_pk=job.pk)
    assert not LinkedAccount.objects.exists()


def test_a_uid_linked_after_the_check_is_refused_in_the_run(started: AccountImport, outsider: Persona) -> None:
    assert outsider.partner is not None
    uid = ImportRow.objects.filter(job=started, number=3).values_list("uid", flat=True)[0]
    make_account(outsider.partner, uid)

    run_import(job_pk=started.pk)

    started.refresh_from_db()
    assert started.counts == {"create": N_ROWS - 1, "refuse": 1}
    assert "linked elsewhere" in verdicts(started)[1][1]


def test_a_uid_linked_between_look_and_insert_is_looked_at_again(
    started: AccountImport, outsider: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, tries = applying.apply, []

    def apply(*args: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise IntegrityError("uids_account_one_live_link")
        real(*args)

    monkeypatch.setattr(phases, "apply", apply)
    run_import(job_pk=started.pk)

    started.refresh_from_db()
    assert (started.state, LinkedAccount.objects.count()) == (ImportState.DONE, N_ROWS)


def test_whoever_lost_the_permission_meanwhile_imports_nothing(acme_master: Persona, started: AccountImport) -> None:
    Membership.objects.filter(user=acme_master.user).update(role="viewer")

    run_import(job_pk=started.pk)

    started.refresh_from_db()
    assert started.state == ImportState.FAILED
    assert "does not include: Import linked accounts" in started.error
    assert not LinkedAccount.objects.exists()


def test_who_may_not_import_cannot_even_upload(acme_readonly: Persona, acme_finance: Persona) -> None:
    for persona in (acme_readonly, acme_finance):
        with pytest.raises(Forbidden):
            upload(persona.actor, content())
    assert not AccountImport.objects.exists()
    assert not AuditEntry.objects.exists()


def test_a_missing_file_ends_it_in_words(started: AccountImport) -> None:
    started.file.storage.delete(str(started.file.name))

    run_import(job_pk=started.pk)

    started.refresh_from_db()
    assert started.state == ImportState.FAILED
    assert "Upload it again" in started.error


def test_old_files_are_removed_and_verdicts_stay(acme_master: Persona, files: Path) -> None:
    job = bring_in(acme_master.actor, content())
    waiting = check(acme_master.actor, csv_of(["UID", "Quota"], [UID, "1"]))
    assert len(list(files.rglob("*.csv"))) == 2

    with time_machine.travel(timezone.now() + sweeping.KEEP_FOR + timedelta(minutes=1)):
        sweeping.sweep_imports()

    assert not list(files.rglob("*.csv"))
    job.refresh_from_db()
    waiting.refresh_from_db()
    assert (job.state, waiting.state) == (ImportState.DONE, ImportState.CANCELLED)
    assert ImportRow.objects.filter(job=job).count() == N_ROWS


def command(*args: str) -> tuple[str, str, int]:
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command("import_uids", *args, stdout=out, stderr=err)
    except SystemExit as ended:
        status = int(ended.code or 0)
    except CommandError as error:
        err.write(str(error))
        status = error.returncode
    return out.getvalue(), err.getvalue(), status


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_bytes(csv_of(["UID", "Quota"], [UID, "5"], ["ops@x.example", "5"], [OTHER_UID, "6"]))
    return path


def test_the_command_says_every_verdict_without_importing(acme_master: Persona, path: Path) -> None:
    out, err, status = command(str(path), "--partner", "acme", "--dry-run")

    assert status == 1
    assert out.splitlines()[:3] == ["row,uid,verdict,reason", f"2,{UID},create,", out.splitlines()[2]]
    assert out.splitlines()[2].startswith("3,ops@x.example,refuse,")
    assert "customers.csv: 3 rows" in err
    assert not LinkedAccount.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_the_command_imports_and_its_second_run_changes_nothing(acme_master: Persona, path: Path) -> None:
    out, err, status = command(str(path), "--partner", "acme")

    assert status == 1
    assert [line.split(",")[1] for line in out.splitlines()[1:]] == ["ops@x.example"]
    assert "2 create: imported" in err
    assert set(LinkedAccount.objects.values_list("uid", flat=True)) == {UID, OTHER_UID}
    assert LedgerEntry.objects.count() == 2
    assert set(LedgerEntry.objects.values_list("operator", flat=True)) == {"import_uids"}

    _out, err, status = command(str(path), "--partner", "acme")

    assert status == 1
    assert "2 unchanged" in err
    assert LedgerEntry.objects.count() == 2


def test_the_commands_exit_status_tells_the_cases_apart(acme_master: Persona, tmp_path: Path) -> None:
    good = tmp_path / "good.csv"
    good.write_bytes(csv_of(["UID", "Quota"], [UID, "5"]))
    no_uid = tmp_path / "other.csv"
    no_uid.write_bytes(csv_of(["Colour", "Size"], ["red", "5"]))

    assert command(str(good), "--partner", "acme")[2] == 0
    _out, err, status = command(str(FILES / "crm-rounded.csv"), "--partner", "acme")
    assert (status, "rounded" in err) == (2, True)
    _out, err, status = command(str(no_uid), "--partner", "acme")
    assert (status, "Choose the column that holds the UIDs." in err) == (2, True)
    assert command(str(tmp_path / "missing.csv"), "--partner", "acme")[2] == 2
    assert command(str(good), "--partner", "nobody")[2] == 2
