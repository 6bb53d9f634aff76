"""How often: windows that hold across processes, and a page that says when it goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from linking import limits, tasks
from linking.errors import TooManyVisits
from linking.limits import Limit
from linking.models import Invitation, VisitCount
from linking.states import InvitationState
from tests.linking.conftest import DIGITS
from tests.linking.test_customer_pages import PAGES, prove, url
from tests.support.races import run_together

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import Settings

THREE = Limit("three", 3, timedelta(minutes=15))
NINE = Limit("nine", 9, timedelta(minutes=30))


@pytest.mark.django_db
def test_up_to_the_limit_and_again_after_the_window() -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        started = timezone.now()
        for _ in range(3):
            clock.shift(60)
            limits.count((THREE, "here"))
        limits.count((THREE, "elsewhere"))
        with pytest.raises(TooManyVisits) as full:
            limits.count((THREE, "here"))

        assert full.value.until == started + timedelta(minutes=16), "counted from the first"
        clock.move_to(full.value.until)
        limits.count((THREE, "here"))


@pytest.mark.django_db
def test_a_refusal_counts_nowhere() -> None:
    for _ in range(3):
        limits.count((THREE, "link"), (NINE, "address"))
    for _ in range(20):
        with pytest.raises(TooManyVisits):
            limits.count((THREE, "link"), (NINE, "address"))

    for _ in range(6):
        limits.count((NINE, "address"))
    with pytest.raises(TooManyVisits):
        limits.count((NINE, "address"))


@pytest.mark.django_db
def test_what_is_stored_names_nobody_and_is_swept() -> None:
    limits.count((THREE, "203.0.113.9"))
    assert "203" not in VisitCount.objects.get().key or len(VisitCount.objects.get().key) == 64

    tasks.sweep_customers()
    assert VisitCount.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=False):
        tasks.sweep_customers()
    assert not VisitCount.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_at_once_each_is_counted() -> None:
    raised = run_together(12, lambda number: limits.count((NINE, "here"), (THREE, str(number))))

    assert raised.count(None) == 9
    assert {type(error) for error in raised if error} == {TooManyVisits}


def test_scanners_may_fetch_as_often_as_they_like(sent: Invitation, client: Client) -> None:
    for _ in range(limits.OPENS_OF_LINK.most // len(PAGES) + 5):
        for name in PAGES:
            client.get(url(name, sent.fresh_token))

    assert not VisitCount.objects.exists()
    assert client.post(url("invite_start", sent.fresh_token)).status_code == 303


def few(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    limit = getattr(limits, name)
    monkeypatch.setattr(limits, name, Limit(limit.name, most, limit.window))


def test_too_many_opens_of_a_link_show_when_to_come_back(
    sent: Invitation, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, "OPENS_OF_LINK", 2)
    with time_machine.travel("2026-03-01T04:00:00Z", tick=False):
        Invitation.objects.update(expires_at=timezone.now() + timedelta(days=1))
        for _ in range(2):
            client.post(url("invite_start", sent.fresh_token))
        response = client.post(url("invite_start", sent.fresh_token))

        assert response.status_code == 429
        assert response["Retry-After"] == str(15 * 60)
        assert "2026-03-01 12:15 UTC+8" in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        assert client.get(url("invite_start", sent.fresh_token)).status_code == 200, "reading goes on"


def test_trying_links_out_is_held_back_by_the_address(
    sent: Invitation, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, "OPENS_FROM_ADDRESS", 3)
    seen = [client.post(url("invite_start", f"guess-{n}")).status_code for n in range(5)]

    assert seen == [404, 404, 404, 429, 429]
    other = Client(REMOTE_ADDR="198.51.100.7")
    assert other.post(url("invite_start", sent.fresh_token)).status_code == 303, "another address is not held back"


def test_behind_a_proxy_visitors_are_told_apart(
    sent: Invitation, client: Client, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    few(monkeypatch, "OPENS_FROM_ADDRESS", 1)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1  # TRUSTED_PROXIES

    def visit(forwarded: str) -> int:
        path = url("invite_start", sent.fresh_token)
        return client.post(path, headers={"X-Forwarded-For": forwarded}).status_code

    assert visit("198.51.100.7") == 303
    assert visit("198.51.100.8") == 303, "another visitor of the same proxy"
    assert visit("203.0.113.9, 198.51.100.7") == 429, "what the visitor wrote before the proxy's entry does not count"


def test_proofs_have_a_limit_of_their_own(
    sent: Invitation, client: Client, monkeypatch: pytest.MonkeyPatch, unchanged: Callable[[], bool]
) -> None:
    few(monkeypatch, "PROOFS_OF_LINK", 2)
    for _ in range(2):
        assert prove(client, sent.fresh_token, "000000").status_code == 422
    assert unchanged()

    assert prove(client, sent.fresh_token, "000000").status_code == 429
    assert prove(client, sent.fresh_token, DIGITS).status_code == 429, "right or wrong is not looked at"
    assert unchanged()
    sent.refresh_from_db()
    assert sent.state == InvitationState.SENT
