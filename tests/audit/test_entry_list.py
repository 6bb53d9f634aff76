"""The audit page: who sees what, filters, words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from tests.audit.conftest import OPERATION
from tests.factories import make_account

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.audit.models import AuditEntry
    from tests.personas import Persona

pytestmark = pytest.mark.django_db
URL = "/audit/"


def rows(client: Client, **query: str) -> list[list[str]]:
    response = client.get(URL, query)
    assert response.status_code == 200, response.content.decode()[:2000]
    page = BeautifulSoup(response.content, "html.parser")
    return [[" ".join(cell.stripped_strings) for cell in row.find_all(["td", "th"])] for row in page.select("tbody tr")]


def test_it_says_who_changed_what_in_words(
    acme_manager: Persona, as_: Callable[[Persona], Client], write: Callable[..., AuditEntry]
) -> None:
    account = make_account(acme_manager.partner, "1792155717328010", nickname="Kaito Trading")
    write(
        acme_manager.actor,
        Action.ACCOUNT_FROZEN,
        account,
        changes={"payg_frozen": [False, True], "shutdown_policy": ["noStop", "delayStop"], "labels": [[], ["VIP"]]},
        note="Invoice 42 is <overdue>",
    )

    (row,) = rows(as_(acme_manager))

    assert row[1] == "manager@acme.example"
    assert row[2] == "PAYG frozen"
    assert row[3] == "1792155717328010 Kaito Trading linked account"
    assert "PAYG frozen by the partner No → Yes" in row[4]
    assert "Shutdown policy No shutdown → Delayed shutdown" in row[4]
    assert "Labels — → VIP" in row[4]
    assert row[5] == "Invoice 42 is <overdue>"
    assert row[6] == "Console"


def test_it_speaks_the_readers_language_whatever_was_written(
    acme_master: Persona, as_: Callable[[Persona], Client], write: Callable[..., AuditEntry]
) -> None:
    write(acme_master.actor, Action.PARTNER_EDITED, acme_master.partner, changes={"language": ["en", "ja"]})

    (row,) = rows(as_(acme_master))

    assert "English → 日本語" in row[4]


def test_a_reference_is_named_and_not_numbered(
    acme_master: Persona, as_: Callable[[Persona], Client], write: Callable[..., AuditEntry]
) -> None:
    master = make_account(acme_master.partner, "5184", nickname="Holding")
    account = make_account(acme_master.partner, "1792")
    write(acme_master.actor, Action.ACCOUNT_TRUSTEESHIP_SET, account, changes={"trustee": [None, master.pk]})

    (row,) = rows(as_(acme_master))

    assert "— → 5184 Holding" in row[4]


def test_another_partners_entries_are_absent(
    acme_master: Persona, outsider: Persona, as_: Callable[[Persona], Client], write: Callable[..., AuditEntry]
) -> None:
    write(acme_master.actor, Action.ACCOUNT_EDITED, make_account(acme_master.partner))

    assert rows(as_(outsider)) == []
    assert "Every change anybody makes here is written down" in as_(outsider).get(URL).content.decode()


def test_an_agency_never_reads_of_quota_or_controls(
    agency_master: Persona, as_: Callable[[Persona], Client], write: Callable[..., AuditEntry]
) -> None:
    account = make_account(agency_master.partner, "77")
    write(
        agency_master.actor,
        Action.ACCOUNT_LINKED,
        account,
        changes={"nickname": [None, "Lumen"], "purchase_control": [None, "normal"], "amount": [None, "5.00"]},
    )
    write(system_actor("x", partner=agency_master.partner), Action.QUOTA_CREATED, account)

    (row,) = rows(as_(agency_master))

    assert "Nickname — → Lumen" in row[4]
    assert "Purchase" not in row[4]
    assert "5.00" not in row[4]
    assert as_(agency_master).get(URL, {"action": Action.QUOTA_CREATED}).status_code == 422


def test_each_filter_finds_its_own(
    acme_master: Persona,
    acme_finance: Persona,
    as_: Callable[[Persona], Client],
    write: Callable[..., AuditEntry],
) -> None:
    account, other = make_account(acme_master.partner, "111"), make_account(acme_master.partner, "222")
    with time_machine.travel(datetime(2026, 1, 31, 17, 0, tzinfo=UTC), tick=False):  # 1 February in UTC+8
        wanted = write(acme_finance.actor, Action.QUOTA_ADJUSTED, account, note="Black Friday", operation_id=OPERATION)
    with time_machine.travel(datetime(2026, 1, 31, 15, 0, tzinfo=UTC), tick=False):
        write(system_actor("nightly", partner=acme_master.partner), Action.ACCOUNT_EDITED, other, note="renamed")
    client = as_(acme_master)

    for query in (
        {"q": "111"},
        {"who": "FINANCE@"},
        {"action": Action.QUOTA_ADJUSTED.value},
        {"method": "console"},
        {"since": "2026-02-01"},
        {"reason": "black"},
        {"operation": str(OPERATION)},
        {"about": f"uids.linkedaccount:{account.pk}"},
        {"since": "2026-02-01", "until": "2026-02-01", "q": "1"},
    ):
        found = rows(client, **query)
        assert [row[2] for row in found] == ["Quota Adjustment"], query
    assert [row[2] for row in rows(client, until="2026-01-31")] == ["Basic information changed"]
    assert rows(client, reason="nobody wrote this") == []
    assert wanted.operation_id == OPERATION


@pytest.mark.parametrize(
    "query",
    [
        {"action": "made.up"},
        {"since": "yesterday"},
        {"since": "2026-02-02", "until": "2026-02-01"},
        {"operation": "x"},
        {"about": "uids.linkedaccount:1 OR 1=1"},
        {"unknown": "1"},
    ],
)
def test_a_bad_filter_is_refused_and_shows_nothing(
    acme_master: Persona,
    as_: Callable[[Persona], Client],
    write: Callable[..., AuditEntry],
    query: dict[str, str],
) -> None:
    write(acme_master.actor, Action.ACCOUNT_EDITED, make_account(acme_master.partner, "3141592653"))

    response = as_(acme_master).get(URL, query)

    assert response.status_code == 422
    assert "3141592653" not in response.content.decode()


def test_one_operations_entries_are_one_click_away(
    acme_master: Persona, as_: Callable[[Persona], Client], write: Callable[..., AuditEntry]
) -> None:
    account = make_account(acme_master.partner)
    write(acme_master.actor, Action.ACCOUNT_FROZEN, account, operation_id=OPERATION)
    write(acme_master.actor, Action.CLOUD_CONFIRMED, account, operation_id=OPERATION)
    write(acme_master.actor, Action.ACCOUNT_EDITED, account)
    client = as_(acme_master)

    link = BeautifulSoup(client.get(URL).content, "html.parser").find("a", string="Show together")

    assert link is not None
    assert len(rows(client, operation=str(link["href"]).partition("=")[2])) == 2


def test_the_number_of_queries_does_not_grow_with_the_rows(
    acme_master: Persona, as_: Callable[[Persona], Client], write: Callable[..., AuditEntry]
) -> None:
    client = as_(acme_master)
    used = []
    for n_more in (2, 18):
        for _number in range(n_more):
            master, account = make_account(acme_master.partner), make_account(acme_master.partner)
            write(acme_master.actor, Action.ACCOUNT_TRUSTEESHIP_SET, account, changes={"trustee": [None, master.pk]})
        client.get(URL)  # whatever the first visit warms up
        with CaptureQueriesContext(connection) as captured:
            rows(client)
        used.append(len(captured))

    assert used[0] == used[1]


def test_the_fragment_is_part_of_the_page(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    fragment = as_(acme_master).get(URL, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in fragment
    assert 'id="results"' in fragment


def test_visitors_are_sent_to_sign_in(client: Client) -> None:
    response = client.get(reverse("audit:entry_list"))

    assert response.status_code == 302
    assert "/accounts/login/" in response["Location"]
