"""The gallery in Chromium: axe finds nothing, in both schemes and on both sizes, and the scripts do what they add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as django_settings
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client
    from playwright.sync_api import Browser, BrowserContext, Page
    from pytest_django.live_server_helper import LiveServer

    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("gallery")]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WIDE = {"viewport": {"width": 1440, "height": 900}}


@pytest.fixture
def session(transactional_db: None, acme_master: Persona, as_: Callable[[Persona], Client]) -> str:
    """The cookie of somebody signed in."""
    return as_(acme_master).cookies[django_settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def open_page(chromium: Browser, live_server: LiveServer, session: str) -> Iterator[Callable[..., Page]]:
    """Opens a page of the gallery, signed in; whatever the browser complains of fails the test."""
    contexts: list[BrowserContext] = []

    def _open(path: str, **how: Any) -> Page:
        context = chromium.new_context(base_url=live_server.url, **how)
        contexts.append(context)
        cookie = {"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(f"script error: {error}"))
        page.goto(path)
        return page

    yield _open
    for context in contexts:
        context.close()


def assert_accessible(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    problems = [
        f"{found['id']}: {[node['target'] for node in found['nodes']]}"
        for found in Axe().run(page).response["violations"]
    ]
    assert problems == [], page.url


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE], ids=["phone", "wide"])
def test_axe_finds_nothing(open_page: Callable[..., Page], size: dict[str, Any], scheme: str) -> None:
    page = open_page("/gallery/?toast", color_scheme=scheme, **size)
    assert_accessible(page)

    for path in (
        "/gallery/list/",
        "/gallery/state/filtered/",
        "/gallery/confirm/",
        "/gallery/public/",
        "/gallery/error/404/",
        "/gallery/error/500/",
        "/accounts/2fa/",
        "/accounts/sessions/",
        "/accounts/password/change/",
        "/accounts/reauthenticate/",
    ):
        page.goto(path)
        assert_accessible(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["viewport"]["width"], f"{path} scrolls sideways"


def test_a_dialog_asks_first_keeps_a_refusal_and_gives_way_to_escape(open_page: Callable[..., Page]) -> None:
    page = open_page("/gallery/", **WIDE)

    page.get_by_role("link", name="Freeze PAYG").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Subscriptions keep running.")
    expect(dialog.get_by_role("heading", level=1)).to_be_focused()  # not the dangerous button
    dialog.get_by_role("button", name="Freeze").click()

    expect(dialog).to_contain_text("Nickname: This field is required.")
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert page.url.endswith("/gallery/")


def test_chosen_rows_are_counted_and_open_the_bulk_bar(open_page: Callable[..., Page]) -> None:
    page = open_page("/gallery/list/", **WIDE)
    bar = page.locator("#bulk")
    expect(bar).to_be_hidden()

    page.get_by_label("Select 1792155717328017").check()
    expect(bar).to_contain_text("1 selected")
    page.get_by_label("Select all rows of this page").check()
    expect(bar).to_contain_text("30 selected")
    assert_accessible(page)

    page.get_by_label("Select all rows of this page").uncheck()
    expect(bar).to_be_hidden()


def test_sorting_swaps_the_table_keeps_the_focus_and_says_so(open_page: Callable[..., Page]) -> None:
    page = open_page("/gallery/list/", **WIDE)

    page.get_by_role("link", name="Available quota").click()

    page.wait_for_url("**/gallery/list/?sort=available")
    expect(page.locator("#live")).to_have_text("1–30 of 10,000+")
    expect(page.get_by_role("link", name="Available quota")).to_be_focused()


def test_the_theme_is_remembered(open_page: Callable[..., Page]) -> None:
    page = open_page("/gallery/", color_scheme="light", **WIDE)

    page.get_by_text("owner@acme.example").first.click()
    page.get_by_role("button", name="Dark").click()
    page.reload()

    assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_counters_count_bytes_as_one_types(open_page: Callable[..., Page]) -> None:
    page = open_page("/gallery/", **WIDE)

    page.locator("#id_nickname").fill("日本")

    expect(page.locator("[data-counter=id_nickname]")).to_have_text("6 of 150 bytes")


def test_a_refused_request_is_explained_in_a_toast(open_page: Callable[..., Page]) -> None:
    page = open_page("/gallery/", **WIDE)

    page.evaluate("htmx.ajax('GET', '/gallery/error/403/', {target: '#live'})")

    expect(page.locator("#toasts")).to_contain_text("Only an owner may do this.")


def test_a_phone_opens_the_menu_without_scripts(open_page: Callable[..., Page]) -> None:
    page = open_page("/gallery/list/", java_script_enabled=False, **PHONE)
    rail = page.locator("#rail")
    expect(rail).to_be_hidden()

    page.get_by_role("button", name="Menu").click()

    expect(rail.get_by_role("link", name="Overview")).to_be_visible()
