"""Where people are signed in: known at once, but not written at every page."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import time_machine
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona


def writes(client: Client, **headers: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        client.get(reverse("web:overview"), headers=headers)
    return sum("usersessions" in query["sql"] and not query["sql"].startswith("SELECT") for query in found)


def test_a_session_is_written_once_until_something_changes(
    acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_master)
    client.get(reverse("web:overview"))

    assert writes(client) == 0
    assert writes(client, user_agent="Another browser") > 0
    assert writes(client, user_agent="Another browser") == 0
    assert UserSession.objects.get(user=acme_master.user).user_agent == "Another browser"


def test_last_seen_follows_within_minutes(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    client = as_(acme_master)
    client.get(reverse("web:overview"))
    before = UserSession.objects.get(user=acme_master.user).last_seen_at

    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        assert writes(client) > 0

    assert UserSession.objects.get(user=acme_master.user).last_seen_at > before + timedelta(minutes=5)
