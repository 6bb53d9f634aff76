"""What customers run at the simulated cloud: bought, stopped, running again, released, expired. Its clock's times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from partner_console.cloud.simulated import clock
from partner_console.cloud.simulated.models import InstanceKind, SimAccount, SimInstance

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from decimal import Decimal

RELEASED_AFTER = timedelta(days=15)  # of an arrears stop, acpn.md §8.1; a partner's own freeze releases nothing
TERM_DAYS = 30

# An account and whoever pays for it; one whose master this cloud has not met pays itself.
PAYER = """
    JOIN simulated_simaccount a ON a.id = i.account_id AND a.partner_uid <> ''
    LEFT JOIN simulated_simaccount m ON m.uid = a.trustee_uid AND a.trustee_uid <> ''
"""

_FOLLOW = f"""
    UPDATE simulated_siminstance AS row SET state = wanted.state, changed_at = %(now)s
    FROM (
        SELECT i.id, CASE
            WHEN CASE WHEN m.id IS NULL THEN a.payg_stopped_at ELSE m.payg_stopped_at END <= %(released)s
                THEN 'released'
            WHEN a.payg_frozen OR coalesce(m.payg_frozen, false)
                OR CASE WHEN m.id IS NULL THEN a.payg_stopped_at ELSE m.payg_stopped_at END IS NOT NULL
                THEN 'stopped'
            ELSE 'running' END AS state
        FROM simulated_siminstance i {PAYER}
        WHERE i.kind = 'payg' AND i.state <> 'released'
            AND (%(uids)s::text[] IS NULL OR a.uid = ANY(%(uids)s) OR a.trustee_uid = ANY(%(uids)s))
    ) AS wanted
    WHERE row.id = wanted.id AND row.state <> wanted.state
"""  # noqa: S608 our own words only


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the console lets an order through, and in words why not."""

    is_allowed: bool
    reason: str = ""
    instance: SimInstance | None = None


def follow(uids: Collection[str] | None = None) -> int:
    """Bring what runs on pay-as-you-go in line with the facts of its account and of who pays for it; how many moved.

    One statement, in the caller's transaction, for the given accounts and those whose money they hold; None is all.
    Released stays released.
    """
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            _FOLLOW, {"now": now, "released": now - RELEASED_AFTER, "uids": None if uids is None else list(uids)}
        )
        return int(cursor.rowcount)


@transaction.atomic
def put(
    account: SimAccount,
    *,
    kind: InstanceKind | str,
    price: Decimal,
    name: str = "",
    term_days: int = TERM_DAYS,
    renews: bool = False,
    started_at: datetime | None = None,
) -> SimInstance:
    """An instance nobody was asked about: it is there, and for a first term nothing is owed."""
    now = clock.now()
    kind = InstanceKind(kind)
    is_subscription = kind is InstanceKind.SUBSCRIPTION
    started_at = started_at or now
    instance = SimInstance.objects.create(
        account=account,
        name=name or f"{'ecs' if is_subscription else 'vm'}-{account.uid[-4:]}-{account.instances.count() + 1}",
        kind=kind,
        price=price,
        term_days=term_days if is_subscription else None,
        renews=renews and is_subscription,
        started_at=started_at,
        changed_at=now,
        ends_at=started_at + timedelta(days=term_days) if is_subscription else None,
    )
    follow([account.uid])
    instance.refresh_from_db()
    return instance


def order(
    account: SimAccount,
    *,
    kind: InstanceKind | str,
    price: Decimal,
    name: str = "",
    term_days: int = TERM_DAYS,
    renews: bool = False,
) -> Verdict:
    """The customer orders: the console judges, and what it allows runs at once. A subscription's term is owed now."""
    verdict = judge(account, kind, price)
    if not verdict.is_allowed:
        return verdict
    with transaction.atomic():
        account = SimAccount.objects.get(pk=account.pk)  # who pays may have changed since
        if kind == InstanceKind.SUBSCRIPTION:
            owe(account, price)
        instance = put(account, kind=kind, price=price, name=name, term_days=term_days, renews=renews)
    return Verdict(is_allowed=True, instance=instance)


def judge(account: SimAccount, kind: InstanceKind | str, price: Decimal) -> Verdict:
    """What the console says of an order; named by a setting, so that the kernel imports no app."""
    if not account.partner_uid:
        return Verdict(is_allowed=False, reason=_("The account is linked to no partner."))
    is_allowed, reason = import_string(settings.SIMULATED_CLOUD_ORDERS)(account.uid, str(kind), price)
    return Verdict(is_allowed=is_allowed, reason=reason)


def owe(account: SimAccount, amount: Decimal) -> None:
    """Consumption of whoever pays for this account."""
    payer = account.trustee_uid if SimAccount.objects.filter(uid=account.trustee_uid).exists() else account.uid
    SimAccount.objects.filter(uid=payer).update(undeducted=F("undeducted") + amount, changed_at=timezone.now())


def remove(instance: SimInstance) -> None:
    """The customer gives it up; what it has used is owed all the same."""
    instance.delete()
