"""Writers of the ledger, each a process of its own: on the word of bench_ledger they write for a while and say how much.

`floor` is what no service can be faster than: one statement that moves the balance and inserts an entry of the same
columns, without a lock, a look at the account, a chain or a warning. `service` is `intake.take_in` with one event,
`batch` with a thousand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import django
from django.db import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BATCH = 1_000
VALUE = Decimal("0.000001")

FLOOR = """
WITH moved AS (
  UPDATE quota_creditaccount SET undeducted = undeducted + %(value)s, last_seq = last_seq + 1, last_hash = %(hash)s,
    as_of = %(at)s, updated_at = %(at)s
  WHERE account_id = %(pk)s RETURNING account_id, partner_id, last_seq, undeducted
)
INSERT INTO quota_ledgerentry (
  credit_id, partner_id, seq, kind, bucket, amount_delta, deducted_delta, undeducted_delta, before, value, after,
  method, operator, operator_uid, reason, idempotency_key, operation_id, at, hash, previous_hash
)
SELECT account_id, partner_id, last_seq, 'usage', 'undeducted', 0, 0, %(value)s, undeducted - %(value)s, %(value)s,
  undeducted, 'system', 'bench', '', '', %(key)s, NULL, %(at)s, %(hash)s, %(hash)s
FROM moved RETURNING id
"""


class Writer:
    """One process's way to write: `turn("service", "hot", 0.5)` returns entries a second."""

    def __init__(self, accounts: list[tuple[int, str]], number: int) -> None:
        from partner_console.access.actor import system_actor  # noqa: PLC0415 Django is set up by now
        from quota.services import intake  # noqa: PLC0415

        self.accounts, self.intake, self.actor = accounts, intake, system_actor("bench")
        self.numbers = count(number)
        self.name = uuid.uuid4().hex[:12]

    def turn(self, side: str, spread: str, seconds: float) -> float:
        accounts = self.accounts[:1] if spread == "hot" else self.accounts[1:]
        write: Callable[[list[tuple[int, str]]], int] = getattr(self, side)
        begin, written = time.perf_counter(), 0
        while (gone := time.perf_counter() - begin) < seconds:
            written += write(accounts)
        return written / gone

    def floor(self, accounts: list[tuple[int, str]]) -> int:
        number = next(self.numbers)
        values: dict[str, Any] = {
            "pk": accounts[number % len(accounts)][0],
            "value": VALUE,
            "hash": f"{number:064x}",
            "at": datetime.now(UTC),
            "key": f"usage:{accounts[number % len(accounts)][1]}:{self.name}:{number}",
        }
        with connection.cursor() as cursor:
            cursor.execute(FLOOR, values)
            cursor.fetchone()
        return 1

    def service(self, accounts: list[tuple[int, str]]) -> int:
        return self._take_in([self._event(accounts)])

    def batch(self, accounts: list[tuple[int, str]]) -> int:
        return self._take_in([self._event(accounts) for _ in range(BATCH)])

    def _event(self, accounts: list[tuple[int, str]]) -> Any:
        number = next(self.numbers)
        uid = accounts[number % len(accounts)][1]
        return self.intake.UsageEvent(uid, "usage", VALUE, f"{self.name}:{number}", datetime.now(UTC))

    def _take_in(self, events: list[Any]) -> int:
        counts = self.intake.take_in(actor=self.actor, events=events).counts
        if counts[self.intake.Outcome.TAKEN] != len(events):
            raise AssertionError(counts)
        return len(events)


@contextmanager
def writers(n_writers: int, accounts: list[tuple[int, str]]) -> Iterator[Callable[[str, str, float], float]]:
    """Starts them; the function given has them all write together and returns their entries a second."""
    with ExitStack() as stack:
        processes = []
        for number in range(n_writers):
            argv = [sys.executable, "-m", "tests.bench.ledger_writers"]
            # Each begins at another account.
            about = json.dumps({"accounts": accounts, "number": number * len(accounts) // n_writers})
            process = stack.enter_context(
                subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)
            )
            stack.callback(_close, process)
            _tell(process, about)
            processes.append(process)

        def turn(side: str, spread: str, seconds: float) -> float:
            for process in processes:
                _tell(process, json.dumps([side, spread, seconds]))
            return sum(_hear(process) for process in processes)

        yield turn


def _tell(process: subprocess.Popen[str], line: str) -> None:
    if process.stdin is not None:
        process.stdin.write(line + "\n")
        process.stdin.flush()


def _hear(process: subprocess.Popen[str]) -> float:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("A writer ended.")
    return float(line)


def _close(process: subprocess.Popen[str]) -> None:
    if process.stdin is not None:
        process.stdin.close()


def _child() -> None:
    django.setup()
    writer = Writer(**json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(writer.turn(*json.loads(line)), flush=True)


if __name__ == "__main__":
    _child()
