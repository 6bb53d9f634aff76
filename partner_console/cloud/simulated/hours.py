"""One hour at the simulated cloud: what runs is used, told now or late; terms end; once a day it is settled.

A handful of statements whatever the number of accounts. What happens is drawn from the account and the hour, so that
the same time played twice brings the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone

from partner_console.cloud.simulated import instances
from partner_console.cloud.simulated.models import InstanceKind, InstanceState, SimAccount, SimInstance

if TYPE_CHECKING:
    from datetime import datetime

HOURS_A_DAY = 24

# Whoever is touched is locked in one order, before anything changes.
_LOCK = "SELECT 1 FROM simulated_simaccount WHERE partner_uid <> '' ORDER BY id FOR NO KEY UPDATE"

# About one hour in twenty is told up to two days late, also when PAYG has been stopped since (acpn.md §8.1).
_USE = f"""
    WITH used AS (
        SELECT coalesce(m.id, a.id) AS account_id, sum(i.price) AS amount,
            hashtext(coalesce(m.uid, a.uid) || %(hour)s::text)::bigint & 1048575 AS dice
        FROM simulated_siminstance i {instances.PAYER}
        WHERE i.kind = 'payg' AND i.state = 'running'
        GROUP BY 1, 3
    ), late AS (
        INSERT INTO simulated_simbill (account_id, amount, due_at)
        SELECT account_id, amount, %(now)s + (1 + dice / 20 %% 48) * interval '1 hour' FROM used WHERE dice %% 20 = 0
    ), due AS (
        DELETE FROM simulated_simbill WHERE due_at <= %(now)s RETURNING account_id, amount
    ), told AS (
        SELECT account_id, sum(amount) AS amount FROM (
            SELECT account_id, amount FROM used WHERE dice %% 20 <> 0 UNION ALL SELECT account_id, amount FROM due
        ) AS both_of_them GROUP BY 1
    )
    UPDATE simulated_simaccount AS a SET undeducted = a.undeducted + told.amount, changed_at = %(really)s
    FROM told WHERE a.id = told.account_id
"""  # noqa: S608 our own words only

# About one account in fifty gets some of it back each day.
_SETTLE = """
    UPDATE simulated_simaccount SET
        deducted = deducted + undeducted
            - CASE WHEN (hashtext(uid || %(hour)s::text)::bigint & 1048575) %% 50 = 0 AND deducted > 0
                THEN round(deducted * 0.02, 2) ELSE 0 END,
        undeducted = 0,
        first_billed_at = coalesce(first_billed_at, %(really)s),
        changed_at = %(really)s
    WHERE partner_uid <> '' AND undeducted > 0
"""


def pass_hour(*, hour: int, now: datetime) -> None:
    """What happens in the hour that ends at `now` by this cloud's clock, the `hour`-th since it runs; in the caller's
    transaction."""
    given: dict[str, int | datetime] = {"hour": hour, "now": now, "really": timezone.now()}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_USE, given)
        if hour % HOURS_A_DAY == 0:
            cursor.execute(_SETTLE, given)
    _end_terms(now)
    instances.follow()


def _end_terms(now: datetime) -> None:
    """Subscriptions at the end of their term: renewed where the customer wants it and may, expired otherwise."""
    ending = SimInstance.objects.filter(
        kind=InstanceKind.SUBSCRIPTION, state=InstanceState.RUNNING, ends_at__lte=now
    ).exclude(account__partner_uid="")
    for instance in ending.select_related("account").order_by("ends_at", "pk"):
        if instance.renews and instances.judge(instance.account, instance.kind, instance.price).is_allowed:
            instances.owe(instance.account, instance.price)
            instance.ends_at = instance.next_end
        else:
            instance.state = InstanceState.EXPIRED
        instance.changed_at = now
        instance.save(update_fields=["state", "ends_at", "changed_at"])


def shoppers(hour: int) -> list[SimAccount]:
    """Who thinks of buying in this hour: a few of those who run something, drawn anew each hour."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT i.account_id FROM simulated_siminstance i JOIN simulated_simaccount a"
            " ON a.id = i.account_id AND a.partner_uid <> ''"
            " WHERE (hashtext('buys' || a.uid || %s::text)::bigint & 1048575) %% 400 = 0 ORDER BY 1 LIMIT 5",
            [hour],
        )
        pks = [pk for (pk,) in cursor.fetchall()]
    return list(SimAccount.objects.filter(pk__in=pks).order_by("pk"))
