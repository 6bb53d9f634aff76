"""What every test has; the servers are started by tests/support/servers.py."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import hypothesis
import pytest
from django.db import connection
from django.utils import translation

from tests.personas import (  # noqa: F401 fixtures
    acme,
    acme_finance,
    acme_manager,
    acme_master,
    acme_readonly,
    agency_master,
    anonymous,
    as_,
    distributor_master,
    operator,
    outsider,
)
from tests.support.chromium import HOW_TO_INSTALL, chromium, find_chromium  # noqa: F401 a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

# A busy machine is not a failure: examples are judged by what they show, not by how long they take.
hypothesis.settings.register_profile("console", deadline=None, max_examples=40)
hypothesis.settings.load_profile("console")

LEFT_OUT = pytest.StashKey[int]()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database goes at the end, also when a page that a browser kept open still holds a connection to it."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(autouse=True)
def everybody_starts_in_english() -> Iterator[None]:
    """A request speaks its reader's language, and the test's client leaves it spoken in this thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def mail_stays_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests read mail in the stored queue; sending in the test's own process would close its database connection."""
    monkeypatch.setattr("partner_console.web.mail._wake_sender", lambda: None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long ones first: begun last, one of them would keep a single worker busy at the end.

    Without Chromium the browser journeys are left out and said so; under CI nothing may be left out.
    """
    items.sort(key=_is_short)
    journeys = [item for item in items if item.get_closest_marker("browser")]
    if not journeys or find_chromium():
        return
    if os.environ.get("CI") == "true":
        raise pytest.UsageError(f"CI runs the browser journeys, and there is no Chromium: {HOW_TO_INSTALL}")
    items[:] = [item for item in items if item not in journeys]
    config.hook.pytest_deselected(items=journeys)
    config.stash[LEFT_OUT] = len(journeys)


def _is_short(item: pytest.Item) -> bool:
    return not (item.get_closest_marker("browser") or "/house/" in item.path.as_posix())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left_out := config.stash.get(LEFT_OUT, 0):
        terminalreporter.write_line(f"Left out {left_out} browser journeys, there is no Chromium: {HOW_TO_INSTALL}")
