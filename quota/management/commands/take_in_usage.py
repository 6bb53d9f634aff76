"""Usage from a file: the same intake as every other door, ten thousand events at a time."""

from __future__ import annotations

import csv
import sys
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.errors import DomainError
from quota.services import intake
from quota.services.intake import Outcome, UsageEvent

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Iterator

ALL_TAKEN, SOME_REFUSED, STOPPED = 0, 1, 2
COLUMNS = ("uid", "kind", "amount", "key", "at")


class Command(BaseCommand):
    help = (
        "Take in usage from a CSV with the columns uid, kind (usage, settle or refund), amount, key and at (ISO 8601 "
        "with offset). Running it again takes nothing twice. Writes refused rows as CSV to standard output, the totals "
        "to standard error. Exit status: 0 every event is in, 1 some were refused, 2 the file could not be used."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a .csv file in UTF-8 with one event a row")
        parser.add_argument("--partner", required=True, help="the partner's code, e.g. acme")

    def handle(self, *, file: Path, partner: str, **options: Any) -> None:
        found = Partner.objects.filter(code=partner).first()
        if found is None:
            raise CommandError(f"No partner has the code {partner}.", returncode=STOPPED)
        actor = system_actor("take_in_usage", partner=found)
        counts = dict.fromkeys(Outcome, 0)
        refused = csv.writer(self.stdout, lineterminator="\n")
        refused.writerow([*COLUMNS, "code", "reason"])
        try:
            events = _events(file)
            while batch := list(islice(events, intake.MOST)):
                for result in intake.take_in(actor=actor, events=batch).results:
                    counts[result.outcome] += 1
                    if result.outcome is Outcome.REFUSED:
                        event = [getattr(result.event, column) for column in COLUMNS]
                        refused.writerow([*event, result.code, result.message])
        except (DomainError, OSError, UnicodeDecodeError, csv.Error) as error:
            raise CommandError(str(error), returncode=STOPPED) from error
        for outcome, n in counts.items():
            self.stderr.write(f"{n:,} {outcome}")
        if counts[Outcome.REFUSED]:
            sys.exit(SOME_REFUSED)


def _events(file: Path) -> Iterator[UsageEvent]:
    """What cannot be read as an amount or a time goes on as it is: the intake says what is wrong with it."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines, restval="")
        if missing := [column for column in COLUMNS if column not in (reader.fieldnames or [])]:
            raise CommandError(f"The file has no column {', '.join(missing)}.", returncode=STOPPED)
        for row in reader:
            uid, kind, amount, key, at = (row[column].strip() for column in COLUMNS)
            yield UsageEvent(uid, kind, _read(Decimal, amount), key, _read(datetime.fromisoformat, at))


def _read(read: Any, text: str) -> Any:
    try:
        return read(text)
    except (ValueError, InvalidOperation):
        return text
