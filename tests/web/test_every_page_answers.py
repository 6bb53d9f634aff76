"""People other than the owner follow every link they are offered, and the owner in Chinese: each page answers.

How pages look and whether scripts run is judged in tests/browser/test_every_page.py.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.conf import settings as console_settings
from django.urls import reverse

from tests.browser.busy_world import busy_world
from tests.browser.walking import follow_links

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.personas import Persona


class Links(HTMLParser):
    """Where a page leads: its links to the console itself, and the parts it loads by itself."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.found, self.language = address, list[str](), ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang") or ""
        where = given.get("href") if tag == "a" and "download" not in given else None
        if given.get("hx-trigger") == "load":
            where = given.get("hx-get")
        if where and not urlsplit(where).scheme and not where.startswith("#"):
            path = urlsplit(urljoin(self.address, where))
            self.found.append(path._replace(fragment="").geturl())


WALKERS = {
    "acme_master": "zh-hans",
    "acme_finance": "en",
    "acme_readonly": "ja",
    "agency_master": "en",
    "distributor_master": "zh-hans",
    "operator": "en",
}


@pytest.mark.django_db(transaction=True)
def test_every_page_they_are_offered_answers(
    as_: Callable[[Persona], Client], settings: Settings, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings.MEDIA_ROOT, settings.SHOW_OUTBOX = tmp_path, True
    people = {who: request.getfixturevalue(who) for who in WALKERS}
    busy_world(people["acme_master"], people["agency_master"], people["distributor_master"])

    for who, language in WALKERS.items():
        client = as_(people[who])
        client.cookies[console_settings.LANGUAGE_COOKIE_NAME] = language

        seen, problems = walk(client, language)

        assert problems == [], who
        assert {"web:overview", "uids:account_detail", "linking:invitation_detail", "audit:entry_list"} <= seen, who


@pytest.mark.parametrize("who", ["acme_master", "distributor_master", "operator"])
def test_every_figure_of_the_overview_opens_its_list(
    who: str, request: pytest.FixtureRequest, as_: Callable[[Persona], Client]
) -> None:
    """The walk opens each kind of page once; these are the same few lists under many filters."""
    client = as_(request.getfixturevalue(who))
    page = BeautifulSoup(client.get(reverse("web:overview"), follow=True).content, "html.parser")
    urls = [str(link["href"]) for link in page.select(".stats a")]

    assert {url: client.get(url, follow=True).status_code for url in urls} == dict.fromkeys(urls, 200)
    assert any("in_warning" in url for url in urls)


def walk(client: Client, language: str) -> tuple[set[str], list[str]]:
    problems: list[str] = []

    def open_page(address: str) -> list[str]:
        response = client.get(address)
        if response.status_code in (301, 302, 303):
            return [response["Location"]]
        page = Links(address)
        if response.status_code != 200:
            problems.append(f"{address} answered {response.status_code}")
        elif response["Content-Type"].startswith("text/html"):
            page.feed(response.content.decode())
            if page.language not in ("", language):
                problems.append(f"{address} speaks {page.language}")
        return page.found

    seen, strays = follow_links(["/"], open_page)
    return seen, problems + strays
