"""The Linked User ID list at 1,000, 100,000 and 1,000,000 accounts: 50 rows × 12 columns, side by side in one run with
raw SQL + a minimal template (the floor) and with the same model in Django's admin, all through the same middleware."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from partner_console.access.models import Partner
from partner_console.access.policy import Role
from partner_console.web.keyset import Mark
from tests.bench.bulk_accounts import fill
from tests.bench.figures import Figure, at_least, at_most, noted
from tests.factories import make_member, make_partner, make_user
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 12
ADMIN_ROUNDS = 3
NEEDLE = "orchid games"
# The floor counts nothing. What must be counted row by row is compared with itself and the admin, not with the floor.
UNJUDGED = ("frozen", "search")


@dataclass(frozen=True)
class Page:
    """One way to look at the list: its query, the floor's values, and the admin's query."""

    of: str
    query: str
    floor: dict[str, str]
    admin: str


def pages(partner: Partner, size: int) -> list[Page]:
    middle = LinkedAccount.objects.filter(partner=partner).order_by("-linked_at", "-pk")[size // 2]
    mark = Mark(middle.linked_at, middle.pk, size // 2).encode("-linked")
    deep = {"at": str(middle.linked_at), "pk": str(middle.pk)}
    return [
        Page("first", "sort=-linked", {}, ""),
        Page("deep", urlencode({"sort": "-linked", "after": mark}), deep, f"p={size // 100}"),
        Page("filtered", "status=normal&country=SG", {}, "relationship__exact=normal&country__exact=SG"),
        Page("frozen", "payg=frozen", {}, "payg_frozen__exact=1"),
        Page("by available", "sort=available", {}, "o=3"),
        Page("search", urlencode({"q": NEEDLE}), {"needle": f"%{NEEDLE}%"}, urlencode({"q": NEEDLE})),
    ]


def best(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The fastest of some rounds for each, in turns, so that a busy moment meets all of them. Milliseconds."""
    found: dict[str, float] = {}
    for _round in range(rounds + 1):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            took = (time.perf_counter() - begin) * 1000
            found[name] = min(found.get(name, took), took) if _round else took
    return found


def getter(client: Client, url: str, *, fragment: bool = False) -> Callable[[], object]:
    headers = {"HX-Request": "true"} if fragment else {}

    def get() -> object:
        response = client.get(url, headers=headers)
        if response.status_code != 200:
            raise RuntimeError(f"{url}: {response.status_code}")
        return response

    return get


def run(size_cap: int | None) -> list[Figure]:
    sizes = [size for size in SIZES if size_cap is None or size <= size_cap] or [size_cap or SIZES[0]]
    logging.disable(logging.WARNING)
    with override_settings(ROOT_URLCONF="tests.bench.floor"):
        worlds = {size: world(size) for size in sizes}
        return measured(worlds)


def world(size: int) -> tuple[Client, list[Page]]:
    """A partner of this size, with somebody signed in who sees every column."""
    partner = Partner.objects.filter(code=f"bench-{size}").first()
    if partner is None:
        partner = make_partner(f"bench-{size}")
        make_member(partner, Role.OWNER, email=f"owner@bench-{size}.example")
        begin = time.perf_counter()
        fill(partner.pk, size=size)
        print(f"  {size:,} accounts made in {time.perf_counter() - begin:,.0f} s", flush=True)
    client = Client()
    client.force_login(partner.memberships.get().user)
    return client, pages(partner, size)


def measured(worlds: dict[int, tuple[Client, list[Page]]]) -> list[Figure]:
    figures: list[Figure] = []
    names = [page.of for page in next(iter(worlds.values()))[1]]
    smallest, largest = min(worlds), max(worlds)
    admin = Client()
    admin.force_login(make_user("operator@bench.example", is_staff=True, is_superuser=True))
    for at, name in enumerate(names):
        calls: dict[str, Callable[[], object]] = {}
        for size, (client, all_pages) in worlds.items():
            page = all_pages[at]
            calls[f"fragment {size}"] = getter(client, f"/uids/?{page.query}", fragment=True)
            calls[f"page {size}"] = getter(client, f"/uids/?{page.query}")
            calls[f"floor {size}"] = getter(client, f"/bench/floor/?{urlencode({'of': name, **page.floor})}")
        took = best(calls, ROUNDS)
        changelist = f"/bench/admin/uids/linkedaccount/?{worlds[largest][1][at].admin}"
        took |= best({"admin": getter(admin, changelist)}, ADMIN_ROUNDS)
        figures += judged(name, took, sizes=list(worlds))
        # A list that fits on one page is not counted; every other is looked at by the planner and, when few, counted.
        counts = [n_queries(*worlds[size], at) for size in (smallest, largest)]
        figures.append(
            at_most(f"list {name}: queries at {largest:,} more than at {smallest:,}", counts[1] - counts[0], 2, "")
        )
        print(f"  {name}: " + ", ".join(f"{key} {value:.1f} ms" for key, value in took.items()), flush=True)
    return figures


def judged(name: str, took: dict[str, float], *, sizes: list[int]) -> list[Figure]:
    smallest, largest = min(sizes), max(sizes)
    figures = []
    for size in sizes:
        for part, limit in (("fragment", 3), ("page", 5)):
            label, value = f"list {name} {size:,}: {part} over floor", took[f"{part} {size}"] / took[f"floor {size}"]
            figures.append(noted(label, value, "×") if name in UNJUDGED else at_most(label, value, limit))
    growth = took[f"fragment {largest}"] / took[f"fragment {smallest}"]
    most = 5 if name in UNJUDGED else 1.5
    figures.append(at_most(f"list {name}: {largest:,} over {smallest:,}", growth, most))
    versus = took["admin"] / took[f"page {largest}"]
    label = f"list {name} {largest:,}: faster than Django admin"
    # The admin's own switch of an account is a plain column; ours is what is in force, through its master.
    is_judged = largest == max(SIZES) and name != "frozen"
    figures.append(at_least(label, versus, 10) if is_judged else noted(label, versus, "×"))
    return figures


def n_queries(client: Client, all_pages: list[Page], at: int) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/uids/?{all_pages[at].query}")
    return len(queries)
