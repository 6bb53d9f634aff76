"""Exposure, and Adjust Detail info, as files (seed 004 §2.3: Export, in Chinese, English and Japanese)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import Channel, who_in_words
from partner_console.access.policy import Permission
from partner_console.exports.reading import Cell, by_cells, read_fields, words
from partner_console.exports.registry import Column, ExportSpec, Kind
from partner_console.web.formats import listed
from quota.lists import ExposurePage, entry_page
from quota.states import Bucket, EntryKind
from quota.tables import days_left, reason_in_words, record_time, risks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from quota.models import CreditAccount, LedgerEntry


def _cells() -> dict[str, Cell]:
    """Every column's cell, with its words in the active language."""
    return {
        "kind": Cell(("kind",), words(EntryKind).__getitem__),
        "at": Cell(("at",), record_time),
        "figure": Cell(("bucket",), words(Bucket).__getitem__),
        "before": Cell(("before",)),
        "value": Cell(("value",)),
        "after": Cell(("after",)),
        "method": Cell(("method",), words(Channel).__getitem__),
        "operator": Cell(("operator_uid",)),
        "operator_name": Cell(("operator", "method"), who_in_words),
        "reason": Cell(("reason", "method"), reason_in_words),
        "seq": Cell(("seq",)),
    }


def _read_entries(_actor: Actor, rows: QuerySet[LedgerEntry], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    return read_fields(_cells(), rows, columns)


ENTRIES = ExportSpec(
    name="quota.entries",
    title=_("Adjust Detail info"),
    permission=Permission.QUOTA_VIEW,
    file_stem="quota-records",
    list_page=entry_page,
    columns=(
        Column("kind", _("Operation Type")),
        Column("at", _("Operation Time (UTC+8)")),
        Column("figure", _("Figure")),
        Column("before", _("Adjust Before"), Kind.CONSUMPTION),
        Column("value", _("Operation Value"), Kind.CONSUMPTION),
        Column("after", _("Adjust After"), Kind.CONSUMPTION),
        Column("method", _("Operation Method")),
        Column("operator", _("Operator UID"), Kind.ID),
        Column("operator_name", _("Operator")),
        Column("reason", _("Reason")),
        Column("seq", _("Number"), Kind.WHOLE),
    ),
    read=_read_entries,
    shown_as={"operator": ("operator", "operator_name")},
)


EXPOSURE_CELLS: dict[str, Callable[[CreditAccount], Any]] = {
    "uid": lambda credit: credit.account.uid,
    "nickname": lambda credit: credit.account.nickname,
    "manager": lambda credit: credit.account.business_manager,
    "policy": lambda credit: credit.account.get_shutdown_policy_display(),
    "amount": lambda credit: credit.amount,
    "used": lambda credit: credit.amount - credit.available,
    "available": lambda credit: credit.available,
    "daily_use": lambda credit: credit.daily_use or None,
    "days_left": days_left,
    "risk": lambda credit: listed(risk.label for risk in risks_of(credit)),
}


EXPOSURE = ExportSpec(
    name="quota.exposure",
    title=_("Exposure"),
    permission=Permission.QUOTA_VIEW,
    file_stem="exposure",
    list_page=ExposurePage,
    columns=(
        Column("uid", _("UID"), Kind.ID),
        Column("nickname", _("Nickname")),
        Column("manager", _("Business manager")),
        Column("policy", _("Shutdown policy")),
        Column("amount", _("Quota Amount"), Kind.MONEY),
        Column("used", _("Used"), Kind.CONSUMPTION),
        Column("available", _("Available Quota"), Kind.CONSUMPTION),
        Column("daily_use", _("Used a day"), Kind.CONSUMPTION),
        Column("days_left", _("Days left"), Kind.WHOLE),
        Column("risk", _("At risk")),
    ),
    read=by_cells(EXPOSURE_CELLS),
)
