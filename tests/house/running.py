"""Run the whole console as `make run` does and watch what it says."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from partner_console.embedded.process import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HOME = Path(__file__).parent.parent.parent
LOGIN = "/accounts/login/"
READY = r"Console ready at http://127\.0\.0\.1:\d+"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**changes: object) -> dict[str, str]:
    """The environment without what the test run itself set for Django."""
    ours = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DJANGO_SETTINGS_MODULE", "VAR_DIR", "CI"}
    kept = {key: value for key, value in os.environ.items() if key not in ours and not key.startswith("PYTEST")}
    return kept | {key: str(value) for key, value in changes.items()}


def eventually(condition: Callable[[], bool], what: Callable[[], str], seconds: float = 60) -> None:
    """Wait until it is so; fails, saying what was wanted, when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what()}"
        select.select([], [], [], 0.05)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A VAR_DIR with a space in its path, outside pytest's folder: root's pytest closes that at each run."""
    with tempfile.TemporaryDirectory(prefix="a house ", ignore_cleanup_errors=True) as place:
        yield Path(place).resolve() / "its var"


def _as_from_a_terminal() -> None:
    """Ctrl-C reaches it also when the tests run in the background, where it is ignored; and a killed test run leaves
    no console behind."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    die_with_parent(signal.SIGTERM)


class Running:
    """A started console: its output so far, its processes, its pages."""

    def __init__(self, var: Path, port: int, **environment: object) -> None:
        self.port, self.text, self.seen = port, "", 0
        self.process = subprocess.Popen(
            [sys.executable, "-m", "partner_console.embedded", "run"],
            cwd=HOME,
            env=clean_environment(VAR_DIR=var, PORT=port, **environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_as_from_a_terminal,
        )
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """A terminal never stops reading: a console whose output nobody takes would wait."""
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                with self._news:
                    self.text += line.decode()
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def until(self, pattern: str, seconds: float = 120) -> str:
        """Wait until a line after the last match matches; that line."""
        wanted = re.compile(f".*{pattern}.*\n")

        def known() -> bool:
            return bool(wanted.search(self.text, self.seen)) or not self._reader.is_alive()

        with self._news:
            self._news.wait_for(known, seconds)
            found = wanted.search(self.text, self.seen)
        assert found, f"{pattern!r} did not come:\n{self.text}"
        self.seen = found.end()
        return found.group().rstrip()

    def rest(self) -> str:
        """Wait for its end; everything it said."""
        self.process.wait(240)  # a busy disk makes PostgreSQL's last checkpoint slow
        self._reader.join(10)
        return self.text

    def family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            return list(psutil.Process(self.process.pid).children(recursive=True))
        return []

    def child(self, word: str) -> psutil.Process:
        """Our direct child with this word in its command line."""
        for process in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if word in " ".join(process.cmdline()):
                    return process
        raise AssertionError(f"no {word} among the children:\n{self.text}")

    def status(self, path: str) -> int:
        """What a page answers; 0 for no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            return connection.getresponse().status
        return 0

    def serves_again(self) -> None:
        """Wait until a page answers as it should."""
        eventually(lambda: self.status(LOGIN) == 200, lambda: f"the login page\n{self.text[-8000:]}")

    def stop(self, by: signal.Signals = signal.SIGTERM) -> str:
        self.process.send_signal(by)
        return self.rest()


@contextlib.contextmanager
def running(var: Path, port: int, **environment: object) -> Iterator[Running]:
    """A console that is ready, and ended at the end whatever happens."""
    console = Running(var, port, **environment)
    try:
        console.until(READY, 300)
        yield console
    finally:
        if console.process.poll() is None:
            console.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                console.process.wait(60)
        console.process.kill()
        console.rest()


def refusal(var: Path, port: int | str, **environment: object) -> str:
    """Start a console that must refuse; its one line."""
    result = subprocess.run(
        [sys.executable, "-m", "partner_console.embedded", "run"],
        cwd=HOME,
        env=clean_environment(VAR_DIR=var, PORT=port, **environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode != 0
    lines = (result.stdout + result.stderr).splitlines()
    assert len(lines) == 1, lines
    return lines[0]
