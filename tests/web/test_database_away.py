"""A database that is away for a moment: every page says so plainly, and the log says it in one line."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.db.utils import OperationalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

SAYS = "The console is starting again. Nothing you had saved is lost; try again in a moment."


def away(*_: Any) -> Any:
    """Every query fails as with a server that is gone."""
    raise OperationalError("server closed the connection\nunexpectedly") from psycopg.OperationalError("gone")


@pytest.fixture
def client(as_: Callable[[Persona], Client], acme_master: Persona) -> Client:
    client = as_(acme_master)
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/", "/uids/", "/health/", "/accounts/login/", "/nowhere/"])
def test_every_page_says_that_the_console_is_starting_again(client: Client, path: str, method: str) -> None:
    with connection.execute_wrapper(away):
        response = getattr(client, method)(path)

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response["Cache-Control"] == "no-store"
    html = BeautifulSoup(response.content, "html.parser")
    assert html.main is not None
    assert SAYS in html.main.get_text()


def test_a_part_of_a_page_says_it_as_a_toast(client: Client) -> None:
    with connection.execute_wrapper(away):
        response = client.get("/uids/", headers={"HX-Request": "true"})

    html = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 503
    assert html.html is None
    assert [text.get_text() for text in html.select(".flash-error [data-flash-text]")] == [SAYS]


def test_the_log_has_one_line_without_a_traceback(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), connection.execute_wrapper(away):
        client.get("/uids/")

    assert len(caplog.records) == 1
    line = caplog.text
    assert "database_away" in line
    assert "/uids/" in line
    assert "Traceback" not in line
    assert "unexpectedly" not in line


def test_a_database_that_answers_with_an_error_is_our_fault(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_long(*_: Any) -> Any:
        raise OperationalError("took too long") from psycopg.errors.QueryCanceled("took too long")

    monkeypatch.setattr("partner_console.web.views.read_overview", too_long)

    response = client.get("/")

    assert response.status_code == 500
    assert "Traceback" in caplog.text
