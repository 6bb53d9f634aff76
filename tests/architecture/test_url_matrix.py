"""Every URL × every persona, and no GET writes. A URL that nobody thought about fails here."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.architecture.matrix_rows import ELSEWHERE, ROWS
from tests.architecture.world import World, build_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.architecture.matrix import Row
    from tests.personas import Persona

WRITES = re.compile(r"^\s*(INSERT|UPDATE|DELETE|TRUNCATE|ALTER|CREATE|DROP)\b", re.IGNORECASE)
# What signing in itself keeps: when a session was last seen, and its data. Nothing of a tenant.
SESSION_TABLES = ("django_session", "usersessions_usersession")


def named_urls(patterns: list[URLPattern | URLResolver] | None = None, namespace: str = "") -> Iterator[str]:
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from named_urls(pattern.url_patterns, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}"


def test_every_url_has_a_row() -> None:
    ours = {name for name in named_urls() if not name.startswith("admin:")}

    assert ours - {row.name for row in ROWS} - ELSEWHERE == set()
    assert {row.name for row in ROWS} - ours == set(), "rows of URLs that are gone"


@pytest.fixture
def world(acme_master: Persona, agency_master: Persona) -> World:
    return build_world(acme_master, agency_master)


@pytest.fixture
def people(
    acme_master: Persona,
    acme_manager: Persona,
    acme_finance: Persona,
    acme_readonly: Persona,
    outsider: Persona,
    agency_master: Persona,
    operator: Persona,
    anonymous: Persona,
) -> dict[str, Persona]:
    return {
        "owner": acme_master, "manager": acme_manager, "finance": acme_finance, "viewer": acme_readonly,
        "outsider": outsider, "agency": agency_master, "operator": operator, "anonymous": anonymous,
    }  # fmt: skip


def refuse_writes(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    if WRITES.match(sql) and not any(table in sql for table in SESSION_TABLES):
        pytest.fail(f"a GET wrote: {sql[:200]}")
    return execute(sql, *rest)


def ask(client: Client, row: Row, url: str) -> int:
    if row.post:
        return client.post(url).status_code
    with connection.execute_wrapper(refuse_writes):
        return client.get(url + (f"?{row.query}" if row.query else "")).status_code


@contextmanager
def undone() -> Iterator[None]:
    """What asking one row wrote is taken back: the next finds the same world, which is dearer to build than to ask."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]  # noqa: SLF001 as pytest-django's own, for durable ones
    with block:
        yield
        transaction.set_rollback(True)


@pytest.mark.parametrize("app", sorted({row.app for row in ROWS}))
def test_who_gets_what(
    app: str, world: World, people: dict[str, Persona], as_: Callable[[Persona], Client], settings: Settings
) -> None:
    settings.SHOW_OUTBOX = True
    clients = {name: as_(persona) for name, persona in people.items()}
    got: dict[str, dict[str, int | None]] = {}
    expected: dict[str, dict[str, int | None]] = {}

    for row in (row for row in ROWS if row.app == app):
        url = reverse(row.name, kwargs=row.args(world))
        asked = {name: (clients[name], url) for name in people if row.expected(name) is not None}
        expected[row.id] = {name: row.expected(name) for name in asked}
        if row.own is not None:
            asked["agency, its own"] = clients["agency"], url.replace(world.account.uid, world.agency_account.uid)
            expected[row.id]["agency, its own"] = row.own
        with undone():
            got[row.id] = {name: ask(client, row, address) for name, (client, address) in asked.items()}

    assert got == expected
