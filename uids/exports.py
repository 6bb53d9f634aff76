"""The Linked User ID list as a file.

All columns are ACPN's own customer list in its order and words (the file can be imported again), then ours. What a
master's switches, policy and quota make of a sub-account stands in columns “in force”; they are what the list shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils.translation import gettext_lazy as _l

from partner_console.access.policy import Permission
from partner_console.exports.reading import Cell, read_fields, words
from partner_console.exports.registry import Column, ExportSpec, Kind
from partner_console.web.countries import country_choices
from quota.states import CreditStatus, credit_status
from uids.models import Label
from uids.states import (
    LIVE,
    RELEASE_AFTER,
    AccountType,
    Environment,
    PaygStatus,
    PurchaseControl,
    Relationship,
    ShutdownPolicy,
    payg_status,
)
from uids.views.lists import AccountPage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from decimal import Decimal

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

CONTROL, QUOTA = Permission.CONTROL_VIEW, Permission.QUOTA_VIEW

COLUMNS = (
    Column("uid", _l("UID"), Kind.ID),
    Column("login", _l("Login Name")),
    Column("nickname", _l("Nickname")),
    Column("type", _l("Account Type")),
    Column("email", _l("E-mail")),
    Column("mobile", _l("Mobile")),
    Column("country", _l("Country")),
    Column("manager", _l("Business Manager"), permission=QUOTA),
    Column("remarks", _l("Remarks")),
    Column("linked", _l("Associated Time"), Kind.TIME),
    Column("status", _l("Account Status")),
    Column("own_payg", _l("PAYG Freeze Status"), permission=CONTROL),
    Column("own_purchase", _l("Purchase Control"), permission=CONTROL),
    Column("own_policy", _l("Shutdown Policy"), permission=CONTROL),
    Column("overdraft", _l("Overdraft"), Kind.MONEY, CONTROL),
    Column("amount", _l("Quota Amount"), Kind.MONEY, QUOTA),
    Column("deducted", _l("Consumed & Deducted Value"), Kind.CONSUMPTION, QUOTA),
    Column("undeducted", _l("Consumed & Undeducted Value"), Kind.CONSUMPTION, QUOTA),
    Column("available", _l("Available Quota"), Kind.CONSUMPTION, QUOTA),
    Column("warning", _l("Quota Warning Threshold (%)"), Kind.PERCENT, QUOTA),
    Column("master", _l("Financial Trusteeship Master UID"), Kind.ID, CONTROL),
    Column("payg", _l("PAYG status in force"), permission=CONTROL),
    Column("purchase", _l("Purchase control in force"), permission=CONTROL),
    Column("policy", _l("Shutdown policy in force"), permission=CONTROL),
    Column("release", _l("Release of stopped PAYG instances"), Kind.TIME, CONTROL),
    Column("credit", _l("Credit status"), permission=QUOTA),
    Column("in_alarm", _l("Below the warning threshold"), Kind.YES_NO, QUOTA),
    Column("as_of", _l("Figures as of"), Kind.TIME, QUOTA),
    Column("labels", _l("Labels")),
    Column("environment", _l("Environment")),
    Column("country_name", _l("Name of the country")),
    Column("cid", _l("CID"), Kind.ID),
    Column("is_enterprise", _l("Enterprise"), Kind.YES_NO),
    Column("is_certified", _l("Certified"), Kind.YES_NO),
)
# What the list shows in one column and a file tells better in two.
SHOWN_AS = {
    "country": ("country", "country_name"),
    "available": ("available", "master"),
    "warning": ("warning", "in_alarm"),
}


AS_STORED = {
    "uid": "uid",
    "login": "login_name",
    "nickname": "nickname",
    "email": "email",
    "mobile": "mobile",
    "country": "country",
    "manager": "business_manager",
    "remarks": "remarks",
    "linked": "linked_at",
    "master": "trustee__uid",
    "cid": "cid",
    "is_enterprise": "is_enterprise",
    "is_certified": "is_certified",
}
# A sub-account spends its master's quota: figures of its own would be read as more to spend (acpn.md §9).
OWN_QUOTA = {
    "amount": "credit__amount",
    "deducted": "credit__deducted",
    "undeducted": "credit__undeducted",
    "available": "credit__available",
    "warning": "credit__warning_percent",
    "in_alarm": "credit__in_alarm",
    "as_of": "credit__as_of",
}


def _cells() -> dict[str, Cell]:
    """Every column's cell, with its words in the active language."""
    payg, purchase, policy = words(PaygStatus), words(PurchaseControl), words(ShutdownPolicy)
    credit = words(CreditStatus)
    countries = dict(country_choices())

    def own_payg(frozen: bool, stopped: object, released: object) -> str:  # noqa: FBT001 a row's fields by position
        return payg[payg_status(frozen=frozen, stopped=stopped is not None, released=released is not None)]

    def payg_in_force(trustee: int | None, *own_then_masters: Any) -> str:
        frozen, stopped, released, is_frozen_by_master, *times = own_then_masters
        if trustee is None:
            return own_payg(frozen, stopped, released)
        return own_payg(frozen or is_frozen_by_master, *times)

    def purchase_in_force(own: str, masters: str | None) -> str:
        return purchase[PurchaseControl.BAN if PurchaseControl.BAN in (own, masters) else PurchaseControl.NORMAL]

    def policy_in_force(own: str, masters: str | None) -> str:
        return policy[masters or own]

    def credit_in_force(trustee: int | None, *own_then_masters: Any) -> str:
        available, rules, overdraft, stopped_at = own_then_masters[:4] if trustee is None else own_then_masters[4:]
        if available is None:
            return ""
        is_stopped = stopped_at is not None
        return credit[credit_status(available=available, policy=rules, overdraft=overdraft, is_stopped=is_stopped)]

    credit_paths = ("credit__available", "shutdown_policy", "overdraft", "payg_stopped_at")
    return {
        **{key: Cell((path,)) for key, path in AS_STORED.items()},
        **{key: Cell(("trustee_id", path), _own) for key, path in OWN_QUOTA.items()},
        "type": Cell(("account_type",), words(AccountType).__getitem__),
        "status": Cell(("relationship",), words(Relationship).__getitem__),
        "environment": Cell(("environment",), words(Environment).__getitem__),
        "country_name": Cell(("country",), lambda code: countries.get(code, code)),
        "labels": Cell(("label_names",), ", ".join),
        "own_payg": Cell(PAYG, own_payg),
        "own_purchase": Cell(("purchase_control",), purchase.__getitem__),
        "own_policy": Cell(("shutdown_policy",), policy.__getitem__),
        "overdraft": Cell(("shutdown_policy", "overdraft"), _overdraft),
        "payg": Cell(("trustee_id", *PAYG, *_of_master(PAYG)), payg_in_force),
        "release": Cell(("trustee_id", "relationship", *TIMES, *_of_master(TIMES)), _release),
        "purchase": Cell(("purchase_control", "trustee__purchase_control"), purchase_in_force),
        "policy": Cell(("shutdown_policy", "trustee__shutdown_policy"), policy_in_force),
        "credit": Cell(("trustee_id", *credit_paths, *_of_master(credit_paths)), credit_in_force),
    }


