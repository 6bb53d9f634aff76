"""Keyset paging: every row once, in order, both ways, with and without a key."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from partner_console.errors import Invalid
from partner_console.web.keyset import Mark, Order, Sort, bare, capped_count
from partner_console.web.paging import read_page
from tests.factories import make_account, make_partner
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from partner_console.access.models import Partner

pytestmark = pytest.mark.django_db

NICKNAME = Sort("nickname")
STOPPED = Sort("payg_stopped_at", is_nullable=True)


@pytest.fixture
def partner() -> Partner:
    return make_partner()


def walk(order: Order[Any], size: int, *, back: bool = False) -> list[int]:
    """All pks by following next (or, from the end, previous) from page to page."""
    rows = LinkedAccount.objects.all()
    page = read_page(rows, order, mark=None, size=size, is_backwards=False, pinned=[])
    pages = [page]
    while page.after:
        page = read_page(rows, order, mark=page.after, size=size, is_backwards=False, pinned=[])
        pages.append(page)
    if back:
        pages = [page]
        while page.before:
            page = read_page(rows, order, mark=page.before, size=size, is_backwards=True, pinned=[])
            pages.insert(0, page)
    return [row.pk for page in pages for row in page.rows]


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("is_descending", [False, True])
def test_pages_show_every_row_once_though_keys_repeat(partner: Partner, *, is_descending: bool, back: bool) -> None:
    accounts = [make_account(partner, nickname=f"name {n % 3}") for n in range(11)]

    found = walk(Order(NICKNAME, is_descending, partner.pk), 3, back=back)

    expected = sorted(accounts, key=lambda a: (a.nickname, a.pk), reverse=is_descending)
    assert found == [account.pk for account in expected]


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("is_descending", [False, True])
def test_rows_without_a_key_come_last_both_ways(partner: Partner, *, is_descending: bool, back: bool) -> None:
    keyed = [make_account(partner, payg_stopped_at=datetime(2026, 1, day, tzinfo=UTC)) for day in (3, 1, 2, 1)]
    bare = [make_account(partner) for _ in range(5)]

    found = walk(Order(STOPPED, is_descending, partner.pk), 2, back=back)

    by_key = sorted(keyed, key=lambda a: (a.payg_stopped_at, a.pk), reverse=is_descending)
    by_pk = sorted(bare, key=lambda a: a.pk, reverse=is_descending)
    assert found == [account.pk for account in by_key + by_pk]


def test_a_page_knows_its_numbers_and_ends(partner: Partner) -> None:
    for n in range(5):
        make_account(partner, nickname=f"name {n}")
    order: Order[Any] = Order(NICKNAME, is_descending=False)
    rows = LinkedAccount.objects.all()

    first = read_page(rows, order, mark=None, size=2, is_backwards=False, pinned=[])
    second = read_page(rows, order, mark=first.after, size=2, is_backwards=False, pinned=[])
    last = read_page(rows, order, mark=second.after, size=2, is_backwards=False, pinned=[])
    again = read_page(rows, order, mark=second.before, size=2, is_backwards=True, pinned=[])

    assert [(p.first, p.last, p.total) for p in (first, second, last)] == [(1, 2, 5), (3, 4, 5), (5, 5, 5)]
    assert (first.before, last.after) == (None, None)
    assert (again.rows, again.first, again.before) == (first.rows, 1, None)


def test_a_page_whose_rows_are_gone_begins_again(partner: Partner) -> None:
    account = make_account(partner)
    mark = Mark(account.nickname, account.pk, 50)

    page = read_page(
        LinkedAccount.objects.all(),
        Order(NICKNAME, is_descending=False),
        mark=mark,
        size=2,
        is_backwards=False,
        pinned=[],
    )

    assert (page.rows, page.first) == ([account], 1)


def test_an_exact_hit_stands_above_and_is_not_repeated(partner: Partner) -> None:
    accounts = [make_account(partner, nickname=f"name {n}") for n in range(3)]

    page = read_page(
        LinkedAccount.objects.all(),
        Order(NICKNAME, is_descending=False),
        mark=None,
        size=5,
        is_backwards=False,
        pinned=[accounts[2]],
    )

    assert page.rows == [accounts[2], accounts[0], accounts[1]]
    assert (page.first, page.last, page.total) == (1, 3, 3)


def test_counting_stops_one_past_the_cap(partner: Partner) -> None:
    for _ in range(4):
        make_account(partner)

    assert capped_count(bare(LinkedAccount.objects.all()), 2) == 3
    assert capped_count(bare(LinkedAccount.objects.all()), 1_000) == 4


@pytest.mark.parametrize("token", ["", "!!", "bm90anNvbg", "WyJuaWNrbmFtZSIsIngiXQ"])
def test_a_damaged_mark_is_refused(token: str) -> None:
    field = NICKNAME.field(LinkedAccount)

    with pytest.raises(Invalid):
        Mark.decode(token, "nickname", field)


def test_a_mark_of_another_sorting_is_refused() -> None:
    field = NICKNAME.field(LinkedAccount)

    with pytest.raises(Invalid):
        Mark.decode(Mark("x", 1, 1).encode("-nickname"), "nickname", field)
    assert Mark.decode(Mark("x", 1, 7).encode("nickname"), "nickname", field) == Mark("x", 1, 7)
