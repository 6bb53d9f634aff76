"""Child processes of the console: their output with a name before each line, their end noticed, started again."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

COLOURS = {"web": 36, "worker": 32, "beat": 35, "setup": 34, "PostgreSQL": 33, "Valkey": 33}
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0  # seconds before a crashed child starts again; doubles each time
STEADY = 60.0  # seconds after which a child counts as well again
AGAIN = 1.0  # seconds after which a second signal means "now": one Ctrl-C may reach us twice, through make


@dataclass
class Child:
    """One process that is kept running, or (`once`) runs to its end."""

    name: str
    spawn: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    once: bool = False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0
    failures: int = 0
    due: float | None = None
    text: bytes = field(default=b"", repr=False)


class Children:
    """Runs children in one loop without threads; signals wake it."""

    def __init__(self) -> None:
        self.running: list[Child] = []
        self.waiting: list[Child] = []
        self.stop_asked: float | None = None
        self.forced = False
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._selector = selectors.DefaultSelector()
        self._wake, wakened = socket.socketpair()
        for end in (self._wake, wakened):
            os.set_blocking(end.fileno(), False)
        self._selector.register(self._wake, selectors.EVENT_READ)
        signal.set_wakeup_fd(wakened.fileno(), warn_on_full_buffer=False)
        self._wakened = wakened
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(ending) is not signal.SIG_IGN:  # nohup keeps its meaning
                signal.signal(ending, self._on_signal)

    def _on_signal(self, number: int, frame: object) -> None:
        now = time.monotonic()
        if self.stop_asked is None:
            self.stop_asked = now
        elif now - self.stop_asked > AGAIN:
            self.forced = True

    def say(self, text: str, name: str = "") -> None:
        """One line, with the name of the child it comes from; a reader who went away is no reason to stop."""
        label = f"{name:<10} | " if name else ""
        if label and self._coloured:
            label = f"\033[{COLOURS.get(name, 0)}m{label}\033[0m"
        with contextlib.suppress(OSError):
            print(label + text, flush=True)

    def add(self, child: Child, process: subprocess.Popen[bytes] | None = None) -> None:
        """Start a child, or take over one that somebody else started."""
        child.process, child.started, child.due = process or child.spawn(), time.monotonic(), None
        if child.process.stdout:
            os.set_blocking(child.process.stdout.fileno(), False)
            self._selector.register(child.process.stdout, selectors.EVENT_READ, child)
        self.running.append(child)

    def turn(self, longest: float = 3600) -> None:
        """Wait for output, an end, a signal or a due start, and deal with it."""
        dues = [child.due for child in self.waiting if child.due is not None]
        pause = min([longest, *(due - time.monotonic() for due in dues)])
        for key, _ in self._selector.select(max(pause, 0)):
            if key.data is None:
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(4096)
            else:
                self._read(key.data)
        for child in [child for child in self.running if child.process and child.process.poll() is not None]:
            self._ended(child)
        for child in [child for child in self.waiting if child.due is not None and child.due <= time.monotonic()]:
            self.waiting.remove(child)
            self.add(child)
            self.say(f"{child.name} runs again")

    def _read(self, child: Child) -> None:
        stream = child.process.stdout if child.process else None
        if stream is None:
            return
        piece = stream.read(65536)
        if piece == b"":
            self._selector.unregister(stream)
            stream.close()
        *lines, child.text = (child.text + (piece or b"")).split(b"\n")
        for line in lines:
            self.say(line.decode("utf-8", "replace").rstrip(), child.name)

    def _ended(self, child: Child) -> None:
        process = child.process
        if process is None:
            return
        if process.stdout and not process.stdout.closed:
            self._read(child)
            if not process.stdout.closed:
                self._selector.unregister(process.stdout)
                process.stdout.close()
        if child.text:
            self.say(child.text.decode("utf-8", "replace"), child.name)
            child.text = b""
        kill_group(process.pid)  # what it left behind
        self.running.remove(child)
        if child.once or self.stop_asked is not None:
            return
        now = time.monotonic()
        child.failures = 1 if now - child.started > STEADY else child.failures + 1
        pause = min(FIRST_PAUSE * 2 ** (child.failures - 1), LONGEST_PAUSE)
        child.due = now + pause
        self.waiting.append(child)
        self.say(f"{child.name} stopped ({manner(process.returncode)}); it starts again in {pause:g} s")

    def run_once(self, child: Child) -> int:
        """Run a child to its end, or until a stop is asked for; returns its exit status."""
        child.once = True
        self.add(child)
        while child in self.running and self.stop_asked is None:
            self.turn()
        if child in self.running:
            self.stop([child], seconds=5)
        return child.process.returncode if child.process else 1

    def stop(self, children: list[Child], seconds: float) -> None:
        """Ask these children to end; after `seconds`, or when a stop is forced, end them with all they started."""
        self.stop_asked = self.stop_asked or time.monotonic()
        self.waiting = [child for child in self.waiting if child not in children]
        for child in children:
            if child in self.running and child.process and child.process.poll() is None:
                child.process.send_signal(child.stop_signal)
        deadline = time.monotonic() + seconds
        while any(child in self.running for child in children) and time.monotonic() < deadline and not self.forced:
            self.turn(deadline - time.monotonic())
        for child in [child for child in children if child in self.running and child.process]:
            if child.process:
                kill_group(child.process.pid)
                child.process.wait()
                self._ended(child)

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        self._selector.close()
        self._wake.close()
        self._wakened.close()


def kill_group(pid: int) -> None:
    """End a child's whole session; each child leads one of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def manner(status: int) -> str:
    """How a process ended, in words."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"
