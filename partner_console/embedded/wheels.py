"""Find the servers' programs inside their wheels, without importing what surrounds them there."""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

from partner_console.embedded.place import EmbeddedError


def packaged(package: str, *parts: str) -> Path:
    """The path of a program in a package. Raises EmbeddedError where the wheel has none for this machine."""
    spec = importlib.util.find_spec(package)
    if spec is not None and spec.submodule_search_locations:
        program = Path(spec.submodule_search_locations[0]).joinpath(*parts)
        if program.exists():
            return program
    raise EmbeddedError(
        f"There is no embedded {parts[-1]} for {platform.system()} {platform.machine()}: "
        "run PostgreSQL and Redis or Valkey yourself and set DATABASE_URL and REDIS_URL (docs/operations.md)."
    )
