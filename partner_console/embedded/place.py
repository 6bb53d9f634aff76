"""VAR_DIR: what lies where in it, whose it is, and the secrets kept there. Starts nothing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

MARKER = ".partner-console"
# What the console itself may have put into VAR_DIR before the marker.
OUR_NAMES = {MARKER, "secret_key", "demo_password", "static", "files", "bench.json"}
SERVER_VARIABLES = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
DATABASE = "console"
SOCKET_PATH_LIMIT = 100  # bytes; macOS allows 104, Linux 108
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # no lookalikes: people type the demo password


class EmbeddedError(RuntimeError):
    """What hinders a start, in one line that says what to do."""


def var_dir() -> Path:
    """VAR_DIR, by default `var` beside manage.py."""
    home = Path(__file__).resolve().parent.parent.parent
    return Path(os.environ.get("VAR_DIR") or home / "var").expanduser().resolve()


def socket_dir(var: Path) -> Path:
    """`run` in VAR_DIR, or a short private directory when that is too long or too unusual for a socket's address."""
    inside = var / "run"
    plain = all(sign.isascii() and (sign.isalnum() or sign in "/._-") for sign in str(inside))
    if plain and len(str(inside / ".s.PGSQL.5432.lock")) <= SOCKET_PATH_LIMIT:
        return inside
    name = hashlib.sha256(str(var).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()).resolve() / f"partner-console-{name}"


def server_urls(var: Path) -> tuple[str, str]:
    """DATABASE_URL and REDIS_URL of the embedded servers of this VAR_DIR, running or not."""
    sockets = socket_dir(var)
    database = f"postgres://postgres@/{DATABASE}?host={quote(str(sockets), safe='/')}"
    return database, f"redis+socket://{sockets}/valkey.sock"


def missing_servers() -> list[str]:
    """The servers that the environment does not name: the embedded ones stand in for them."""
    return [name for name, variable in SERVER_VARIABLES.items() if not os.environ.get(variable)]


def claim(var: Path) -> None:
    """Make VAR_DIR ours; refuse a folder that belongs to somebody else or can't be written."""
    try:
        var.mkdir(parents=True, exist_ok=True, mode=0o700)
        names = {entry.name for entry in var.iterdir()}
        if MARKER not in names and not names <= OUR_NAMES:
            raise EmbeddedError(f"{var} holds files that are not the console's: choose another folder with VAR_DIR=…")
        if MARKER not in names:
            (var / MARKER).write_text("The partner console keeps its data here.\n", encoding="ascii")
        (var / "log").mkdir(exist_ok=True)
        tempfile.TemporaryFile(dir=var).close()
    except FileExistsError:
        raise EmbeddedError(f"{var} is a file: choose a folder with VAR_DIR=…") from None
    except OSError as error:
        raise EmbeddedError(
            f"{var} can't be written ({error.strerror}): "
            "give it to the user who starts the console, or choose another folder with VAR_DIR=…"
        ) from error


def secret_key(var: Path) -> str:
    """The installation's own secret, made once."""
    return _kept_secret(var, "secret_key", secrets.token_urlsafe(50))


def demo_password(var: Path) -> str:
    """The one password of all demo logins, made once."""
    signs = [secrets.choice(READABLE) for _ in range(16)]
    return _kept_secret(var, "demo_password", "-".join("".join(signs[at : at + 4]) for at in range(0, 16, 4)))


def _kept_secret(var: Path, name: str, fresh: str) -> str:
    kept = var / name
    try:
        if not kept.exists():
            claim(var)
            handle, draft = tempfile.mkstemp(dir=var, prefix=f".{name}-")  # only the owner may read it
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(fresh + "\n")
            with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
                os.link(draft, kept)
            Path(draft).unlink()
        return kept.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise EmbeddedError(f"{kept} can't be used ({error.strerror}): start as the user who owns {var}.") from error
