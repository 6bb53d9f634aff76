"""The owner and a customer open every page they are offered: each answers, nothing breaks, axe finds nothing.

What others are offered is opened without a browser, in tests/web/test_every_page_answers.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings as console_settings
from django.urls import reverse

from tests.architecture.matrix_rows import ROWS
from tests.browser.busy_world import busy_world, invitations
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.walking import Walk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page
    from pytest_django.fixtures import Settings

    from tests.personas import Persona

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A GET that no link leads to: parts of pages that scripts ask for, the way in, and what only a mail offers.
NOT_LINKED = {"quota:rule_progress", "quota:chart_image", "quota:batch_not_done", "linking:invitation_uid",
              "web:outbox_html", "web:health", "access:join", "account_reset_password"}  # fmt: skip
LOOKS = {
    "desktop-light-en": {"on": DESKTOP, "color_scheme": "light", "language": "en"},
    # axe takes two thirds of a walk: it looks at dark and narrow in tests/web/test_looks.py, at every part there is.
    "phone-dark-ja": {"on": PHONE, "color_scheme": "dark", "language": "ja", "axe": "never"},
}


def offered(persona: str) -> set[str]:
    """The names the URL matrix promises this persona; the customer's own pages have a test of their own."""
    mine = {row.name for row in ROWS if row.expected(persona) == 200 and not row.post}
    return {name for name in mine if not name.startswith(("linking:invite_", "linking:my_", "linking:receipt_"))}


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def starts(acme_master: Persona, agency_master: Persona, distributor_master: Persona) -> list[str]:
    """Where acme's owner begins: the overview, and the pages that differ by what they show."""
    return ["/", *busy_world(acme_master, agency_master, distributor_master)]


@pytest.fixture
def walk(open_page: Callable[..., Page], console: str) -> Callable[..., Walk]:
    def begin(persona: Persona | None = None, *, language: str = "en", axe: str = "every name", **how: Any) -> Walk:
        page = open_page(persona, reduced_motion="reduce", **how)
        chosen = {"name": console_settings.LANGUAGE_COOKIE_NAME, "value": language, "url": console}
        page.context.add_cookies([chosen])  # type: ignore[list-item]
        return Walk(page, axe)  # type: ignore[arg-type]

    return begin


@pytest.mark.parametrize("look", LOOKS)
def test_the_owner_opens_every_page(
    walk: Callable[..., Walk], acme_master: Persona, starts: list[str], look: str
) -> None:
    walked = walk(acme_master, **LOOKS[look]).follow(starts)

    assert walked.problems == []
    walked.page.goto("/")  # the last page may be a customer's, in the customer's language
    assert walked.page.locator("html").get_attribute("lang") == LOOKS[look]["language"]
    assert offered("owner") - walked.seen - NOT_LINKED == set(), "pages that no link leads to"


@pytest.mark.parametrize("language", ["en", "zh-hans", "ja"])
def test_a_customer_opens_every_page_on_a_phone(walk: Callable[..., Walk], acme_master: Persona, language: str) -> None:
    sent = invitations(acme_master)
    walked = walk(on=PHONE, axe="every page", color_scheme="light" if language == "en" else "dark")

    def page(name: str, token: str) -> str:
        return reverse(f"linking:{name}", args=[token]) + f"?lang={language}"

    for state in ("declined", "failed", "linked", "approved"):
        walked.open(page("invite_done", sent[state].fresh_token))
    for state in ("withdrawn", "expired"):
        walked.open(page("invite_start", sent[state].fresh_token), status=410)
    walked.open(page("invite_start", "nobody-was-sent-this"), status=404)
    for name in ("invite_start", "invite_changes", "invite_not_me", "invite_help", "invite_decline", "invite_proof"):
        walked.open(page(name, sent["sent"].fresh_token))
    walked.page.locator("input[name=digits]").fill(sent["sent"].uid[-6:])
    walked.page.locator("input[name=digits]").press("Enter")
    walked.page.wait_for_url("**/decide/")
    walked.judge()

    assert walked.problems == []
    assert walked.page.locator("html").get_attribute("lang") == language
