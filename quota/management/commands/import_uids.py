"""Bring customers in from the command line: the page's own service, without a worker."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.errors import DomainError
from quota.models import AccountImport, ImportRow
from quota.models.imports import COMING_IN, NOT_IMPORTED, ImportState, RowVerdict
from quota.services import imports
from quota.services.imports.running import run_import

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from partner_console.access.actor import Actor

ALL_CAME_IN, SOME_REFUSED, STOPPED = 0, 1, 2


class Command(BaseCommand):
    help = (
        "Import linked accounts from an Excel workbook or CSV. Writes the rows that do not come in as CSV to standard "
        "output (with --dry-run: every row), the totals to standard error. Exit status: 0 all rows are in, 1 some are "
        "not, 2 nothing was imported because the file could not be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="an .xlsx or .csv file with one customer a row")
        parser.add_argument("--partner", required=True, help="the partner's code, e.g. acme")
        parser.add_argument("--dry-run", action="store_true", help="say what would become of every row, import nothing")
        parser.add_argument("--encoding", default="", help="of a text file, when the guess is wrong, e.g. cp932")
        parser.add_argument("--sheet", default="", help="of a workbook, when it is not the first with UIDs")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(f"No partner has the code {options['partner']}.", returncode=STOPPED)
        actor = system_actor("import_uids", partner=partner)
        try:
            job = self._check(actor, options)
            if options["dry_run"]:
                self._write_rows(job, tuple(one for one in RowVerdict if one != RowVerdict.PARKED))
                imports.cancel(actor=actor, job_pk=job.pk)
            else:
                job = self._run(actor, job)
                self._write_rows(job, NOT_IMPORTED)
        except (DomainError, OSError) as error:
            raise CommandError(str(error), returncode=STOPPED) from error
        self._write_totals(job, is_dry_run=options["dry_run"])
        if job.n_not_imported:
            sys.exit(SOME_REFUSED)

    def _check(self, actor: Actor, options: dict[str, Any]) -> AccountImport:
        with options["file"].open("rb") as file:
            job = imports.upload(
                actor=actor,
                file=file,
                file_name=options["file"].name,
                encoding=options["encoding"],
                sheet=options["sheet"],
            )
        try:
            imports.settle_columns(actor=actor, job_pk=job.pk, columns=job.columns, in_background=False)
        except DomainError:
            imports.cancel(actor=actor, job_pk=job.pk)
            raise
        return self._work(job)

    def _run(self, actor: Actor, job: AccountImport) -> AccountImport:
        if not job.n_coming_in:
            imports.cancel(actor=actor, job_pk=job.pk)
            return job
        imports.start(actor=actor, job_pk=job.pk, in_background=False)
        return self._work(job)

    def _work(self, job: AccountImport) -> AccountImport:
        run_import(job_pk=job.pk)
        job.refresh_from_db()
        if job.state not in (ImportState.CHECKED, ImportState.DONE):
            raise CommandError(job.error or job.get_state_display(), returncode=STOPPED)
        return job

    def _write_rows(self, job: AccountImport, verdicts: tuple[RowVerdict, ...]) -> None:
        rows = ImportRow.objects.filter(job=job, verdict__in=verdicts).order_by("number")
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(["row", "uid", "verdict", "reason"])
        for row in rows.iterator(chunk_size=2_000):
            writer.writerow([row.number, row.uid or row.typed, row.verdict, row.reason])

    def _write_totals(self, job: AccountImport, *, is_dry_run: bool) -> None:
        self.stderr.write(f"{job.file_name}: {job.n_rows} rows")
        for verdict in RowVerdict:
            if n := job.counts.get(verdict, 0):
                label = "imported" if verdict in COMING_IN and not is_dry_run else verdict.label
                self.stderr.write(f"  {n} {verdict.value}: {label}")
