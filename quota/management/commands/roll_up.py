"""Sum the ledger up by day, from where it was left: for the first time on a large ledger, or to do all of it anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from quota.services import rollup

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Sum the ledger up by day: what charts, forecasts and back-tests read. The worker does it every 10 minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="read the whole ledger again")

    def handle(self, *, all: bool, **_options: Any) -> None:
        if all:
            rollup.start_over()
        self.stdout.write(f"{rollup.roll_up()} days written.")
