"""`make run`: servers, database, demo data, then web, worker and beat, watched until a signal ends them all."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from partner_console.embedded import EmbeddedError, claim, demo_password, prepare
from partner_console.embedded.children import Child, Children
from partner_console.embedded.lock import Lock
from partner_console.embedded.place import DATABASE, missing_servers, socket_dir
from partner_console.embedded.postgres import drop_database
from partner_console.embedded.process import die_with_parent, spawn

HOME = Path(__file__).resolve().parent.parent.parent
QUEUES = "interactive,outbound,exports,maintenance"
READY_SECONDS = 180
DEMO_LOGINS = (
    ("owner@acme.example", "reseller Acme Cloud, owner"),
    ("manager@acme.example", "manager"),
    ("finance@acme.example", "finance"),
    ("viewer@acme.example", "viewer"),
    ("owner@blue.example", "agency Blue Agency, owner"),
    ("owner@delta.example", "distributor Delta Distribution, owner"),
    ("operator@console.example", "operator of the platform: /admin/"),
)
WANTED = {
    "": True,
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


def run(var: Path) -> int:
    """Run the console until a signal. Raises EmbeddedError for everything that hinders the start."""
    host, port = address()
    claim(var)
    with contextlib.closing(Lock(var)) as lock, contextlib.closing(Children()) as children:
        if not lock.take():
            raise EmbeddedError(
                f"The console already runs in {var} (process {lock.holder()}): "
                "stop it, or choose another folder with VAR_DIR=…"
            )
        check_free(host, port)
        if "MAKELEVEL" in os.environ:  # a killed make takes us along
            die_with_parent(signal.SIGTERM)
        return Console(var, host, port, children).run()


def address() -> tuple[str, int]:
    """HOST and PORT of the environment."""
    port = os.environ.get("PORT") or "8000"
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise EmbeddedError(f"PORT={port} is no port: choose a number from 1 to 65535.")
    return os.environ.get("HOST") or "127.0.0.1", int(port)


def check_free(host: str, port: int) -> None:
    """Refuse an address we can't listen on, before anything is started."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen()
    except socket.gaierror:
        raise EmbeddedError(f"HOST={host} is no address of this machine: try HOST=127.0.0.1.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise EmbeddedError(f"Port {port} of {host} is taken: choose another with PORT={port + 1}.") from None
        raise EmbeddedError(f"Can't listen on port {port} of {host} ({error.strerror}): set HOST and PORT.") from None


class Console:
    """One run of everything."""

    def __init__(self, var: Path, host: str, port: int, children: Children) -> None:
        self.var, self.host, self.port, self.children = var, host, port, children
        self.env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "partner_console.settings",
            "HOST": host,
            "PORT": str(port),
            "VAR_DIR": str(var),
            "LOG_LEVEL": os.environ.get("LOG_LEVEL") or "WARNING",  # a terminal shows what needs somebody
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore:You're running the worker",  # as root: it listens to nobody outside
            "PYTHONUTF8": "1",
        }
        demo = os.environ.get("DEMO", "").lower()
        if demo not in WANTED:
            raise EmbeddedError(f"DEMO={demo} is neither 1 nor 0.")
        self.demo = WANTED[demo] and "postgres" in missing_servers()

    def run(self) -> int:
        try:
            for server in prepare(self.var):
                if self.stopping:
                    return 0
                self.children.add(Child(server.name, server.spawn, server.stop_signal), server.start())
            self.set_up()
            if not self.stopping:
                self.start_ours()
                self.wait_until_ready()
                self.greet()
            while not self.stopping:
                self.children.turn()
        finally:
            self.stop()
        return 0

    @property
    def stopping(self) -> bool:
        return self.children.stop_asked is not None

    def child(self, name: str, *arguments: str, orphaned: signal.Signals = signal.SIGTERM) -> Child:
        argv = [sys.executable, *arguments]
        start = functools.partial(spawn, argv, output=subprocess.PIPE, orphaned=orphaned, env=self.env, cwd=str(HOME))
        return Child(name, start, signal.SIGTERM)

    # --- Before the start -----------------------------------------------------------------------------------

    def set_up(self) -> None:
        if self.unfinished.exists():  # a stop in the middle of the demo data: only that was in there
            drop_database(socket_dir(self.var))
        self.manage("migrate", "--noinput", "--verbosity", "0")
        if self.static_changed():
            self.manage("collectstatic", "--noinput", "--clear", "--verbosity", "0")
            if not self.stopping:
                self.stamp.write_text(self.static_version(), encoding="ascii")
        if self.demo and not self.stopping:
            demo_password(self.var)
            if not self.holds("SELECT 1 FROM access_partner"):
                self.children.say("Making the demo data (DEMO=0 starts without)")
                self.unfinished.touch()
                self.manage("seed_demo")
        if not self.stopping:
            self.unfinished.unlink(missing_ok=True)

    def manage(self, *arguments: str) -> None:
        failed = not self.stopping and self.children.run_once(self.child("setup", "manage.py", *arguments))
        if failed and not self.stopping:
            raise EmbeddedError(f"`manage.py {arguments[0]}` failed; its message is above.")

    @property
    def unfinished(self) -> Path:
        """There while the demo data is being made."""
        return self.var / "demo.unfinished"

    @property
    def stamp(self) -> Path:
        return self.var / "static.version"

    def static_changed(self) -> bool:
        return not self.stamp.exists() or self.stamp.read_text(encoding="ascii") != self.static_version()

    def static_version(self) -> str:
        """Changes with our static files and with the packages that bring theirs."""
        known = hashlib.sha256((HOME / "requirements.txt").read_bytes())
        for path in sorted((HOME / "static").rglob("*")):
            known.update(f"{path} {path.stat().st_mtime_ns}".encode())
        return known.hexdigest()

    def holds(self, query: str) -> bool:
        sockets = str(socket_dir(self.var))
        with psycopg.connect(dbname=DATABASE, user="postgres", host=sockets) as connection:
            return connection.execute(f"SELECT EXISTS ({query})").fetchone() == (True,)

    # --- Running --------------------------------------------------------------------------------------------

    def start_ours(self) -> None:
        bind = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        web = ["gunicorn", "partner_console.wsgi", "--bind", bind, "--no-control-socket", "--log-level", "warning"]
        web += ["--workers", os.environ.get("WEB_CONCURRENCY") or "2", "--timeout", "60", "--graceful-timeout", "10"]
        celery = ["celery", "--app", "partner_console", "--quiet"]
        worker = [*celery, "worker", "--queues", QUEUES, "--loglevel", "warning"]
        worker += ["--concurrency", os.environ.get("WORKER_CONCURRENCY") or "2", "--without-gossip", "--without-mingle"]
        beat = [*celery, "beat", "--schedule", str(self.var / "beat"), "--pidfile=", "--loglevel", "warning"]
        self.children.add(self.child("web", "-m", *web))
        # An orphaned worker would wait for its broker, which is gone too; the sweeps find what it left.
        self.children.add(self.child("worker", "-m", *worker, orphaned=signal.SIGKILL))
        self.children.add(self.child("beat", "-m", *beat))

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.stopping and not self.answers():
            self.children.turn(0.2)
            failing = [child.name for child in self.children.waiting if child.failures >= 3]
            if failing or time.monotonic() > deadline:
                raise EmbeddedError(f"The console does not start ({', '.join(failing) or 'web'}); the reason is above.")

    def answers(self) -> bool:
        connection = http.client.HTTPConnection(self.shown_host, self.port, timeout=10)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/accounts/login/")
            return connection.getresponse().status < 500
        return False

    @property
    def shown_host(self) -> str:
        """Where a browser on this machine finds the console."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - not binding

    def greet(self) -> None:
        if self.stopping:
            return
        host = f"[{self.shown_host}]" if ":" in self.shown_host else self.shown_host
        self.children.say(f"Console ready at http://{host}:{self.port}")
        if self.demo and self.holds("SELECT 1 FROM access_user WHERE email = 'owner@acme.example'"):
            for login, whose in DEMO_LOGINS:
                self.children.say(f"  {login:<26}{whose}")
            self.children.say(f"Demo password: {demo_password(self.var)}")
        elif not self.holds_partners():
            self.children.say("No partner yet: make the first with `.venv/bin/python manage.py createpartner`")

    def holds_partners(self) -> bool:
        return "postgres" not in missing_servers() or self.holds("SELECT 1 FROM access_partner")

    def stop(self) -> None:
        """Web, worker and beat first, while the servers still take their last words; then the servers."""
        ours = [child for child in self.children.running if child.name not in {"PostgreSQL", "Valkey"}]
        if ours:
            self.children.say("Stopping (a second signal stops at once)")
        self.children.stop(ours, seconds=20)
        self.children.forced = False  # these need no more than a moment
        servers = list(self.children.running)
        self.children.stop(servers, seconds=30)
        if ours or servers:
            self.children.say(f"Stopped. The data stays in {self.var}")
