"""A cell's text to an amount, a percentage or a time. What can be read two ways is refused with a reason."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partner_console.errors import Invalid

WHOLE_DIGITS = 14  # what a Decimal(20, 6) column holds before the point
AMOUNT = re.compile(r"(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?")
CURRENCY = re.compile(r"^(US|HK|S|A|C|NT)?[$€£¥₩฿]|^([A-Za-z]{3})(?=[\d(+.-])|(?<=[\d)])([A-Za-z]{3})$|[$€£¥元円]$")
TIME = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]*(\d{1,2})[:时時](\d{1,2})(?:[:分](\d{1,2})(?:\.(\d{1,6}))?秒?|分)?)?"
    r"\s*(Z|(?:UTC|GMT)?\s*[+-]\d{1,2}(?::?\d{2})?|UTC|GMT)?",
    re.I,
)


def parse_money(text: str, *, places: int = 2, currency: str = "", field: str = "") -> Decimal:
    """An amount with `places` decimals: `1,234.50`, `USD 12`, `$12`, `(3.00)`, `１２`; `-0.00` is 0.

    A comma groups thousands and a point begins the decimals; everything else is refused, as are a currency
    code other than `currency` (when given), exponents and more decimals than `places`. Raises `Invalid`.
    """
    bare, code = _without_currency(_compact(text))
    if not bare:
        raise Invalid("amount_missing", _("The amount is missing."), field=field)
    if code and currency and code != currency.upper():
        raise Invalid(
            "amount_other_currency",
            _("The amount is in %(code)s, expected %(currency)s.") % {"code": code, "currency": currency},
            field=field,
        )
    return _decimal(bare, text, places=places, field=field)


def parse_percent(text: str, *, places: int = 2, most: Decimal = Decimal(100), field: str = "") -> Decimal:
    """A percentage from 0 to `most`: `20`, `20%`, `12.5 ％`. Raises `Invalid`.

    A bare fraction such as `0.2` is refused: a cell formatted as percent stores 20 % that way.
    """
    compact = _compact(text)
    bare = compact.removesuffix("%")
    if not bare:
        raise Invalid("percent_missing", _("The percentage is missing."), field=field)
    number = _decimal(bare, text, places=places, field=field)
    if 0 < number < 1 and bare == compact:
        raise Invalid(
            "percent_ambiguous",
            _("“%(text)s” may mean %(low)s%% or %(high)s%%. Write it with a percent sign.")
            % {"text": text.strip(), "low": bare, "high": f"{(number * 100).normalize():f}"},
            field=field,
        )
    if not 0 <= number <= most:
        raise Invalid(
            "percent_out_of_range",
            _("The percentage must be between 0 and %(most)s.") % {"most": most},
            field=field,
        )
    return number


def parse_time(text: str, zone: tzinfo, *, field: str = "") -> datetime:
    """A point in time, in UTC: `2026-01-31 17:48:00` in `zone` unless the text names its own offset.

    Year first (`-`, `/`, `.` or 年月日 between); a date alone is midnight. Day-first and month-first dates
    cannot be told apart and are refused, as are times a clock change skips. Raises `Invalid`.
    """
    line = " ".join(unicodedata.normalize("NFKC", text).replace("\u2212", "-").split())
    if not line:
        raise Invalid("time_missing", _("The time is missing."), field=field)
    match = TIME.fullmatch(line)
    if not match:
        raise _bad_time(text, field)
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction = int((match[7] or "0").ljust(6, "0"))
    try:
        own = _offset(match[8]) if match[8] else zone
        found = datetime(year, month, day, hour, minute, second, fraction, tzinfo=own)
        in_utc = found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _bad_time(text, field) from error
    if in_utc.astimezone(own).replace(tzinfo=None) != found.replace(tzinfo=None):
        raise Invalid(
            "time_skipped",
            _("“%(text)s” does not exist in its time zone: the clocks were put forward.") % {"text": line},
            field=field,
        )
    return in_utc


def _decimal(bare: str, text: str, *, places: int, field: str) -> Decimal:
    negative, digits = _sign(bare)
    if not digits or not AMOUNT.fullmatch(digits):
        raise Invalid(
            "number_unclear",
            _("“%(text)s” is not a clear number. Write it like 1234.50.") % {"text": text.strip()[:60]},
            field=field,
        )
    whole, _point, fraction = digits.replace(",", "").partition(".")
    if len(fraction.rstrip("0")) > places:
        raise Invalid(
            "number_too_fine",
            ngettext(
                "“%(text)s” has more than %(places)d decimal place.",
                "“%(text)s” has more than %(places)d decimal places.",
                places,
            )
            % {"text": text.strip()[:60], "places": places},
            field=field,
        )
    if len(whole.lstrip("0")) > WHOLE_DIGITS:
        raise Invalid("number_too_large", _("“%(text)s” is too large.") % {"text": text.strip()[:60]}, field=field)
    number = Decimal(f"{whole or '0'}.{fraction[:places].ljust(places, '0')}" if places else whole or "0")
    return -number if negative and number else number


def _sign(bare: str) -> tuple[bool, str]:
    if bare.startswith("(") and bare.endswith(")"):
        return True, bare[1:-1]
    return bare.startswith("-"), bare[1:] if bare[:1] in {"+", "-"} else bare


def _compact(text: str) -> str:
    """Full-width forms made plain, spaces dropped at the ends and where they group thousands."""
    line = unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip().lstrip("'")
    line = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", ",", line)
    return re.sub(r"(?<!\d) | (?!\d)", "", line)


def _without_currency(compact: str) -> tuple[str, str]:
    """Take one currency mark from either end, before or after the sign; a bare mark like $ has no code."""
    sign = compact[:1] if compact[:1] in {"-", "+"} else ""
    rest = compact.removeprefix(sign)
    match = CURRENCY.search(rest)
    if not match:
        return compact, ""
    code = (match[2] or match[3] or "").upper()
    return sign + rest[: match.start()] + rest[match.end() :], code


def _offset(text: str) -> tzinfo:
    digits = re.search(r"([+-])(\d{1,2}):?(\d{2})?$", text)
    if not digits:
        return UTC
    minutes = int(digits[2]) * 60 + int(digits[3] or 0)
    return timezone(timedelta(minutes=-minutes if digits[1] == "-" else minutes))


def _bad_time(text: str, field: str) -> Invalid:
    return Invalid(
        "time_unclear",
        _("“%(text)s” is not a clear time. Write it like 2026-01-31 17:48:00.") % {"text": text.strip()[:60]},
        field=field,
    )
