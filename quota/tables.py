"""Columns of Adjust Detail info, under the seed's names (seed 004 §2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.access.actor import who_in_words
from partner_console.money import quantize
from partner_console.web import formats
from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, money, text
from quota.days import RECORDS_ZONE

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.models import Partner
    from quota.models import LedgerEntry


def entry_columns(partner: Partner) -> tuple[Column, ...]:
    """Bound to the partner: its currency stands in the heads, its choice of colours in the cells."""
    unit = {"currency": partner.currency}
    rising_is_red = partner.increase_is_red

    def value(entry: LedgerEntry) -> str:
        return str(formats.delta_html(entry.value, _places(entry.value), rising_is_red=rising_is_red))

    return (
        Column(
            "kind", _("Operation Type"), lambda entry: text(entry.get_kind_display()), is_fixed=True, heads_row=True
        ),
        Column(
            "at", _("Operation Time (UTC+8)"), lambda entry: text(record_time(entry.at)), sort=Sort("at"), is_fixed=True
        ),
        Column("figure", _("Figure"), lambda entry: text(entry.get_bucket_display()), is_shown=False),
        Column("before", _("Adjust Before (%(currency)s)") % unit, lambda entry: _exact(entry.before), css="num"),
        Column("value", _("Operation Value (%(currency)s)") % unit, value, css="num"),
        Column("after", _("Adjust After (%(currency)s)") % unit, lambda entry: _exact(entry.after), css="num"),
        Column("method", _("Operation Method"), lambda entry: text(entry.get_method_display())),
        Column("operator", _("Operator"), _operator),
        Column("reason", _("Reason"), lambda entry: text(reason_in_words(entry)), css="wrap"),
        Column("seq", _("Number"), lambda entry: text(entry.seq), css="num", is_shown=False),
    )


def record_time(at: datetime) -> str:
    """As the source prints it, in the records' zone; the column's head names the offset."""
    return f"{at.astimezone(RECORDS_ZONE):%Y-%m-%d %H:%M:%S}"


def reason_in_words(entry: LedgerEntry) -> str:
    """A person's reason as it was typed; the worker's own, which are stored in English, in the reader's language."""
    if entry.method != "system":
        return entry.reason
    words, colon, rest = entry.reason.partition(": ")
    return f"{_(words)}{colon}{rest}" if words else ""


def _kind(entry: LedgerEntry) -> str:
    return text(entry.get_kind_display())


def _time(entry: LedgerEntry) -> str:
    return text(record_time(entry.at))


def _operator(entry: LedgerEntry) -> str:
    """The UID that acted (master or RAM account), and the name behind it."""
    if not entry.operator_uid:
        return text(who_in_words(entry.operator, entry.method))
    return f"{text(entry.operator_uid)} {text(who_in_words(entry.operator, entry.method), css='soft')}"


def _places(value: Decimal) -> int:
    return 2 if quantize(value) == value else 6


def _exact(value: Decimal) -> str:
    return money(value, _places(value))
