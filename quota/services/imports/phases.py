"""What a batch means in each phase: in the check a verdict is written down, in the run the row becomes an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.db.models.functions import Length

from partner_console.copying import copy_in
from quota.models.imports import COMING_IN, ImportRow, RowVerdict
from quota.services.imports.applying import apply
from quota.services.imports.judging import judge
from quota.services.imports.lookalikes import warn_of_lookalikes
from uids.identifiers import SPREADSHEET_DIGITS
from uids.rounding import SHOWN_EXAMPLES, RoundingSuspicion, judge_counts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.web.uploads import Row
    from quota.models.imports import AccountImport
    from quota.services.imports.judging import Judged
    from quota.services.imports.rows import ParsedRow, RowReader

TRIES = 3


class Phase:
    """The check (a dry run: only verdicts are written) or the run, for one job. Joins the caller's transaction."""

    def __init__(self, actor: Actor, job: AccountImport, reader: RowReader, *, is_run: bool) -> None:
        self.actor, self.job, self.reader, self.is_run = actor, job, reader, is_run

    def handle(self, batch: Sequence[Row]) -> int:
        """Do what the job's present pass does with these rows; how many of them are done with."""
        if self.is_run:
            return self._import(batch)
        return self._check(batch) if self.job.at_pass == 1 else self._check_sub_accounts(batch)

    def _check(self, batch: Sequence[Row]) -> int:
        """Every row is written down; those with a master wait for the second pass."""
        rows = [self.reader.read(row) for row in batch]
        alone = [row for row in rows if not row.master_uid]
        verdicts = {one.row.number: one for one in judge(self.actor, self.job, alone, is_run=False)}
        copy_in([self._row(row, verdicts.get(row.number)) for row in rows])
        return len(alone)

    def _row(self, row: ParsedRow, judged: Judged | None) -> ImportRow:
        return ImportRow(
            job=self.job,
            number=row.number,
            uid=row.uid,
            typed="" if row.uid == row.typed else row.typed[:80],
            nickname=row.stated.get("nickname", "")[:150],
            master_uid=row.master_uid,
            is_live=row.is_live,
            verdict=judged.verdict if judged else RowVerdict.PARKED,
            reason=judged.reason if judged else "",
        )

    def _check_sub_accounts(self, batch: Sequence[Row]) -> int:
        parked = self._rows(batch).filter(verdict=RowVerdict.PARKED)
        waiting = {row.number: row for row in parked}
        rows = [self.reader.read(row) for row in batch if row.number in waiting]
        for one in judge(self.actor, self.job, rows, is_run=False):
            waiting[one.row.number].verdict, waiting[one.row.number].reason = one.verdict, one.reason
        ImportRow.objects.bulk_update(waiting.values(), ["verdict", "reason"])
        return len(waiting)

    def _import(self, batch: Sequence[Row]) -> int:
        """Import what the check let through and still may come in; what may not any more gets its new verdict."""
        found = self._rows(batch).filter(**{"master_uid": ""} if self.job.at_pass == 1 else {})
        if self.job.at_pass == 2:
            found = found.exclude(master_uid="")
        noted = {row.number: row for row in found}
        rows = [
            self.reader.read(row) for row in batch if row.number in noted and noted[row.number].verdict in COMING_IN
        ]
        for one in self._apply(rows):
            noted[one.row.number].verdict, noted[one.row.number].reason = one.verdict, one.reason
            noted[one.row.number].save(update_fields=["verdict", "reason"])
        return len(noted)

    def _apply(self, rows: Sequence[ParsedRow]) -> list[Judged]:
        """Judge again and apply; returns the rows that did not come in after all."""
        for attempt in range(1, TRIES + 1):
            judged = judge(self.actor, self.job, rows, is_run=True)
            try:
                with transaction.atomic():
                    apply(self.actor, self.job, self.job.partner, [one for one in judged if one.comes_in])
            except IntegrityError:
                # Somebody linked one of these ids between our look and our insert: look again.
                if attempt == TRIES:
                    raise
                continue
            break
        return [one for one in judged if not one.comes_in]

    def _rows(self, batch: Sequence[Row]) -> QuerySet[ImportRow]:
        return ImportRow.objects.visible_to(self.actor).filter(
            job=self.job, number__range=(batch[0].number, batch[-1].number)
        )


def rounding(actor: Actor, job: AccountImport) -> RoundingSuspicion | None:
    """Whether a spreadsheet has cut the file's ids: judged over all of them, each counted once."""
    long_ids = (
        ImportRow.objects.visible_to(actor)
        .filter(job=job)
        .annotate(digits=Length("uid"))
        .filter(digits__gt=SPREADSHEET_DIGITS)
    )
    zeros = long_ids.filter(uid__endswith="0")
    counted = long_ids.aggregate(
        n=Count("uid", distinct=True), n_zeros=Count("uid", distinct=True, filter=Q(uid__endswith="0"))
    )
    examples = zeros.order_by("number").values_list("uid", flat=True)[:SHOWN_EXAMPLES]
    return judge_counts(counted["n"], counted["n_zeros"], lambda: tuple(examples))


def finish_check(phase: Phase, *, beat: Callable[[], None]) -> None:
    warn_of_lookalikes(phase.actor, phase.job, beat)
