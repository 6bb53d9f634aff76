"""Reads of exposure: what a partner has given its customers to spend, and what of it is at risk (finance)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, Sum, TextChoices
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.money import ZERO
from quota.models import CreditAccount
from uids.models import LinkedAccount
from uids.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime
    from decimal import Decimal

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Exposure:
    """Sums over the linked accounts that have money of their own, in the partner's currency.

    Sub-accounts under financial trusteeship spend their master's quota, so nothing of theirs is counted.
    """

    n_accounts: int
    quota: Decimal
    used: Decimal
    available: Decimal
    arrears: Decimal  # what is owed, so positive
    n_in_arrears: int
    n_in_alarm: int
    oldest_figures: datetime | None
    newest_figures: datetime | None


class Risk(TextChoices):
    """Why money may be lost. The seed's arrears; what warnings say; and what the pace of the last 30 days says."""

    ARREARS = "arrears", _("In arrears")
    ALARM = "alarm", _("Below a warning line")
    WEEK = "week", _("Runs out within 7 days")
    MONTH = "month", _("Runs out within 30 days")


DAYS = {Risk.WEEK: 7, Risk.MONTH: 30}


def at_risk(risk: Risk) -> Q:
    """The condition on a credit account. Who is in arrears has run out already: those are not counted in days."""
    if risk is Risk.ARREARS:
        return Q(available__lt=0)
    if risk is Risk.ALARM:
        return Q(in_alarm=True)
    return Q(available__gte=0, daily_use__gt=0, available__lt=F("daily_use") * DAYS[risk])


def exposed(actor: Actor) -> QuerySet[CreditAccount]:
    """The credit accounts exposure is about: live links with money of their own."""
    require(actor, Permission.QUOTA_VIEW)
    return CreditAccount.objects.visible_to(actor).filter(account__relationship__in=LIVE, account__trustee__isnull=True)


def get_exposure(actor: Actor) -> Exposure:
    """The sums of the actor's partner, in one statement; `Forbidden` for who may not see quota."""
    sums = exposed(actor).aggregate(
        n=Count("pk"),
        quota=Sum("amount", default=ZERO),
        left=Sum("available", default=ZERO),
        owed=Sum("available", filter=Q(available__lt=0), default=ZERO),
        n_in_arrears=Count("pk", filter=Q(available__lt=0)),
        n_in_alarm=Count("pk", filter=Q(in_alarm=True)),
        oldest=Min("as_of"),
        newest=Max("as_of"),
    )
    return Exposure(
        n_accounts=sums["n"],
        quota=sums["quota"],
        used=sums["quota"] - sums["left"],
        available=sums["left"],
        arrears=-sums["owed"],
        n_in_arrears=sums["n_in_arrears"],
        n_in_alarm=sums["n_in_alarm"],
        oldest_figures=sums["oldest"],
        newest_figures=sums["newest"],
    )


def list_exposed(
    actor: Actor,
    *,
    risk: str = "",
    manager: str = "",
    label: Collection[int | str] = (),
    policy: Collection[str] = (),
) -> QuerySet[CreditAccount]:
    """The credit accounts exposure is about, unordered, with account and partner; filtered as the page asks."""
    rows = exposed(actor).select_related("account", "partner")
    if risk:
        rows = rows.filter(at_risk(Risk(risk)))
    if manager:
        rows = rows.filter(account__business_manager=manager)
    if policy:
        rows = rows.filter(account__shutdown_policy__in=policy)
    if label:
        through = LinkedAccount.labels.through.objects
        rows = rows.filter(Exists(through.filter(linkedaccount_id=OuterRef("pk"), label_id__in=label)))
    return rows
