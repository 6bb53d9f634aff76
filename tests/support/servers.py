"""pytest plugin: throw-away embedded servers for a run that names none, started before Django reads its settings."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from partner_console import embedded

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None]:
    """Only the process that was started by hand does this; xdist's workers inherit the environment."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        at_end = contextlib.ExitStack()
        early_config.add_cleanup(at_end.close)
        var = at_end.enter_context(tempfile.TemporaryDirectory(prefix="console-", ignore_cleanup_errors=True))
        database, redis = at_end.enter_context(embedded.servers(Path(var).resolve(), durable=False))
        os.environ["VAR_DIR"] = var
        os.environ.setdefault("DATABASE_URL", database)
        os.environ.setdefault("REDIS_URL", redis)
    return (yield)
