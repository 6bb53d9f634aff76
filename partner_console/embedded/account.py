"""Root's servers run as an account of their own: PostgreSQL refuses to run as root, and rightly."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "partner-console"


def server_account(data: Path) -> tuple[int, int] | None:
    """User and group id for the servers, None for our own.

    Root gets the owner of the data that is there already, else a system user made for it, else `nobody`.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid:
        return data.stat().st_uid, data.stat().st_gid
    return _ids(ACCOUNT) or _create() or _ids("nobody")


def _ids(name: str) -> tuple[int, int] | None:
    with contextlib.suppress(KeyError):
        entry = pwd.getpwnam(name)
        return entry.pw_uid, entry.pw_gid
    return None


def _create() -> tuple[int, int] | None:
    if useradd := shutil.which("useradd"):
        quietly = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        subprocess.run([useradd, *quietly, ACCOUNT], check=False, capture_output=True)
    return _ids(ACCOUNT)


def let_pass(folder: Path) -> None:
    """Let other accounts walk through closed folders on the way to `folder`, not list or read them, and say so."""
    for step in (folder, *folder.parents):
        mode = step.stat().st_mode
        if not mode & 0o001:
            step.chmod(mode | 0o001)
            if step != folder:
                print(f"The servers don't run as root; their account may now pass through {step}.", file=sys.stderr)
