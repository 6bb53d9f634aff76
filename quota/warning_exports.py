"""The inbox of warnings as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission
from partner_console.exports.reading import by_cells
from partner_console.exports.registry import Column, ExportSpec, Kind
from quota.selectors.warnings import state_of
from quota.warning_lists import warning_page
from quota.warning_tables import lines, who
from quota.warning_words import days_left_in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from quota.models import Warning

CELLS: dict[str, Callable[[Warning], Any]] = {
    "uid": lambda row: row.credit.account.uid,
    "customer": lambda row: row.credit.account.known_as,
    "lines": lines,
    "then": lambda row: row.available,
    "now": lambda row: row.credit.available,
    "amount": lambda row: row.credit.amount,
    "run_out": lambda row: days_left_in_words(row.credit),
    "since": lambda row: row.fired_at,
    "who": who,
    "manager": lambda row: row.credit.account.business_manager,
    "snoozed": lambda row: row.snoozed_until,
    "reason": lambda row: row.snooze_reason,
    "over": lambda row: row.recovered_at,
    "state": lambda row: state_of(row).label,
}


WARNINGS = ExportSpec(
    name="quota.warnings",
    title=_("Quota warnings"),
    permission=Permission.QUOTA_VIEW,
    file_stem="quota-warnings",
    list_page=warning_page,
    columns=(
        Column("uid", _("UID"), Kind.ID),
        Column("customer", _("Customer")),
        Column("lines", _("Below")),
        Column("then", _("Available then"), Kind.CONSUMPTION),
        Column("now", _("Available now"), Kind.CONSUMPTION),
        Column("amount", _("Quota Amount"), Kind.MONEY),
        Column("run_out", _("Lasts")),
        Column("since", _("Since"), Kind.TIME),
        Column("who", _("Who has it")),
        Column("manager", _("Business manager")),
        Column("snoozed", _("Snoozed until"), Kind.TIME),
        Column("reason", _("Snoozed because")),
        Column("over", _("Resolved"), Kind.TIME),
        Column("state", _("Status")),
    ),
    read=by_cells(CELLS),
    shown_as={"customer": ("uid", "customer")},
)
