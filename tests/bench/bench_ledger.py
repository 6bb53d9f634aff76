"""The ledger: writes beside a bare statement, the proof of ten million entries, records of one account, their export.

Writes are entries a second of several processes, on one account and on many; a turn of each side follows the other, and
the median of the turns' ratios counts. Pages and the proof are judged by processor time (`clock.Clock`) against
themselves at a smaller size, the export as in `bench_export`.
"""

from __future__ import annotations

import io
import logging
import resource
import sys
import time
from statistics import median
from urllib.parse import urlencode

from django.core.management import call_command
from django.test import Client

from partner_console.access.models import Partner
from partner_console.access.policy import Role
from quota import verify
from tests.bench.bench_export import OWNER, compared
from tests.bench.bench_list import best, getter
from tests.bench.clock import Clock
from tests.bench.figures import Figure, at_least, at_most, noted
from tests.bench.ledger_book import EACH, open_accounts, write_book, write_records
from tests.bench.ledger_writers import writers
from tests.factories import make_member, make_partner
from uids.models import LinkedAccount

WRITERS = 2
SPREAD = 200
TURNS = 8
SECONDS = 0.7
BOOK = 10_000_000
RECORDS = (1_000, 100_000, 1_000_000)
EXPORTED = 100_000
ROUNDS = 7
MOST_MEMORY = 40


def run(size_cap: int | None) -> list[Figure]:
    """All four; SIZE caps the entries of the book and of the accounts."""
    logging.disable(logging.WARNING)
    partner = Partner.objects.filter(code="bench").first() or make_partner("bench")
    if not partner.memberships.exists():
        make_member(partner, Role.OWNER, email=OWNER)
    pks = open_accounts(partner.pk, first=10_000_000, last=10_000_000 + SPREAD)
    figures = writes(pks)
    sizes = [size for size in RECORDS if size_cap is None or size <= size_cap] or [size_cap or RECORDS[0]]
    uids = {}
    for size in sizes:
        (pk,) = open_accounts(partner.pk, first=20_000_000 + size, last=20_000_000 + size)
        write_records(pk, size=size)
        uids[size] = LinkedAccount.objects.get(pk=pk).uid
    figures += pages(partner, uids)
    exported = max(size for size in sizes if size <= EXPORTED)
    query = urlencode({"uid": uids[exported], "period": "all", "kind": ["usage", "quota_adjust"]}, doseq=True)
    figures += compared(f"ledger: export of {exported:,} records", "quota.entries", query)
    return figures + proof(min(BOOK, size_cap or BOOK))


def writes(pks: list[int]) -> list[Figure]:
    """Entries a second through the service, one at a time and a thousand at a time, over those of the bare statement."""
    accounts = list(LinkedAccount.objects.filter(pk__in=pks).order_by("pk").values_list("pk", "uid"))
    figures = []
    with writers(WRITERS, accounts) as turn:
        for spread in ("hot", "many"):
            where = "one account" if spread == "hot" else f"{SPREAD} accounts"
            rates: dict[str, list[float]] = {"floor": [], "service": [], "batch": []}
            for _turn in range(TURNS + 1):  # the first only warms up
                for side, found in rates.items():
                    found.append(turn(side, spread, SECONDS))
            shares = {
                side: median(rate / floor for rate, floor in zip(found[1:], rates["floor"][1:], strict=True))
                for side, found in rates.items()
            }
            print(
                f"  {where}: " + ", ".join(f"{side} {max(found):,.0f}/s" for side, found in rates.items()), flush=True
            )
            figures += [
                at_least(f"ledger, {where}: one event through the service over bare SQL", shares["service"], 0.5),
                at_least(f"ledger, {where}: events in batches over bare SQL", shares["batch"], 0.8),
                noted(f"ledger, {where}: bare SQL", max(rates["floor"]), "entries/s"),
            ]
    return figures


def pages(partner: Partner, uids: dict[int, str]) -> list[Figure]:
    """Adjust Detail info of accounts with few records and with a million."""
    client = Client()
    client.force_login(partner.memberships.get(user__email=OWNER).user)
    views = {"quota changes": "", "all kinds": "kind=usage&kind=quota_adjust", "everything ever": "period=all"}
    clock = Clock()
    figures = []
    for name, query in views.items():
        calls = {f"{size}": getter(client, f"/uids/{uid}/quota/?{query}", fragment=True) for size, uid in uids.items()}
        took = best(calls, ROUNDS, clock)
        print(f"  records, {name}: " + ", ".join(f"{size} {value:.1f} ms" for size, value in took.items()), flush=True)
        smallest, largest = min(uids), max(uids)
        label = f"ledger records, {name}: {largest:,} over {smallest:,}"
        figures.append(at_most(label, took[f"{largest}"] / took[f"{smallest}"], 1.5))
    return figures


def proof(size: int) -> list[Figure]:
    """`verify_ledger` over a whole book, and over its first tenth, by processor time an entry."""
    partner = make_partner("bench-book")
    begin = time.perf_counter()
    first, entries = write_book(partner.pk, size=size)
    print(f"  {entries:,} entries made in {time.perf_counter() - begin:,.0f} s", flush=True)
    clock = Clock()
    after = first - 1
    last = after + max(1, entries // EACH // 10)
    before = _memory()
    begin, tenth = time.perf_counter(), clock()
    small = _told(after, until=last)
    tenth, whole = clock() - tenth, clock()
    call_command("verify_ledger", after=after, stdout=io.StringIO(), stderr=io.StringIO())
    whole, seconds = clock() - whole, time.perf_counter() - begin
    return [
        noted("verify_ledger: entries", entries, ""),
        noted("verify_ledger: entries a second", (entries + small) / seconds, "/s"),
        at_most("verify_ledger: an entry of all over one of a tenth", (whole / entries) / (tenth / small), 1.3),
        at_most("verify_ledger: memory it took", _memory() - before, MOST_MEMORY, "MB"),
    ]


def _told(after: int, *, until: int) -> int:
    entries = 0
    for checked in verify.verify(after=after):
        if checked.drifts:
            raise AssertionError(checked.drifts[:3])
        entries += checked.entries
        if checked.last >= until:
            break
    return entries


def _memory() -> float:
    """The most this process ever held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