PAYG = ("payg_frozen", "payg_stopped_at", "payg_released_at")


TIMES = ("payg_stopped_at", "payg_released_at")


def _of_master(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"trustee__{path}" for path in paths)


def _own(trustee: int | None, value: Any) -> Any:
    return value if trustee is None else None


def _release(trustee: int | None, relationship: str, *own_then_masters: Any) -> datetime | None:
    """When stopped instances are released for good, or were."""
    stopped, released = own_then_masters[:2] if trustee is None else own_then_masters[2:]
    if released is not None or stopped is None or relationship not in LIVE:
        return cast("datetime | None", released)
    return cast("datetime", stopped) + RELEASE_AFTER


def _overdraft(policy: str, overdraft: Decimal) -> Decimal | None:
    """Only delayed shutdown has one."""
    return overdraft if policy == ShutdownPolicy.DELAY_STOP else None


def read(actor: Actor, rows: QuerySet[LinkedAccount], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """One tuple per account."""
    rows = rows.prefetch_related(None)
    if any(column.key == "labels" for column in columns):
        names = Label.objects.visible_to(actor).filter(accounts=OuterRef("pk")).order_by("name", "pk").values("name")
        rows = rows.annotate(label_names=ArraySubquery(names))
    yield from read_fields(_cells(), rows, columns)


ACCOUNTS = ExportSpec(
    name="uids.accounts",
    title=_l("Linked User ID"),
    permission=Permission.UID_EXPORT,
    file_stem="linked-user-ids",
    list_page=AccountPage,
    columns=COLUMNS,
    read=read,
    shown_as=SHOWN_AS,
)
