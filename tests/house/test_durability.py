"""What a page said was done stays done: worker, Valkey and PostgreSQL are killed under people at work, then all."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import psycopg

from partner_console.embedded.place import socket_dir
from tests.house.running import HOME, clean_environment, eventually, folder, free_port, running
from tests.house.visiting import Colleague, Visitor, at_work

if TYPE_CHECKING:
    from pathlib import Path

    from tests.house.running import Running
    from tests.house.visiting import Deed

OWNER, PASSWORD = "owner@acme.example", "a long enough password"
KILLED = (("worker --queues", "worker"), ("valkey-server", "Valkey"), ("bin/postgres", "PostgreSQL"))
ROUNDS = 2
UIDS = [f"5{number:015d}" for number in random.Random(2).sample(range(10**15), 42)]  # noqa: S311 - no secret
ACCOUNTS, STRANGERS = UIDS[:30], UIDS[30:]

# A deed's word → how often it is in the books. A page may fail after its change was kept, so a failed one may be there.
BOOKS = {
    "nickname": "SELECT changes #>> '{nickname,1}' FROM audit_auditentry WHERE changes ? 'nickname'",
    "quota": "SELECT reason FROM quota_ledgerentry",
    "freeze": "SELECT note FROM audit_auditentry WHERE note LIKE '% freeze %' AND subject_type = 'uids.linkedaccount'"
    " AND action NOT LIKE 'cloud.%'",
    "invitation": "SELECT email FROM linking_invitation",
}
NOW = {
    "nickname": "SELECT uid, nickname FROM uids_linkedaccount",
    "quota": "SELECT account.uid, last.reason FROM uids_linkedaccount account JOIN LATERAL (SELECT reason FROM"
    " quota_ledgerentry WHERE credit_id = account.id ORDER BY seq DESC LIMIT 1) last ON true",
}
# An order waits for the one before it about the same UID, so it is as open as that one.
STILL_OPEN = (
    "SELECT uid, operation, CASE WHEN EXISTS (SELECT FROM cloud_cloudcommand begun WHERE begun.uid = command.uid"
    " AND begun.state = 'in_flight') THEN 'in_flight' ELSE state END FROM cloud_cloudcommand command"
    " WHERE state NOT IN ('confirmed', 'superseded')",
    "SELECT 'export', id, state FROM exports_exportjob WHERE state <> 'done'",
    "SELECT 'mail', \"to\", status FROM post_office_email WHERE status IS DISTINCT FROM 0",
)


class House:
    """What is in a VAR_DIR, asked of its database and of the commands."""

    def __init__(self, var: Path) -> None:
        self.var = var

    def rows(self, *statements: str) -> list[tuple[object, ...]]:
        host = str(socket_dir(self.var))
        with psycopg.connect(dbname="console", user="postgres", host=host, autocommit=True) as connection:
            cursors = [connection.execute(statement) for statement in statements]
            return [row for cursor in cursors if cursor.description for row in cursor]

    def manage(self, *arguments: str, given: str = "") -> str:
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=HOME, env=clean_environment(VAR_DIR=self.var, DEMO=0), input=given, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def still_open(self, *, orphans: bool) -> list[tuple[object, ...]]:
        """Work that waits; `orphans` also what a killed worker had begun, which is taken over only after minutes."""
        begun = () if orphans else ("in_flight", "running")
        return [row for row in self.rows(*STILL_OPEN) if row[-1] not in begun]

    def let_minutes_pass(self) -> None:
        """The time after which a silent worker counts as dead, without waiting for it; one that lives may be asked."""
        self.rows(
            "UPDATE cloud_cloudcommand SET in_flight_since = now() - interval '10 minutes' WHERE state = 'in_flight'"
        )
        self.rows("UPDATE exports_exportjob SET heartbeat_at = now() - interval '10 minutes' WHERE state = 'running'")


def test_nothing_that_a_page_said_was_done_is_lost_or_done_twice() -> None:
    with folder() as var:
        house = House(var)
        deeds: list[Deed] = []
        with running(var, free_port(), DEMO=0) as console:
            furnish(house)
            export = first_export(signed_in(console))
            with at_work(lambda: staff(console, export, "Ann", "Bob")) as colleagues:
                for word, name in KILLED * ROUNDS:
                    kill(console, colleagues, word, name)
            deeds += collected(colleagues)
            finishes_by_itself(house, console, orphans=False)

            with at_work(lambda: staff(console, export, "Cem", "Dai")) as colleagues:
                eventually(lambda: done(colleagues) >= 12, lambda: f"twelve deeds\n{console.text[-4000:]}")
                for one in colleagues:
                    one.leave.set()
                console.stop()
            deeds += collected(colleagues)

        with running(var, free_port(), DEMO=0) as console:
            house.let_minutes_pass()
            finishes_by_itself(house, console, orphans=True)
            assert "credit accounts agree with their" in house.manage("verify_ledger")
            check_books(house, deeds)
            check_pages(signed_in(console), deeds)


def furnish(house: House) -> None:
    house.manage(
        "createpartner", "acme", "--name", "Acme", "--kind", "reseller", "--master-uid", "5113766248601929",
        "--owner", OWNER, "--password-file", "-", given=PASSWORD + "\n",
    )  # fmt: skip
    customers = house.var / "customers.csv"
    customers.write_text("UID,Quota\n" + "".join(f"{uid},500\n" for uid in ACCOUNTS))
    house.manage("import_uids", str(customers), "--partner", "acme")


def signed_in(console: Running) -> Visitor:
    visitor = Visitor(console.port)
    visitor.sign_in(OWNER, PASSWORD)
    return visitor


def first_export(visitor: Visitor) -> str:
    """The address of an export that the page made at once."""
    order = {"spec": "uids.accounts", "scope": "filter", "query": "", "columns": "all", "file_format": "csv"}
    assert visitor.post("/exports/new/", **order, language="en").status == 200
    found = re.search(r"/exports/[0-9a-f-]{36}/", visitor.get("/exports/").text)
    assert found
    return found.group()


def staff(console: Running, export: str, *names: str) -> list[Colleague]:
    """Two people, each with accounts and customers of their own, as have those who come later."""
    late = names[0] == "Cem"
    own, customers = slice(9, None) if late else slice(9), 2 * late
    return [
        Colleague(signed_in(console), name, ACCOUNTS[at::2][own], export, STRANGERS[at + customers :: 4][:2])
        for at, name in enumerate(names)
    ]


def kill(console: Running, colleagues: list[Colleague], word: str, name: str) -> None:
    """In the middle of somebody's request, after some more were answered; and the supervisor brings it back."""
    before = done(colleagues)
    eventually(lambda: done(colleagues) >= before + 2, lambda: f"two more deeds\n{console.text[-4000:]}")
    assert any(one.mid_request.wait(30) for one in colleagues)
    console.child(word).kill()
    console.until(rf"{name} stopped \(killed by SIGKILL\); it starts again in")
    console.until(f"{name} runs again")
    eventually(lambda: console.status("/health/") == 200, lambda: f"health\n{console.text[-4000:]}")


