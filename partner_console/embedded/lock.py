"""Who runs the servers of a VAR_DIR, and who else uses them."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Lock:
    """Two file locks that the system itself lets go of when their holder dies.

    `console.lock` belongs to the one process that runs the servers; `users.lock` is shared by processes that joined it.
    """

    def __init__(self, var: Path) -> None:
        self._owner = (var / "console.lock").open("a+", encoding="ascii")
        self._users = (var / "users.lock").open("a+", encoding="ascii")

    def take(self) -> bool:
        """Become the one who runs the servers; False when another process does."""
        try:
            fcntl.flock(self._owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        self._owner.truncate(0)
        self._owner.write(str(os.getpid()))
        self._owner.flush()
        return True

    def holder(self) -> str:
        """The process id of the one who runs the servers."""
        self._owner.seek(0)
        return self._owner.read() or "unknown"

    def join(self) -> None:
        """Use the servers of another process; it waits for us before it stops them."""
        fcntl.flock(self._users, fcntl.LOCK_SH)

    def leave(self) -> None:
        fcntl.flock(self._users, fcntl.LOCK_UN)

    def wait_for_users(self) -> None:
        fcntl.flock(self._users, fcntl.LOCK_EX)

    def close(self) -> None:
        self._owner.close()
        self._users.close()
