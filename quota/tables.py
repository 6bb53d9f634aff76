"""Columns of Adjust Detail info, under the seed's names (seed 004 §2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from partner_console.access.actor import who_in_words
from partner_console.money import quantize
from partner_console.web import formats
from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, clipped, link, money, text
from quota.days import RECORDS_ZONE
from quota.selectors.exposure import DAYS, Risk
from quota.selectors.forecast import FAR_DAYS

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.models import Partner
    from quota.models import CreditAccount, LedgerEntry


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
        Column("reason", _("Reason"), lambda entry: text(reason_in_words(entry.reason, entry.method)), css="wrap"),
        Column("seq", _("Number"), lambda entry: text(entry.seq), css="num", is_shown=False),
    )


def record_time(at: datetime) -> str:
    """As the source prints it, in the records' zone; the column's head names the offset."""
    return at.astimezone(RECORDS_ZONE).isoformat(" ", "seconds")[:19]


def reason_in_words(reason: str, method: str) -> str:
    """A person's reason as it was typed; the worker's own, which are stored in English, in the reader's language."""
    if method != "system":
        return reason
    words, colon, rest = reason.partition(": ")
    return f"{_(words)}{colon}{rest}" if words else ""


def _operator(entry: LedgerEntry) -> str:
    """The UID that acted (master or RAM account), and the name behind it."""
    if not entry.operator_uid:
        return text(who_in_words(entry.operator, entry.method))
    return f"{text(entry.operator_uid)} {text(who_in_words(entry.operator, entry.method), css='soft')}"


def _places(value: Decimal) -> int:
    return 2 if quantize(value) == value else 6


def _exact(value: Decimal) -> str:
    return money(value, _places(value))


def exposure_columns(currency: str) -> tuple[Column, ...]:
    """Customers by what they may spend. `currency` is the partner's; "" where rows of several stand together."""
    head = (lambda label: f"{label} ({currency})") if currency else str
    return (
        Column("uid", _("UID"), _customer, is_fixed=True, heads_row=True),
        Column("nickname", _("Nickname"), lambda credit: clipped(credit.account.nickname), css="clip"),
        Column("manager", _("Business manager"), lambda credit: text(credit.account.business_manager), is_shown=False),
        Column(
            "policy",
            _("Shutdown policy"),
            lambda credit: text(credit.account.get_shutdown_policy_display()),
            is_shown=False,
        ),
        Column("amount", head(_("Quota Amount")), lambda credit: money(credit.amount), sort=Sort("amount"), css="num"),
        Column("used", head(_("Used")), lambda credit: money(credit.amount - credit.available), css="num"),
        Column(
            "available",
            head(_("Available Quota")),
            lambda credit: money(credit.available),
            sort=Sort("available"),
            css="num",
        ),
        Column(
            "daily_use",
            head(_("Used a day")),
            lambda credit: money(credit.daily_use or None),
            css="num",
            is_shown=False,
        ),
        Column("days_left", _("Days left"), _days_left, css="num"),
        Column("risk", _("At risk"), _risk),
    )


def days_left(credit: CreditAccount) -> int | None:
    """Whole days at the average pace of the last 30; 0 when nothing is left, None without a pace."""
    if credit.available <= 0:
        return 0
    return int(credit.available / credit.daily_use) if credit.daily_use else None


def risks_of(credit: CreditAccount) -> list[Risk]:
    """Every kind of risk an account is at, the worst of those in days alone; `at_risk` row by row."""
    found = [Risk.ARREARS] if credit.available < 0 else []
    if credit.in_alarm:
        found.append(Risk.ALARM)
    if credit.available >= 0 and credit.daily_use:
        found += [risk for risk, days in DAYS.items() if credit.available < credit.daily_use * days][:1]
    return found


def _customer(credit: CreditAccount) -> str:
    return link(reverse("quota:account_quota", args=[credit.account.uid]), credit.account.uid, css="mono")


def _days_left(credit: CreditAccount) -> str:
    days = days_left(credit)
    return text(f"> {FAR_DAYS}" if days is not None and days > FAR_DAYS else days)


def _risk(credit: CreditAccount) -> str:
    return text(formats.listed(risk.label for risk in risks_of(credit)))