def done(colleagues: list[Colleague]) -> int:
    return sum(deed.is_done for one in colleagues for deed in one.deeds)


def collected(colleagues: list[Colleague]) -> list[Deed]:
    assert [odd for one in colleagues for odd in one.odd] == []
    return [deed for one in colleagues for deed in one.deeds]


def finishes_by_itself(house: House, console: Running, *, orphans: bool) -> None:
    """Orders are confirmed, exports ready, mails sent: nobody but the sweeps knows of what the broker lost."""
    eventually(
        lambda: not house.still_open(orphans=orphans),
        lambda: f"the end of {house.still_open(orphans=orphans)}\n{console.text[-4000:]}",
        seconds=150,
    )


def check_books(house: House, deeds: list[Deed]) -> None:
    """Each done deed once; each failed one at most once; and the last one that counts is in force."""
    for kind, statement in BOOKS.items():
        books = Counter(row[0] for row in house.rows(statement))
        for deed in (deed for deed in deeds if deed.kind == kind):
            assert books[deed.word] == 1 or (not deed.is_done and not books[deed.word]), deed
    for kind, statement in NOW.items():
        for uid, word in house.rows(statement):
            if mine := [deed for deed in deeds if deed.kind == kind and deed.uid == uid]:
                assert word in possible(mine), mine
    frozen = {row[0] for row in house.rows("SELECT uid FROM uids_linkedaccount WHERE payg_frozen")}
    assert frozen >= {deed.uid for deed in deeds if deed.kind == "freeze" and deed.is_done}
    mails = Counter(row[0] for row in house.rows('SELECT "to" FROM post_office_email'))
    invited = Counter(row[0] for row in house.rows("SELECT email FROM linking_invitation"))
    assert invited
    assert {word: mails[word] for word in invited} == dict(invited)
    assert not house.rows("SELECT uid FROM linking_invitation GROUP BY uid HAVING count(*) > 1")


def possible(deeds: list[Deed]) -> set[str]:
    """The last that was done, or a later one that failed after it was kept."""
    last = max((at for at, deed in enumerate(deeds) if deed.is_done), default=-1)
    return {deed.word for deed in deeds[max(last, 0) :]} | ({""} if last < 0 else set())


def check_pages(visitor: Visitor, deeds: list[Deed]) -> None:
    """The same as people see it."""
    for kind in ("nickname", "quota", "freeze", "invitation", "export"):
        assert any(deed.is_done for deed in deeds if deed.kind == kind), f"no {kind} was ever done"
    for deed in (deed for deed in deeds if deed.is_done and deed.kind in ("quota", "export", "invitation")):
        page = visitor.get(f"/uids/{deed.uid}/quota/" if deed.kind == "quota" else deed.location)
        assert page.status == 200
        assert {"quota": deed.word, "invitation": deed.word, "export": "Download"}[deed.kind] in page.text
