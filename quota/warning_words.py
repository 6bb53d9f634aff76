"""What pages and mails say of warning lines and of how long the money lasts. Pure; no queries."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partner_console.web.formats import exact_amount, listed
from quota.states import LineKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from quota.models import CreditAccount
    from quota.models.warning import WarningLine

# Beyond this nobody plans, and a date would pretend to know.
FURTHEST = timedelta(days=730)


def line_in_short(kind: int, value: Decimal, currency: str) -> str:
    """“20 %”, “500.00 USD”, “7 days”: as after “below”."""
    if kind == LineKind.PERCENT:
        return f"{value:.0f} %"
    if kind == LineKind.DAYS:
        days = int(value)
        return ngettext("%(n)d day of use", "%(n)d days of use", days) % {"n": days}
    return f"{exact_amount(value)} {currency}"


def line_in_full(line: WarningLine, currency: str) -> str:
    """The same with the amount it stood for when it was crossed."""
    short = line_in_short(line.kind, line.value, currency)
    if line.kind in (LineKind.AMOUNT, LineKind.CUSTOMER):
        return short
    return f"{short} = {exact_amount(line.line)} {currency}"


def lines_in_short(lines: Iterable[WarningLine], currency: str) -> str:
    return listed(line_in_short(line.kind, line.value, currency) for line in lines)


def run_out_in_words(credit: CreditAccount) -> str:
    """When the money is used up at the pace of an average day; "" while nobody knows."""
    if credit.available <= 0:
        return _("Used up")
    if credit.daily_use <= 0:
        return ""
    pace = {"pace": f"{exact_amount(round(credit.daily_use, 2))} {credit.partner.currency}"}
    if credit.available / credit.daily_use > FURTHEST.days:
        return _("Not within two years, at %(pace)s a day") % pace
    day = timezone.localdate() + timedelta(days=int(credit.available / credit.daily_use))
    return _("About %(day)s, at %(pace)s a day") % {"day": f"{day:%Y-%m-%d}", **pace}
