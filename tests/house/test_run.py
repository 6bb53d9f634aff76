"""`make run`: one command starts everything, one signal stops it, and nothing that was done is lost."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from partner_console import embedded
from partner_console.embedded.place import socket_dir
from tests.house.running import Running, eventually, free_port, refusal, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOGIN = "/accounts/login/"


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("a house") / "its var"


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
    eventually(lambda: console.status(LOGIN) == 200, "the login page")


def test_a_killed_database_keeps_what_was_committed(console: Running, var: Path) -> None:
    execute(var, "CREATE TABLE kept AS SELECT 42 AS answer")

    console.child("bin/postgres").kill()

    console.until(r"PostgreSQL stopped \(killed by SIGKILL\)")
    console.until("PostgreSQL runs again")
    eventually(lambda: console.status(LOGIN) == 200, "the login page")
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


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_stops_everything_and_data_survives(tmp_path: Path, by: signal.Signals) -> None:
    var = tmp_path / "a var"
    with running(var, free_port(), DEMO=0) as console:
        execute(var, "CREATE TABLE kept AS SELECT 42 AS answer")
        family = console.family()

        text = console.stop(by)

    assert console.process.returncode == 0
    assert "Stopped." in text
    assert [process for process in family if process.is_running()] == []
    with running(var, free_port(), DEMO=0):
        assert execute(var, "SELECT answer FROM kept") == [(42,)]


def test_a_killed_console_leaves_nothing_running(tmp_path: Path) -> None:
    """Linux tells the children; elsewhere the next start ends what is left."""
    with running(tmp_path / "var", free_port(), DEMO=0) as console:
        family = console.family()

        console.process.kill()

        eventually(lambda: not psutil.wait_procs(family, timeout=0)[1], f"the end of {family}", 40)


def test_a_stop_during_the_start_is_obeyed(tmp_path: Path) -> None:
    console = Running(tmp_path / "var", free_port())
    console.until("Making the demo data")

    text = console.stop()

    assert console.process.returncode == 0
    assert "Console ready" not in text
    with running(tmp_path / "var", free_port()) as again:  # half-made demo data is made anew, not kept
        again.until("Demo password: ")
        assert "Making the demo data" in again.text


def test_the_demo_starts_by_itself_and_names_its_logins(tmp_path: Path) -> None:
    var = tmp_path / "var"
    with running(var, free_port()) as console:
        password = console.until("Demo password: ").rpartition(" ")[2]

        assert "owner@acme.example" in console.text
        assert password == embedded.demo_password(var)
        assert console.status(LOGIN) == 200
    with running(var, free_port()) as console:
        console.until(f"Demo password: {password}")
        assert "Making the demo data" not in console.text
