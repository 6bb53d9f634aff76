"""`make run`: one command starts everything, one signal stops it, and nothing that was done is lost."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from partner_console import embedded
from partner_console.embedded.place import socket_dir
from tests.house.running import LOGIN, Running, eventually, folder, free_port, refusal, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    with folder() as path:
        yield path


@pytest.fixture
def fresh() -> Iterator[Path]:
    with folder() as path:
        yield path


@pytest.fixture(scope="module")
def console(var: Path) -> Iterator[Running]:
    with running(var, free_port(), DEMO=0) as started:
        yield started


def execute(var: Path, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dbname="console", user="postgres", host=str(socket_dir(var)), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_pages_answer_when_it_says_ready(console: Running) -> None:
    assert console.status(LOGIN) == 200


def test_without_demo_it_prints_no_password(console: Running) -> None:
    assert "password" not in console.text.lower()


@pytest.mark.parametrize(
    ("word", "name"),
    [("worker --queues", "worker"), ("beat --schedule", "beat"), ("gunicorn", "web"), ("valkey-server", "Valkey")],
)
def test_a_killed_child_is_started_again_and_said_so(console: Running, word: str, name: str) -> None:
    before = console.child(word).pid

    console.child(word).kill()

    console.until(rf"{name} stopped \(killed by SIGKILL\); it starts again in")
    console.until(f"{name} runs again")
    assert console.child(word).pid != before
    console.serves_again()


def test_a_killed_database_keeps_what_was_committed(console: Running, var: Path) -> None:
    execute(var, "CREATE TABLE kept AS SELECT 42 AS answer")

    console.child("bin/postgres").kill()

    console.until(r"PostgreSQL stopped \(killed by SIGKILL\)")
    console.until("PostgreSQL runs again")
    console.serves_again()
    assert execute(var, "SELECT answer FROM kept") == [(42,)]
    execute(var, "DROP TABLE kept")


def test_a_second_console_in_the_same_folder_is_refused(console: Running, var: Path) -> None:
    line = refusal(var, free_port())

    assert f"already runs in {var} (process {console.process.pid})" in line


def test_a_management_command_joins_the_running_servers(console: Running, var: Path) -> None:
    before = console.child("bin/postgres").pid

    with embedded.servers(var):
        assert execute(var, "SELECT 1") == [(1,)]

    assert console.child("bin/postgres").pid == before


def test_whatever_stops_it_stops_everything_and_keeps_the_data(fresh: Path) -> None:
    """Ctrl-C, SIGTERM, and a console that is killed: Linux tells the children; elsewhere the next start ends what is
    left."""
    for number, by in enumerate((signal.SIGINT, signal.SIGTERM)):
        with running(fresh, free_port(), DEMO=0) as console:
            execute(fresh, f"CREATE TABLE kept_{number} AS SELECT 42 AS answer")
            family = console.family()

            text = console.stop(by)

        assert console.process.returncode == 0
        assert "Stopped." in text
        assert [process for process in family if process.is_running()] == []

    with running(fresh, free_port(), DEMO=0) as console:
        assert execute(fresh, "SELECT answer FROM kept_0 NATURAL JOIN kept_1") == [(42,)]
        family = console.family()

        console.process.kill()

        eventually(lambda: not psutil.wait_procs(family, timeout=0)[1], lambda: f"the end of {family}")


def test_the_demo_is_made_whole_and_once(fresh: Path) -> None:
    """A stop in the middle is obeyed; the next start makes the demo data anew, the one after that keeps it."""
    console = Running(fresh, free_port())
    console.until("Making the demo data")
    assert "Console ready" not in console.stop()
    assert console.process.returncode == 0

    with running(fresh, free_port()) as console:
        password = console.until("Demo password: ", 300).rpartition(" ")[2]
        assert "Making the demo data" in console.text
        assert "owner@acme.example" in console.text
        assert password == embedded.demo_password(fresh)
        console.serves_again()

    with running(fresh, free_port()) as console:
        console.until(f"Demo password: {password}")
        assert "Making the demo data" not in console.text
