"""What pages and mails say of warning lines and of how long the money lasts. Pure; no queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partner_console.web.formats import amount, exact_amount, listed
from quota.states import LineKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from quota.models import CreditAccount
    from quota.models.warning import WarningLine
    from quota.selectors.forecast import Forecast

# Beyond this nobody plans, and a date would pretend to know.
FURTHEST_DAYS = 730


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
    return f"{short} = {amount(line.line)} {currency}"


def amount_below(value: Decimal, line: Decimal) -> str:
    """Two places, unless the amount would then look like the line it is below."""
    return amount(value) if amount(value) != amount(line) else exact_amount(value)


def lines_in_short(lines: Iterable[WarningLine], currency: str) -> str:
    return listed(line_in_short(line.kind, line.value, currency) for line in lines)


def run_out_in_words(forecast: Forecast | None, currency: str) -> str:
    """When the money is used up if it goes on like this, as a range of days; "" while nobody knows."""
    if forecast is None:
        return ""
    if forecast.is_over:
        return _("Used up")
    pace = {"pace": f"{amount(forecast.average)} {currency}"}
    if forecast.earliest is None:
        return _("Not within two years, at %(pace)s a day") % pace
    days = {"first": f"{forecast.earliest:%Y-%m-%d}", "last": f"{forecast.latest:%Y-%m-%d}" if forecast.latest else ""}
    if forecast.latest is None:
        return _("%(first)s or later, at %(pace)s a day") % (days | pace)
    if forecast.is_one_day:
        return _("%(first)s, at %(pace)s a day") % (days | pace)
    return _("%(first)s to %(last)s, at %(pace)s a day") % (days | pace)


def days_left_in_words(credit: CreditAccount) -> str:
    """How long the money lasts at the average pace, for a narrow column; "" while nothing is used."""
    if credit.available <= 0:
        return _("Used up")
    if credit.daily_use <= 0:
        return ""
    days = min(int(credit.available / credit.daily_use), FURTHEST_DAYS)
    if days == FURTHEST_DAYS:
        return _("2 years or more")
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
