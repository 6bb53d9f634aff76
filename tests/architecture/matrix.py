"""The rows of the URL matrix: for every URL, what each persona gets. A URL without a row fails the test.

Objects are acme's, so everybody else's must be 404 (“invisible”), and what acme's own people may not do is 403.
`own` is the agency's answer at the same URL about an account of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.architecture.world import World


@dataclass(frozen=True)
class Row:
    name: str
    owner: int
    manager: int
    finance: int
    viewer: int
    outsider: int
    agency: int
    operator: int
    anonymous: int = 302
    own: int | None = None
    post: bool = False
    args: Callable[[World], dict[str, Any]] = field(default=lambda _world: {})
    query: str = ""

    def expected(self, persona: str) -> int | None:
        status: int | None = getattr(self, persona)
        return status

    @property
    def app(self) -> str:
        """Whose page it is: what stands before the colon."""
        return self.name.partition(":")[0] if ":" in self.name else "account"

    @property
    def id(self) -> str:
        return f"{'POST' if self.post else 'GET'} {self.name}{'?' + self.query if self.query else ''}"


def everyone(name: str, status: int = 200, **extra: Any) -> Row:
    """A page of one's own partner's things: the same answer for all who are signed in."""
    return Row(name, status, status, status, status, status, status, status, **extra)


def public(name: str, status: int = 200, **extra: Any) -> Row:
    return everyone(name, status, anonymous=status, **extra)
