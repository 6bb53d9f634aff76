"""Exposure taken apart: what is at risk and why, by business manager, shutdown policy, label, and second tier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, F, Q, Sum

from partner_console.access.models import Partner
from partner_console.access.policy import PartnerKind
from partner_console.money import ZERO
from quota.models import CreditAccount
from quota.selectors.exposure import Risk, at_risk, exposed
from uids.models import LinkedAccount
from uids.states import LIVE, AccountType, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from django.utils.functional import _StrPromise

    from partner_console.access.actor import Actor

MOST = 20  # groups shown of a kind; the rest is in the list and its export
SECOND_TIER = (AccountType.T2_AGENCY, AccountType.T2_RESELLER, AccountType.T2_AGENCY_RESELLER)


@dataclass(frozen=True, slots=True)
class Group:
    """Sums over some accounts. `used_at_risk` is what those of them that are at risk (`Risk`) have used.

    `key` is what the list's filter takes; `name` what people read.
    """

    key: str
    name: str | _StrPromise
    n_accounts: int
    quota: Decimal
    available: Decimal
    used_at_risk: Decimal

    @property
    def used(self) -> Decimal:
        return self.quota - self.available


@dataclass(frozen=True, slots=True)
class RiskSum:
    """How many accounts are at one kind of risk, and what they used. An account may be at several."""

    risk: Risk
    n_accounts: int
    used: Decimal


@dataclass(frozen=True, slots=True)
class Breakdown:
    total: Group
    risks: list[RiskSum]
    managers: list[Group]
    policies: list[Group]


@dataclass(frozen=True, slots=True)
class SecondTier:
    """A distributor's T2: its quota from the distributor, and the sums of what it gave its own customers.

    `given` and the rest are None for a T2 that is not on this console.
    """

    account: LinkedAccount
    quota: Decimal | None
    available: Decimal | None
    currency: str
    n_customers: int | None = None
    given: Decimal | None = None
    given_used: Decimal | None = None

    @property
    def over_committed(self) -> Decimal | None:
        """How much more it promised than it has; negative where it has room. Only within one currency."""
        if self.given is None or self.quota is None or self.currency != self.account.partner.currency:
            return None
        return self.given - self.quota


# One pass over the accounts, three ways to sum them up.
_BREAKDOWN = """
WITH exposed (amount, available, manager, policy, arrears, alarm, week, month) AS ({exposed})
SELECT grouping(manager), grouping(policy), manager, policy, count(*), sum(amount), sum(available),
    coalesce(sum(amount - available) FILTER (WHERE arrears OR alarm OR month), 0),
    count(*) FILTER (WHERE arrears), coalesce(sum(amount - available) FILTER (WHERE arrears), 0),
    count(*) FILTER (WHERE alarm), coalesce(sum(amount - available) FILTER (WHERE alarm), 0),
    count(*) FILTER (WHERE week), coalesce(sum(amount - available) FILTER (WHERE week), 0),
    count(*) FILTER (WHERE month), coalesce(sum(amount - available) FILTER (WHERE month), 0)
FROM exposed GROUP BY GROUPING SETS ((), (manager), (policy))
"""


def get_breakdown(actor: Actor) -> Breakdown:
    """Sums and risks of the actor's partner, by business manager and by policy, in one statement."""
    conditions = {f"is_{risk}": at_risk(risk) for risk in Risk}
    rows = (
        exposed(actor)
        .annotate(**conditions)
        .order_by()
        .values_list("amount", "available", "account__business_manager", "account__shutdown_policy", *conditions)
    )
    sql, params = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(_BREAKDOWN.format(exposed=sql), params)
        found = cursor.fetchall()
    totals = next(row for row in found if row[0] and row[1])
    pairs = zip(Risk, totals[8::2], totals[9::2], strict=True)
    policies = {policy.value: policy.label for policy in ShutdownPolicy}
    return Breakdown(
        total=_group("", "", totals),
        risks=[RiskSum(risk, n, used) for risk, n, used in pairs],
        managers=_largest([_group(row[2], row[2], row) for row in found if not row[0]]),
        policies=_largest([_group(row[3], policies[row[3]], row) for row in found if not row[1]]),
    )


def list_by_label(actor: Actor) -> list[Group]:
    """The same by label. An account with two labels counts in both, one without in none."""
    is_risky = Q(*(at_risk(risk) for risk in Risk), _connector=Q.OR)
    rows = (
        exposed(actor)
        .filter(account__labels__isnull=False)
        .order_by()
        .values_list("account__labels", "account__labels__name")
        .annotate(
            n=Count("pk"),
            quota=Sum("amount"),
            left=Sum("available"),
            risk=Sum(F("amount") - F("available"), filter=is_risky, default=ZERO),
        )
    )
    return _largest([Group(str(pk), name, *sums) for pk, name, *sums in rows])


def list_second_tier(actor: Actor) -> list[SecondTier]:
    """A distributor's T2 accounts with what each promised its own customers, the most over-committed first.

    The one read across partners: a T2's customers are the T2's alone, its distributor sees their sums (design §2).
    Nobody else has a second tier.
    """
    if actor.partner_kind is not PartnerKind.DISTRIBUTOR:
        return []
    accounts = LinkedAccount.objects.visible_to(actor).live().filter(account_type__in=SECOND_TIER)
    mine = list(accounts.select_related("partner", "credit").order_by("uid", "pk"))
    children = {
        partner.master_uid: partner
        for partner in Partner.objects.filter(parent_id=actor.partner_pk, master_uid__in=[a.uid for a in mine])
    }
    sums = {
        row["partner"]: row
        for row in CreditAccount.objects.filter(
            partner__in=children.values(), account__relationship__in=LIVE, account__trustee__isnull=True
        )
        .order_by()
        .values("partner")
        .annotate(n=Count("pk"), quota=Sum("amount"), left=Sum("available"))
    }
    rows = [_second_tier(account, children.get(account.uid), sums) for account in mine]
    return sorted(rows, key=lambda row: (row.over_committed is None, -(row.over_committed or ZERO)))


def _second_tier(account: LinkedAccount, child: Partner | None, sums: dict[int, dict[str, Any]]) -> SecondTier:
    credit = getattr(account, "credit", None)
    quota, available = (credit.amount, credit.available) if credit else (None, None)
    if child is None:
        return SecondTier(account, quota, available, account.partner.currency)
    found = sums.get(child.pk, {"n": 0, "quota": ZERO, "left": ZERO})
    given, used = found["quota"], found["quota"] - found["left"]
    return SecondTier(account, quota, available, child.currency, found["n"], given, used)


def _group(key: str, name: str | _StrPromise, row: Sequence[Any]) -> Group:
    n, quota, available, risky = row[4:8]
    return Group(key, name, n, quota or ZERO, available or ZERO, risky)


def _largest(groups: list[Group]) -> list[Group]:
    return sorted(groups, key=lambda group: (-group.quota, str(group.name)))[:MOST]
