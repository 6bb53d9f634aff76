"""The Linked User ID list at 1,000, 100,000 and 1,000,000 accounts: 50 rows × 12 columns, side by side in one run with
raw SQL + a minimal template (the floor) and with the same model in Django's admin, all through the same middleware.

Ratios to the floor and between sizes are of processor time (`clock.Clock`), the best of rounds taken in turns; the ratio
to the admin is of what a person waits, in turns too and with PostgreSQL's parallel workers, which help the admin most.

Queries: those for a page's rows are the same at every size. Those for “of 1,234” depend on the answer, never on the
rows: none when the first page holds everything; EXPLAIN alone when the planner is sure of far more than the cap;
EXPLAIN and COUNT between; one bounded probe more where a state in force is asked for. So never more than three, and the
two kinds are judged apart.
"""

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
from tests.bench.clock import Clock
from tests.bench.figures import Figure, at_least, at_most, noted
from tests.factories import make_member, make_partner, make_user
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (1_000, 100_000, 1_000_000)
ROUNDS = 15
ADMIN_ROUNDS = 9
# The list is counted by a plan and then by its rows. Whether few or many are frozen decides how they are found.
COUNTING = {"frozen": 3}
USUAL_COUNTING = 2
NEEDLE = "orchid games"
# The floor counts nothing and knows no master. What must be counted row by row is compared with itself and the admin.
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


def best(calls: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float]) -> dict[str, float]:
    """The fastest of some rounds for each, in turns, so that a busy moment meets all of them. Milliseconds.

    The first round only warms up.
    """
    found: dict[str, float] = {}
    for _round in range(rounds + 1):
        for name, call in calls.items():
            begin = clock()
            call()
            took = (clock() - begin) * 1000
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
    largest = max(worlds)
    admin = Client()
    admin.force_login(make_user("operator@bench.example", is_staff=True, is_superuser=True))
    clock = Clock()
    for at, name in enumerate(names):
        calls: dict[str, Callable[[], object]] = {}
        for size, (client, all_pages) in worlds.items():
            page = all_pages[at]
            calls[f"fragment {size}"] = getter(client, f"/uids/?{page.query}", fragment=True)
            calls[f"page {size}"] = getter(client, f"/uids/?{page.query}")
            calls[f"floor {size}"] = getter(client, f"/bench/floor/?{urlencode({'of': name, **page.floor})}")
        took = best(calls, ROUNDS, clock)
        changelist = f"/bench/admin/uids/linkedaccount/?{worlds[largest][1][at].admin}"
        waited = {"admin": getter(admin, changelist), "page": calls[f"page {largest}"]}
        with clock.with_helpers() as waiting:
            took |= best(waited, ADMIN_ROUNDS, waiting)
        figures += judged(name, took, sizes=list(worlds))
        figures += queried(name, {size: n_queries(*world, at) for size, world in worlds.items()})
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
    versus = took["admin"] / took["page"]
    label = f"list {name} {largest:,}: faster than Django admin"
    # The admin's own switch of an account is a plain column; ours is what is in force, through its master.
    is_judged = largest == max(SIZES) and name != "frozen"
    figures.append(at_least(label, versus, 10) if is_judged else noted(label, versus, "×"))
    return figures


def queried(name: str, counts: dict[int, tuple[int, int]]) -> list[Figure]:
    """From the queries for rows and for counting at each size."""
    of_rows, of_counting = zip(*counts.values(), strict=True)
    return [
        at_most(
            f"list {name}: queries besides counting, most − fewest of all sizes", max(of_rows) - min(of_rows), 0, ""
        ),
        at_most(
            f"list {name}: queries for counting at any size", max(of_counting), COUNTING.get(name, USUAL_COUNTING), ""
        ),
    ]


def n_queries(client: Client, all_pages: list[Page], at: int) -> tuple[int, int]:
    """How many for the page, and how many to count it."""
    with CaptureQueriesContext(connection) as queries:
        client.get(f"/uids/?{all_pages[at].query}")
    n_counting = sum(query["sql"].startswith(("EXPLAIN", "SELECT COUNT(")) for query in queries)
    return len(queries) - n_counting, n_counting
