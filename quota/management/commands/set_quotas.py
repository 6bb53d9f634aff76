"""Set many quotas from the command line: the page's own services, without a worker."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.errors import DomainError
from partner_console.exports.delimited import DANGEROUS_STARTS
from quota.models import QuotaBatch, QuotaBatchRow
from quota.models.quota_batch import QuotaBatchState, QuotaRowOutcome, QuotaRowVerdict
from quota.services import batches
from quota.services.batches.running import COMMAND

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from partner_console.access.actor import Actor

ALL_GOOD, SOME_NOT_DONE, STOPPED = 0, 1, 2
HEADERS = ("row", "uid", "typed", "before", "after", "available after", "verdict", "outcome", "reason")


class Command(BaseCommand):
    help = (
        "Set the quotas of an Excel workbook or CSV with a column of UIDs and one of new totals, or of amounts to add "
        "or subtract. Writes every row as CSV to standard output, the totals to standard error. Where the partner's "
        "rules ask for a second person, all rows wait for one. Exit status: 0 every row is done or so already, 1 some "
        "are not, 2 nothing was done because the file could not be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="an .xlsx or .csv file with one account a row")
        parser.add_argument("--partner", required=True, help="the partner's code, e.g. acme")
        parser.add_argument("--reason", default="", help="why; it stands in every account's records")
        parser.add_argument("--dry-run", action="store_true", help="say what each row would do, change nothing")
        parser.add_argument("--accept-arrears", action="store_true", help="rows may bring accounts below zero")
        parser.add_argument("--accept-repeat", action="store_true", help="the same amounts may be added once more")
        parser.add_argument("--encoding", default="", help="of a text file, when the guess is wrong, e.g. cp932")
        parser.add_argument("--sheet", default="", help="of a workbook, when it is not the first with UIDs")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(f"No partner has the code {options['partner']}.", returncode=STOPPED)
        if not options["dry_run"] and not options["reason"].strip():
            raise CommandError("Say why with --reason; it stands in every account's records.", returncode=STOPPED)
        actor = system_actor(COMMAND, partner=partner)
        with translation.override("en"):  # programs read it: the words stay the same wherever it runs
            try:
                batch = self._check(actor, options)
                if options["dry_run"] or not batch.n_going:
                    self._write_rows(batch)
                    batches.cancel(actor=actor, batch_pk=batch.pk)
                else:
                    batch = self._run(actor, batch, options)
                    self._write_rows(batch)
            except (DomainError, OSError) as error:
                raise CommandError(str(error), returncode=STOPPED) from error
        self._write_totals(batch)
        if batch.n_refused or batch.n_failed:
            sys.exit(SOME_NOT_DONE)

    def _check(self, actor: Actor, options: dict[str, Any]) -> QuotaBatch:
        path: Path = options["file"]
        with path.open("rb") as file:
            batch = batches.upload(
                actor=actor, file=file, file_name=path.name, encoding=options["encoding"], sheet=options["sheet"]
            )
        if batch.state != QuotaBatchState.CHECKED:
            batches.cancel(actor=actor, batch_pk=batch.pk)
            raise CommandError("Name the columns “UID” and “New total” or “Add or subtract”.", returncode=STOPPED)
        return batch

    def _run(self, actor: Actor, batch: QuotaBatch, options: dict[str, Any]) -> QuotaBatch:
        try:
            batches.start(
                actor=actor,
                batch_pk=batch.pk,
                reason=options["reason"],
                accept_arrears=options["accept_arrears"],
                accept_repeat=options["accept_repeat"],
                in_background=False,
            )
        except DomainError:
            batches.cancel(actor=actor, batch_pk=batch.pk)
            raise
        batches.run_batch(batch_pk=batch.pk)
        batch.refresh_from_db()
        if batch.state == QuotaBatchState.AWAITING:
            self.stderr.write(f"All rows wait for a second person. See /uids/quotas/{batch.pk}/")
        return batch

    def _write_rows(self, batch: QuotaBatch) -> None:
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(HEADERS)
        for row in QuotaBatchRow.objects.filter(batch=batch).order_by("number").iterator(chunk_size=2_000):
            uid, typed = _harmless(row.uid or row.typed_uid), _harmless(row.typed_amount)
            outcome = row.outcome if row.is_going else ""
            figures = ["" if value is None else value for value in (row.before, row.after, row.available)]
            writer.writerow([row.number, uid, typed, *figures, row.verdict, outcome, row.reason])

    def _write_totals(self, batch: QuotaBatch) -> None:
        self.stderr.write(f"{batch.title}: {batch.n_rows} rows, {batch.state}")
        for name in (*QuotaRowVerdict, *QuotaRowOutcome):
            if n := batch.counts.get(name, 0):
                self.stderr.write(f"  {n} {name.value}")


def _harmless(text: str) -> str:
    """What a file held goes into a file again: a spreadsheet must not run it."""
    return f"'{text}" if text.startswith(DANGEROUS_STARTS) else text
