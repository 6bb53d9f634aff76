"""Walk the console as somebody who follows every link, and write down what a visitor would complain of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from playwright.sync_api import ConsoleMessage, Locator, Page

# Files to keep, the way out, and a mail's own document, which is read inside the outbox's page.
NOT_PAGES = {
    "quota:import_refused", "quota:batch_not_done", "linking:batch_refused", "mfa_download_recovery_codes",
    "account_logout", "admin:logout", "admin:jsi18n", "web:outbox_html",
}  # fmt: skip
MOST_PAGES = 250
LINKS = "nodes => nodes.filter(a => a.origin === location.origin).map(a => a.pathname + a.search)"
SETTLED = "() => !document.querySelector('[hx-trigger=load], .htmx-request')"


def name_of(address: str) -> str | None:
    """The name of the view that answers at this path; None where none does."""
    try:
        return str(resolve(urlsplit(address).path).view_name)
    except Resolver404:
        return None


def follow_links(starts: Iterable[str], open_page: Callable[[str], list[str]]) -> tuple[set[str], list[str]]:
    """Breadth-first: the starts, then one page of every name that a link offers; `open_page` says where a page leads.

    The names of the pages that were opened, and links that lead nowhere.
    """
    ahead, strays = list(starts), []
    seen = {name for start in ahead if (name := name_of(start))}
    for count, address in enumerate(ahead):
        assert count < MOST_PAGES, f"the walk does not end: {ahead[-5:]}"
        for link in open_page(address):
            name = name_of(link)
            if name is None:
                strays.append(f"{address} leads to {link}, which is no page")
            elif name not in seen | NOT_PAGES:
                seen.add(name)
                ahead.append(link)
    return seen, strays


def leave(by: Locator) -> None:
    """Click what leads to another page, or to this one answered anew, and wait until that is there."""
    with by.page.expect_navigation():
        by.click()


@dataclass
class Walk:
    """One browser page that goes about; `problems` is empty when nobody would complain."""

    page: Page
    axe: Literal["every page", "every name", "never"] = "every name"
    problems: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    examined: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self._note(f"script error: {error}"))
        self.page.on("console", self._listen)

    def follow(self, starts: Iterable[str]) -> Walk:
        """Open the starts, then one page of every name that a link offers."""
        self.seen, strays = follow_links(starts, self.open)
        self.problems += strays
        return self

    def open(self, address: str, status: int = 200) -> list[str]:
        """Open one page and judge it; where its links lead."""
        response = self.page.goto(address)
        assert response is not None
        if response.status != status:
            self._note(f"{address} answered {response.status}")
            return []
        if (name_of(self.page.url) or "").startswith("account_login"):
            self._note(f"{address} asked to sign in")
        self.judge()
        found: list[str] = self.page.locator("a[href]:not([download], iframe *)").evaluate_all(LINKS)
        return found

    def judge(self) -> None:
        self.page.wait_for_function(SETTLED)
        name = name_of(self.page.url) or ""
        if name.startswith("admin:"):
            return  # Django's own looks
        assert self.page.viewport_size is not None
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > self.page.viewport_size["width"]:
            self._note(f"scrolls sideways: {width}px")
        if self.axe == "never" or (self.axe == "every name" and name in self.examined):
            return
        self.examined.add(name)
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response["violations"]
        for one in found:
            self._note(f"axe {one['id']}: {[node['target'] for node in one['nodes']]}")

    def _listen(self, message: ConsoleMessage) -> None:
        """What Chromium logs as an error: a script's, a missing file, a breach of the content security policy.

        That the page itself answered 4xx is logged too; `open` judges that."""
        source = message.location.get("url", "")
        own = source == self.page.url and re.search(r"status of 4\d\d", message.text)
        if message.type == "error" and not own:
            self._note(f"{message.text} ({source})")

    def _note(self, problem: str) -> None:
        self.problems.append(f"{urlsplit(self.page.url).path}: {problem}")
