"""The columns of the inbox of warnings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, clipped, link, money, status, text, when
from quota.selectors.warnings import state_of
from quota.warning_words import days_left_in_words, lines_in_short

if TYPE_CHECKING:
    from quota.models import Warning


def _customer(row: Warning) -> str:
    name = link(reverse("quota:warning_detail", args=[row.pk]), row.credit.account.known_as)
    return f'{name} <span class="soft mono">{text(row.credit.account.uid)}</span>'


def lines(row: Warning) -> str:
    return lines_in_short(row.lines.all(), row.partner.currency)


def who(row: Warning) -> str:
    """Who said they have it; until then, whose account it is."""
    return str(row.acknowledged_by or "")


COLUMNS = (
    Column("customer", _("Customer"), _customer, css="stay", is_fixed=True, heads_row=True),
    Column("lines", _("Below"), lambda row: text(lines(row)), is_fixed=True),
    Column("then", _("Available then"), lambda row: money(row.available), css="num"),
    Column("now", _("Available now"), lambda row: money(row.credit.available), css="num",
           sort=Sort("credit__available")),
    Column("amount", _("Quota Amount"), lambda row: money(row.credit.amount), css="num"),
    Column("run_out", _("Lasts"), lambda row: text(days_left_in_words(row.credit))),
    Column("since", _("Since"), lambda row: when(row.fired_at), sort=Sort("fired_at")),
    Column("who", _("Who has it"), lambda row: clipped(who(row)), css="clip"),
    Column("manager", _("Business manager"), lambda row: clipped(row.credit.account.business_manager), css="clip"),
    Column("snoozed", _("Snoozed until"), lambda row: when(row.snoozed_until), is_shown=False),
    Column("reason", _("Snoozed because"), lambda row: clipped(row.snooze_reason), css="clip", is_shown=False),
    Column("over", _("Resolved"), lambda row: when(row.recovered_at), sort=Sort("recovered_at", is_nullable=True),
           is_shown=False),
    Column("state", _("Status"), lambda row: status(state_of(row)), is_shown=False),
)  # fmt: skip
