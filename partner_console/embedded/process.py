"""Start and stop one process or server so that nothing is left behind, whatever happens to us."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from partner_console.embedded.place import EmbeddedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

START_SECONDS = 60
RETRY_SECONDS = 10  # how long a server that ends at once is tried again: the last one may still be ending
PR_SET_PDEATHSIG = 1


def die_with_parent(by: signal.Signals) -> None:
    """Ask Linux to send this process `by` when its parent ends, so that even a killed supervisor leaves nothing."""
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(by))


def spawn(
    argv: list[str],
    *,
    output: int | IO[bytes],
    orphaned: signal.Signals = signal.SIGTERM,
    account: tuple[int, int] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str = "/",
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; it gets the signal `orphaned` when we die (Linux).

    `account` is a user id and group id to run as; without `env` the process gets a bare environment.
    """
    user, group = account or (None, None)
    return subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=cwd,
        env=env or {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        start_new_session=True,
        preexec_fn=lambda: die_with_parent(orphaned),  # after the change of user, which would undo it
        user=user,
        group=group,
        extra_groups=None if account is None else [],
    )


def stop(process: subprocess.Popen[bytes], by: signal.Signals, seconds: float = 30) -> None:
    """Stop gently, then firmly."""
    if process.poll() is None:
        process.send_signal(by)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Server:
    """How to start one server, see that it answers, and stop it without losing anything."""

    name: str
    argv: list[str]
    log: Path
    account: tuple[int, int] | None
    stop_signal: signal.Signals
    answers: Callable[[], bool]

    def spawn(self) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return spawn(self.argv, output=log, account=self.account, orphaned=self.stop_signal)

    def start(self) -> subprocess.Popen[bytes]:
        """Start and wait until it answers. Raises EmbeddedError with the reason from the server's log."""
        began = time.monotonic()
        process = self.spawn()
        while not self.answers():
            waited = time.monotonic() - began
            if waited > START_SECONDS:
                stop(process, self.stop_signal)
                raise EmbeddedError(explain(self.log, f"{self.name} did not answer in {START_SECONDS} s"))
            if process.poll() is not None:
                if waited > RETRY_SECONDS:
                    raise EmbeddedError(explain(self.log, f"{self.name} does not start"))
                time.sleep(0.3)
                process = self.spawn()
            time.sleep(0.03)
        return process


def explain(log: Path, what: str) -> str:
    """One line from a server's log: the cause and, where we know it, what to do."""
    text = log.read_text(encoding="utf-8", errors="replace").strip()
    if "No space left on device" in text or "quota exceeded" in text:
        return f"{what}: the disk that holds {log.parent} is full. Free about 200 MB and start again."
    lines = text.splitlines()
    telling = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error", "ERROR"))]
    return f"{what}: {(telling or lines or ['it gave no reason'])[-1].strip()}"
