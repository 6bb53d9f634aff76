"""Chromium against the live console. Journeys name what people see: labels, buttons, headings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as console_settings
from django.test import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page
    from pytest_django.fixtures import Settings
    from pytest_django.live_server_helper import LiveServer

    from tests.personas import Persona

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def console(live_server: LiveServer, settings: Settings) -> str:
    """The running console's address, which its mails name too; without a mail server, so it shows its outbox."""
    settings.BASE_URL = live_server.url
    settings.SHOW_OUTBOX = True
    return str(live_server.url)


@pytest.fixture
def open_page(chromium: Browser, console: str) -> Iterator[Callable[..., Page]]:
    """A page of a person's own browser: `open_page(persona)` signed in, `open_page(on=PHONE)` a stranger's phone."""
    contexts: list[Any] = []

    def open_one(persona: Persona | None = None, *, on: dict[str, int] = DESKTOP, **how: Any) -> Page:
        context = chromium.new_context(viewport=on, base_url=console, locale="en-GB", **how)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(60_000)  # a busy machine is slow, not wrong
        if persona is not None and persona.user is not None:
            client = Client()
            client.force_login(persona.user)
            cookie = client.cookies[console_settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": console}])
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
