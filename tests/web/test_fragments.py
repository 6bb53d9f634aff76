"""The shared fragments, seen as a browser without scripts sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bs4 import BeautifulSoup

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

pytestmark = pytest.mark.usefixtures("gallery")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(as_: Callable[[Persona], Client], acme_master: Persona) -> Client:
    return as_(acme_master)


def page(client: Client, url: str, *, status: int = 200, headers: dict[str, str] | None = None) -> BeautifulSoup:
    response = client.get(url, headers=headers)
    assert response.status_code == status
    return BeautifulSoup(response.content, "html.parser")


def test_the_page_has_one_heading_a_main_and_a_way_past_the_sidebar(client: Client) -> None:
    html = page(client, "/gallery/")

    assert len(html.select("h1")) == 1
    skip = html.select_one("a.skip-link")
    assert skip is not None
    assert html.select_one(f"main{skip['href']}") is not None


def test_nothing_inline_that_the_content_policy_would_block(client: Client) -> None:
    html = page(client, "/gallery/list/")

    assert html.select("[style], style, [onclick], [onchange]") == []
    assert all(script.get("src") for script in html.select("script"))


def test_a_table_tells_its_order_and_names_each_checkbox(client: Client) -> None:
    html = page(client, "/gallery/list/")

    assert [th.get("aria-sort") for th in html.select("thead th[aria-sort]")] == ["ascending"]
    names = [str(box["aria-label"]) for box in html.select("input[data-row]")]
    assert len(names) == len(set(names)) == 30
    assert names[0] == "Select 1792155717328010"


def test_every_row_can_be_chosen_without_scripts(client: Client) -> None:
    html = page(client, "/gallery/list/")

    form = html.select_one("form#bulk")
    assert form is not None
    assert {box["form"] for box in html.select("input[data-row]")} == {"bulk"}
    assert [radio["value"] for radio in form.select("input[name=scope]")] == ["selected", "filter"]
    assert "10,000+" in form.get_text(" ", strip=True)


def test_the_fragment_is_the_page_s_own_region(client: Client) -> None:
    whole = page(client, "/gallery/list/")
    fragment = page(client, "/gallery/list/", headers=HTMX)

    assert fragment.html is None
    region = fragment.select_one("#results")
    assert region is not None
    assert len(region.select("tbody tr")) == len(whole.select("#results tbody tr"))


@pytest.mark.parametrize(
    ("state", "said"),
    [("empty", "Nothing here yet"), ("filtered", "Nothing matches"), ("error", "This list could not be read")],
)
def test_a_list_without_rows_says_why(client: Client, state: str, said: str) -> None:
    html = page(client, f"/gallery/state/{state}/")

    region = html.select_one("#results")
    assert region is not None
    assert said in region.get_text()
    assert region.select("table") == []


def test_asking_first_works_as_a_page_and_as_a_dialog(client: Client) -> None:
    whole, fragment = page(client, "/gallery/confirm/"), page(client, "/gallery/confirm/", headers=HTMX)

    for html in (whole, fragment):
        form = html.select_one("form#confirm")
        assert form is not None
        assert form["method"] == "post"
        assert "Subscriptions keep running." in form.get_text()
    assert fragment.html is None


def test_a_link_that_opens_a_dialog_leads_to_the_page_without_scripts(client: Client) -> None:
    link = page(client, "/gallery/").select_one("a[hx-target='#dialog']")

    assert link is not None
    assert link["href"] == link["hx-get"] == "/gallery/confirm/"


def test_messages_become_toasts_once(client: Client) -> None:
    first = page(client, "/gallery/?toast")
    second = page(client, "/gallery/")

    toasts = [toast.get_text(" ", strip=True) for toast in first.select("#toasts .flash")]
    assert toasts == ["Done: Nickname saved. Close message", "Error: The cloud refused: Error3015. Close message"]
    assert second.select("#toasts .flash") == []


@pytest.mark.parametrize("code", [400, 404, 409, 422, 429, 500, 503])
def test_every_error_says_what_happened_and_what_next(client: Client, code: int) -> None:
    html = page(client, f"/gallery/error/{code}/", status=code)

    assert html.h1 is not None
    assert html.h1.get_text(strip=True)
    assert html.select_one("main a.btn[href='/']") is not None


def test_a_refusal_gives_the_reason_as_a_page_and_as_a_toast(client: Client) -> None:
    whole = page(client, "/gallery/error/403/", status=403)
    toast = page(client, "/gallery/error/403/", status=403, headers=HTMX)

    assert "Only an owner may do this." in whole.select("main")[0].get_text()
    assert toast.html is None
    text = toast.select_one(".flash-error [data-flash-text]")
    assert text is not None
    assert text.get_text() == "Only an owner may do this."


def test_the_server_error_page_needs_nothing() -> None:
    from django.template.loader import get_template  # noqa: PLC0415 after the fixture changed the engine

    html = BeautifulSoup(get_template("500.html").render(), "html.parser")

    assert html.h1 is not None
    assert html.h1.get_text() == "Something went wrong on our side"


@pytest.mark.django_db
def test_a_stranger_sees_customers_pages_and_errors_without_the_sidebar(client: Client) -> None:
    client.logout()

    for url, status in (("/gallery/public/", 200), ("/gallery/error/404/", 404)):
        html = page(client, url, status=status)
        assert html.select(".rail") == []
        assert html.h1 is not None


@pytest.mark.parametrize(
    "url",
    [
        "/accounts/login/",
        "/accounts/password/reset/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/2fa/webauthn/",
        "/accounts/sessions/",
        "/accounts/logout/",
        "/accounts/reauthenticate/",
        "/accounts/signup/",
    ],
)
def test_sign_in_pages_wear_our_look(client: Client, url: str) -> None:
    if url in ("/accounts/login/", "/accounts/password/reset/", "/accounts/signup/"):
        client.logout()

    html = page(client, url)

    assert html.select_one("link[href*='console.css']") is not None
    assert len(html.select("h1")) == 1
    assert all(button.get("class") for button in html.select("main button:not([name=language])"))


def test_sign_in_offers_no_sign_up(client: Client) -> None:
    client.logout()

    html = page(client, "/accounts/login/")

    assert html.select("a[href*=signup]") == []
    assert "An owner of your partner can invite you" in html.get_text()
