"""`manage.py verify_ledger`: proves sum = balance, before/after continuity and the hash chain for all accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError

from quota import verify

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Prove that every balance is the sum of its ledger and the chain is whole. Repairs nothing; fails on drift."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--batch", type=int, default=verify.RANGE, help="entries per statement")
        parser.add_argument("--after", type=int, default=0, help="go on after this account, the last a run has told")

    def handle(self, *, batch: int, after: int, verbosity: int, **options: Any) -> None:
        total = verify.count_entries(after=after)
        accounts = entries = found = 0
        for checked in verify.verify(batch=batch, after=after):
            accounts += checked.accounts
            entries += checked.entries
            found += len(checked.drifts)
            for drift in checked.drifts:
                self._report(drift)
            if verbosity > 1 or (verbosity and total > batch):
                self.stderr.write(f"{entries:,} of {total:,} entries checked, up to account {checked.last}")
        if found:
            raise CommandError(f"{found} disagreements in {accounts} credit accounts. Nothing was changed.")
        self.stdout.write(self.style.SUCCESS(f"{accounts} credit accounts agree with their {entries:,} entries."))

    def _report(self, drift: verify.Drift) -> None:
        where = f"entry {drift.seq}" if drift.seq else "balance"
        self.stderr.write(f"account {drift.account_pk}, {where}: {drift.what}")
        for seq, kind, before, value, after, begins in verify.context(drift):
            self.stderr.write(f"    #{seq} {kind}: {before} {value} → {after} ({begins}…)")
