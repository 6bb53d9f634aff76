"""The trail of one thing, as pages show it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from django.template.loader import render_to_string

from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.selectors import list_entries, timeline
from tests.factories import make_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_console.audit.models import AuditEntry
    from tests.personas import Persona

pytestmark = pytest.mark.django_db


def test_newest_first_and_only_of_this_subject(acme_master: Persona, write: Callable[..., AuditEntry]) -> None:
    account, other = make_account(acme_master.partner), make_account(acme_master.partner)
    write(acme_master.actor, Action.ACCOUNT_LINKED, account)
    write(acme_master.actor, Action.ACCOUNT_EDITED, account)
    write(acme_master.actor, Action.ACCOUNT_EDITED, other)

    found = timeline(acme_master.actor, account)

    assert [line.action for line in found.entries] == [Action.ACCOUNT_EDITED, Action.ACCOUNT_LINKED]
    assert found.more_url == ""


def test_a_long_trail_is_cut_and_links_to_all_of_it(acme_master: Persona, write: Callable[..., AuditEntry]) -> None:
    account = make_account(acme_master.partner)
    for _number in range(4):
        write(acme_master.actor, Action.ACCOUNT_EDITED, account)

    found = timeline(acme_master.actor, account, limit=3)

    assert len(found.entries) == 3
    about = parse_qs(urlsplit(found.more_url).query)["about"][0]
    assert list_entries(acme_master.actor, about=about).count() == 4


def test_an_outsider_reads_nothing(acme_master: Persona, outsider: Persona, write: Callable[..., AuditEntry]) -> None:
    account = make_account(acme_master.partner)
    write(acme_master.actor, Action.ACCOUNT_EDITED, account)

    assert timeline(outsider.actor, account).entries == []


def test_what_was_empty_and_stays_empty_is_not_said(acme_master: Persona, write: Callable[..., AuditEntry]) -> None:
    account = make_account(acme_master.partner)
    changes = {"ends_at": ["", ""], "uid": [None, ""], "email": ["", "it@customer.example"]}
    write(acme_master.actor, Action.ACCOUNT_EDITED, account, changes=changes)

    (line,) = timeline(acme_master.actor, account).entries

    assert line.changes == (("E-mail", "", "it@customer.example"),)


def test_it_fits_the_timeline_fragment(acme_master: Persona, write: Callable[..., AuditEntry]) -> None:
    account = make_account(acme_master.partner)
    write(
        system_actor("quota-sweeper", partner=acme_master.partner),
        Action.ACCOUNT_EDITED,
        account,
        changes={"nickname": ["<b>old</b>", ""]},
        note="typing error",
    )
    found = timeline(acme_master.actor, account)

    html = render_to_string("ui/timeline.html", {"entries": found.entries, "more_url": found.more_url})

    assert "Basic information changed" in html
    assert "&lt;b&gt;old&lt;/b&gt;" in html
    assert "The console itself" in html
    assert "typing error" in html
