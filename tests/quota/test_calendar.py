"""The calendar of releases: a secret address, nothing of anybody else's, and text that calendar programs can read."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.urls import reverse

from partner_console.access.models import Membership, User
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden
from quota.ics import Event, calendar
from quota.models import ReleaseFeed
from quota.services.calendars import make_address, revoke_address
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
STOPPED = NOW - timedelta(days=5)


def unfolded(text: str) -> list[str]:
    """The content lines, as RFC 5545 §3.1 has them read."""
    assert text.endswith("\r\n")
    return text.replace("\r\n ", "").split("\r\n")[:-1]


def stopped(persona: Persona, uid: str, **fields: object) -> LinkedAccount:
    account = make_account(
        persona.partner, uid, quota=Decimal(100), **{"payg_stopped_at": STOPPED, "nickname": "Kaito, Ltd"} | fields
    )
    move(account, EntryKind.SETTLE, deducted="137.20")
    LinkedAccount.objects.filter(pk=account.pk).update(**{"payg_stopped_at": STOPPED} | fields)
    return account


def feed_url(token: str) -> str:
    return reverse("quota:calendar_feed", args=[token])


@time_machine.travel(NOW, tick=False)
def test_the_feed_has_what_will_be_released_and_nothing_of_anybody_elses(
    acme_readonly: Persona, outsider: Persona, client: Client
) -> None:
    account = stopped(acme_readonly, "1792155717328010")
    make_account(account.partner, "1792155717328011", trustee=account)
    stopped(acme_readonly, "1792155717328012", payg_released_at=NOW)
    stopped(acme_readonly, "1792155717328013", relationship=Relationship.TERMINATED)
    make_account(acme_readonly.partner, "1792155717328014")
    stopped(outsider, "1792155717328015", nickname="Not theirs")

    response = client.get(feed_url(make_address(actor=acme_readonly.actor)))

    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert "no-store" in response["Cache-Control"]
    lines = unfolded(response.content.decode())
    assert (lines[0], lines[-1], lines.count("BEGIN:VEVENT")) == ("BEGIN:VCALENDAR", "END:VCALENDAR", 1)
    assert "DTSTART:20260312T120000Z" in lines
    assert "SUMMARY:Release: Kaito\\, Ltd (1792155717328010)" in lines
    (words,) = (line for line in lines if line.startswith("DESCRIPTION:Stopped"))
    assert "37.20 USD" in words
    assert "1 sub-account" in words
    assert any(line.startswith("URL:") and line.endswith("/uids/1792155717328010/") for line in lines)


def test_the_address_dies_when_it_is_renewed_revoked_or_its_member_leaves(
    acme_readonly: Persona, client: Client
) -> None:
    first = make_address(actor=acme_readonly.actor)
    second = make_address(actor=acme_readonly.actor)

    def status(token: str) -> int:
        return client.get(feed_url(token)).status_code

    assert (status(first), status(second), ReleaseFeed.objects.count()) == (404, 200, 1)
    assert not ReleaseFeed.objects.filter(token_hash=second).exists()

    Membership.objects.filter(pk=acme_readonly.membership.pk).update(is_active=False)  # type: ignore[union-attr]
    assert status(second) == 404
    Membership.objects.update(is_active=True)
    User.objects.filter(pk=acme_readonly.user.pk).update(is_active=False)  # type: ignore[union-attr]
    assert status(second) == 404
    User.objects.update(is_active=True)
    assert status(second) == 200

    revoke_address(actor=acme_readonly.actor)
    revoke_address(actor=acme_readonly.actor)
    assert status(second) == 404
    made = AuditEntry.objects.filter(action__in=(Action.CALENDAR_MADE, Action.CALENDAR_REVOKED))
    assert made.count() == 3


def test_an_agency_and_an_operator_have_no_calendar(agency_master: Persona, operator: Persona) -> None:
    for persona in (agency_master, operator):
        with pytest.raises(Forbidden):
            make_address(actor=persona.actor)


def test_the_page_shows_the_address_once(acme_readonly: Persona, as_: Callable[[Persona], Client]) -> None:
    client, url = as_(acme_readonly), reverse("quota:calendar")
    assert "You have no address yet" in client.get(url).content.decode()

    page = client.post(url).content.decode()

    found = re.search(r"/calendar/[\w-]{43}\.ics", page)
    assert found
    assert client.get(found.group()).status_code == 200
    assert found.group() not in client.get(url).content.decode()
    assert client.post(reverse("quota:calendar_revoke")).status_code == 303
    assert client.get(found.group()).status_code == 404


def test_lines_are_folded_by_octets_and_names_cannot_make_properties() -> None:
    name = "海運貿易株式会社" * 12
    event = Event("1@console", NOW, f"{name}\r\nATTENDEE:mailto:evil@example.com;x\\", "a\nb\x07", "https://x.example/")

    text = calendar(name=name, made_at=NOW, events=[event]).decode()

    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    lines = unfolded(text)
    assert f"SUMMARY:{name}\\nATTENDEE:mailto:evil@example.com\\;x\\\\" in lines
    assert "DESCRIPTION:a\\nb" in lines
    assert not any(line.startswith("ATTENDEE") for line in lines)
