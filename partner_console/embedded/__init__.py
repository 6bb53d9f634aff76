"""The embedded PostgreSQL and Valkey: nothing else starts servers or knows that these exist.

Both come as wheels, keep everything under VAR_DIR and listen on Unix sockets only. Whoever holds the lock of a VAR_DIR
started them and stops them: the supervisor (`make run`), one management command, or one test run.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from partner_console.embedded import postgres, valkey
from partner_console.embedded.account import let_pass, server_account
from partner_console.embedded.lock import Lock
from partner_console.embedded.place import (
    EmbeddedError,
    claim,
    demo_password,
    missing_servers,
    secret_key,
    server_urls,
    socket_dir,
    var_dir,
)
from partner_console.embedded.process import START_SECONDS, Server, stop

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "EmbeddedError",
    "claim",
    "demo_password",
    "prepare",
    "secret_key",
    "server_urls",
    "servers",
    "throw_away_servers",
    "var_dir",
]


def prepare(var: Path, *, durable: bool = True) -> list[Server]:
    """The servers that the environment does not name, ready to start. The caller holds the lock.

    Raises EmbeddedError for data of another PostgreSQL, a full disk, a machine without the servers.
    """
    missing = missing_servers()
    if "postgres" in missing:
        postgres.check_version(var / "postgres")
    account = server_account(var / "postgres") if missing else None
    if account:
        for folder in (var, postgres.program("postgres").parent, valkey.program().parent):
            let_pass(folder)
    if missing:
        _make_socket_dir(socket_dir(var), account)
    made = []
    if "postgres" in missing:
        made.append(postgres.server(var, account, durable=durable))
    if "valkey" in missing:
        made.append(valkey.server(var, account))
    return made


def _make_socket_dir(sockets: Path, account: tuple[int, int] | None) -> None:
    sockets.mkdir(mode=0o700, exist_ok=True)
    ours = {os.geteuid(), account[0] if account else os.geteuid()}
    if sockets.is_symlink() or sockets.lstat().st_uid not in ours:
        raise EmbeddedError(f"{sockets} belongs to somebody else: remove it or choose another folder with VAR_DIR=…")
    sockets.chmod(0o700)
    if account:
        os.chown(sockets, *account)


@contextlib.contextmanager
def servers(var: Path, *, durable: bool = True) -> Iterator[tuple[str, str]]:
    """The servers that the environment does not name, for as long as the block runs; yields both embedded URLs.

    Joins the running ones where another process runs them in this VAR_DIR. Otherwise starts them, and stops them after
    the last process that joined has left. Not durable means fast and forgetful, for data that is thrown away.
    """
    claim(var)
    with contextlib.ExitStack() as at_end:
        lock = Lock(var)
        at_end.callback(lock.close)
        while not (owner := lock.take()):
            lock.join()
            if _owner_serves(var):
                break
            lock.leave()  # the other process ended in the meantime
        if owner:
            for server in prepare(var, durable=durable):
                at_end.callback(stop, server.start(), server.stop_signal)
            at_end.callback(lock.wait_for_users)
        yield server_urls(var)


def _owner_serves(var: Path) -> bool:
    """Wait until the servers of another process answer; False when that process is gone."""
    sockets, missing = socket_dir(var), missing_servers()
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ("postgres" not in missing or postgres.answers(sockets)) and (
            "valkey" not in missing or valkey.answers(sockets)
        ):
            return True
        with contextlib.closing(Lock(var)) as probe:
            if probe.take():
                return False
        time.sleep(0.1)
    raise EmbeddedError(f"The servers in {var} don't answer: stop the process named in {var / 'console.lock'}.")


@contextlib.contextmanager
def throw_away_servers() -> Iterator[tuple[str, str]]:
    """Fresh servers in a temporary directory: for tests, checks and benchmarks."""
    with tempfile.TemporaryDirectory(prefix="console-", ignore_cleanup_errors=True) as folder:
        var = Path(folder).resolve()
        with servers(var, durable=False) as urls:
            yield urls
