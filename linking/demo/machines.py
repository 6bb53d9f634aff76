"""What some of the demo's customers run at the simulated cloud."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from partner_console.cloud.simulated import clock, instances
from partner_console.cloud.simulated.models import InstanceKind, SimInstance
from partner_console.cloud.simulated.services import meet
from uids.states import Relationship

if TYPE_CHECKING:
    from linking.demo.accounts import Book
    from partner_console.cloud.simulated.models import SimAccount
    from uids.models import LinkedAccount

SHOWN = 36  # accounts beside those in arrears and those under trusteeship
HOURS = 24 * 30 * 8  # at full use the quota lasts about eight months
NAMES = ("web", "db", "queue", "search", "cache")
LEAST = Decimal("0.05")


def fill(book: Book) -> None:
    """Pay-as-you-go and subscriptions; their state is what the account's facts say."""
    live = [account for account in book.accounts if account.relationship == Relationship.NORMAL]
    shown = live[:SHOWN] + [account for account in live[SHOWN:] if account.payg_stopped_at or account.trustee_id]
    made: list[SimInstance] = []
    for number, account in enumerate(shown):
        known = meet(account.uid)
        if known is not None:
            made += _of(known, account, number)
    SimInstance.objects.bulk_create(made)
    instances.follow()


def _of(known: SimAccount, account: LinkedAccount, number: int) -> list[SimInstance]:
    """One to three of them."""
    now = clock.now()
    since = account.linked_at + timedelta(days=5)
    price = max((known.amount / HOURS / 2).quantize(LEAST / 500), LEAST)
    row = {"account": known, "started_at": since, "changed_at": since}
    rows = [
        SimInstance(kind=InstanceKind.PAYG, name=f"{NAMES[(number + turn) % 5]}-{turn + 1}", price=price, **row)
        for turn in range(1 + number % 2)
    ]
    if number % 3 == 0:
        ends_at = now + timedelta(days=3 + number % 26)
        rows.append(
            SimInstance(
                kind=InstanceKind.SUBSCRIPTION, name=f"erp-{number + 1}", price=max(price * 120, Decimal(5)),
                term_days=30, renews=number % 2 == 0, ends_at=ends_at, **row,
            )
        )  # fmt: skip
    return rows
