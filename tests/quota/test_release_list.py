"""Who is released next: the list's column, filter, order and file, and the tiles that lead there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.http import QueryDict
from django.urls import reverse

from linking.overview import overview
from quota.selectors import list_uids_with_quota, uids_to_count
from tests.factories import make_account
from uids.exports import COLUMNS, read
from uids.states import Relationship
from uids.views.lists import AccountPage

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def accounts(acme_readonly: Persona) -> None:
    """By the end of their UID: released in so many days; and what is not released."""
    partner = acme_readonly.partner
    for days in (1, 3, 7, 12):
        stopped = NOW - 15 * DAY + days * DAY - timedelta(minutes=5)
        account = make_account(partner, f"179215571732800{days:02}", payg_stopped_at=stopped)
    make_account(partner, "1792155717328112", trustee=account)
    make_account(partner, "1792155717328020", payg_stopped_at=NOW - 16 * DAY, payg_released_at=NOW - DAY)
    make_account(partner, "1792155717328021", payg_stopped_at=NOW - DAY, relationship=Relationship.TERMINATED)
    make_account(partner, "1792155717328022")


@pytest.mark.usefixtures("accounts")
@time_machine.travel(NOW, tick=False)
def test_the_filter_is_about_what_is_in_force(acme_readonly: Persona) -> None:
    expected = {"1": {"01"}, "3": {"01", "03"}, "7": {"01", "03", "07"}, "15": {"01", "03", "07", "12"}}

    for release, ends in expected.items():
        found = list_uids_with_quota(acme_readonly.actor, release=release)
        assert {row.uid[-2:] for row in found} == ends
        assert uids_to_count(acme_readonly.actor, release=release).count() == found.count()
    assert list_uids_with_quota(acme_readonly.actor, release="15").count() == 5  # the sub-account ends like its master


@pytest.mark.usefixtures("accounts")
@time_machine.travel(NOW, tick=False)
def test_the_list_counts_down_and_leads_to_the_soonest(
    acme_readonly: Persona, agency_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    page = AccountPage(acme_readonly.actor, QueryDict("sort=release&release=15"))
    rows = page.page().rows
    assert [row.uid[-2:] for row in rows] == ["01", "03", "07", "12", "12"]

    client = as_(acme_readonly)
    shown = client.get(reverse("uids:account_list"), {"release": "15", "sort": "release"}).content.decode()
    for words in ("in 23 h", "in 2 days", "in 6 days", "in 11 days", "2026-03-03 19:55 UTC+8"):
        assert words in shown
    everything = client.get(reverse("uids:account_list"), {"sort": "-release"})
    assert everything.status_code == 200
    assert client.get(reverse("uids:account_list"), {"release": "99"}).status_code == 422
    agencys = as_(agency_master).get(reverse("uids:account_list")).content.decode()
    assert "Release" not in agencys


@pytest.mark.usefixtures("accounts")
@time_machine.travel(NOW, tick=False)
def test_the_file_has_the_moment(acme_readonly: Persona) -> None:
    page = AccountPage(acme_readonly.actor, QueryDict("release=15&sort=release"))
    columns = [column for column in COLUMNS if column.key in ("uid", "release")]

    rows = [row for part in page.selection("filter") for row in read(acme_readonly.actor, part, columns)]

    assert [at - NOW for _uid, at in rows][:2] == [DAY - timedelta(minutes=5), 3 * DAY - timedelta(minutes=5)]
    assert rows[-1][1] == rows[-2][1]


@pytest.mark.usefixtures("accounts")
@time_machine.travel(NOW, tick=False)
def test_tiles_and_lists_agree(acme_readonly: Persona, as_: Callable[[Persona], Client]) -> None:
    found = overview(acme_readonly.actor)

    assert (found.n_to_be_released, found.n_planned) == (5, 0)
    page = as_(acme_readonly).get("/").content.decode()
    assert "release=15" in page
    assert reverse("quota:schedule_list") in page
