"""Invite many customers from the command line: the page's own service, sent by the worker at its own pace."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from linking.models import BatchRow, LinkBatch
from linking.models.batch import BatchState, RowVerdict
from linking.services import batches
from linking.services.batches.running import COMMAND
from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.errors import DomainError
from partner_console.exports.delimited import DANGEROUS_STARTS

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from partner_console.access.actor import Actor

ALL_GOOD, SOME_REFUSED, STOPPED = 0, 1, 2
HEADERS = ("row", "verdict", "reason", "cleaned UID", "note", "what to do", "as typed")


class Command(BaseCommand):
    help = (
        "Invite the customers of an Excel workbook or CSV. Writes every row's verdict (ok, warn or refuse), its reason "
        "and the cleaned UID as CSV to standard output, the totals to standard error. Without --dry-run the rows that "
        "are ok or warn are handed to the worker, which sends at most ten mails in five minutes. Exit status: 0 no row "
        "is refused, 1 some are, 2 nothing was done because the file could not be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="an .xlsx or .csv file with one customer a row")
        parser.add_argument("--partner", required=True, help="the partner's code, e.g. acme")
        parser.add_argument("--dry-run", action="store_true", help="say what would become of every row, send nothing")
        parser.add_argument("--encoding", default="", help="of a text file, when the guess is wrong, e.g. cp932")
        parser.add_argument("--sheet", default="", help="of a workbook, when it is not the first with content")

    def handle(self, *args: Any, **options: Any) -> None:
        partner = Partner.objects.filter(code=options["partner"]).first()
        if partner is None:
            raise CommandError(f"No partner has the code {options['partner']}.", returncode=STOPPED)
        actor = system_actor(COMMAND, partner=partner)
        with translation.override("en"):  # programs read it: the words stay the same wherever it runs
            try:
                batch = self._check(actor, options)
                self._write_rows(batch)
                self._go_on(actor, batch, is_dry_run=options["dry_run"])
            except (DomainError, OSError) as error:
                raise CommandError(str(error), returncode=STOPPED) from error
        if batch.n_refused:
            sys.exit(SOME_REFUSED)

    def _check(self, actor: Actor, options: dict[str, Any]) -> LinkBatch:
        path: Path = options["file"]
        with path.open("rb") as file:
            batch = batches.upload(
                actor=actor, file=file, file_name=path.name, encoding=options["encoding"], sheet=options["sheet"]
            )
        try:
            batches.settle_columns(actor=actor, batch_pk=batch.pk, columns=batch.columns, in_background=False)
        except DomainError:
            batches.cancel(actor=actor, batch_pk=batch.pk)
            raise
        batches.run_batch(batch_pk=batch.pk)
        batch.refresh_from_db()
        if batch.state != BatchState.CHECKED:
            raise CommandError(batch.error or batch.get_state_display(), returncode=STOPPED)
        return batch

    def _go_on(self, actor: Actor, batch: LinkBatch, *, is_dry_run: bool) -> None:
        self.stderr.write(f"{batch.title}: {batch.n_rows} rows")
        for verdict in RowVerdict:
            self.stderr.write(f"  {batch.counts.get(verdict, 0)} {verdict.value}")
        if is_dry_run or not batch.n_going:
            batches.cancel(actor=actor, batch_pk=batch.pk)
            return
        batches.start(actor=actor, batch_pk=batch.pk)
        self.stderr.write(f"{batch.n_going} rows wait for the worker, which sends them. See /links/batches/{batch.pk}/")

    def _write_rows(self, batch: LinkBatch) -> None:
        writer = csv.writer(self.stdout, lineterminator="\n")
        writer.writerow(HEADERS)
        rows = BatchRow.objects.filter(batch=batch).order_by("number")
        for row in rows.iterator(chunk_size=2_000):
            cleaned = "" if row.verdict == RowVerdict.REFUSE else row.uid
            typed = row.typed or row.uid
            writer.writerow([row.number, row.verdict, row.reason, cleaned, row.note, row.fix, _harmless(typed)])


def _harmless(text: str) -> str:
    """What a file held goes into a file again: a spreadsheet must not run it."""
    return f"'{text}" if text.startswith(DANGEROUS_STARTS) else text
