"""Numbers and times as people read them: one place, used by template tags and by prepared table cells."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from partner_console.money import quantize
from partner_console.web.icons import icon

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

MINUS = "−"  # U+2212: as wide as a plus sign, so columns of figures line up
NOTHING = "—"

# An e-mail address, or a telephone number of at least 7 digits as people group them.
_REACHED_BY = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<!\w)\+?[0-9](?:[ ().-]{0,2}[0-9]){6,14}(?!\w)")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_RELATIVE_DAYS = 30  # older than this a date says more than a distance


def contact_html(text: str) -> SafeString:
    """A contact as somebody typed it, its e-mail addresses and telephone numbers as links."""
    parts, last = [], 0
    for found in _REACHED_BY.finditer(text):
        word = found.group()
        scheme, address = ("mailto", word) if "@" in word else ("tel", re.sub(r"[^+0-9]", "", word))
        link = format_html('<a href="{}:{}">{}</a>', scheme, address, word)
        parts += [(text[last : found.start()],), (link,)]
        last = found.end()
    return format_html_join("", "{}", [*parts, (text[last:],)])


def amount(value: Decimal | int | None, places: int = 2) -> str:
    """1,234.50 with a true minus sign; an em dash for None. All three languages group digits alike."""
    if value is None:
        return NOTHING
    rounded = quantize(Decimal(value), Decimal(1).scaleb(-places))
    return f"{rounded:,.{places}f}".replace("-", MINUS)


def exact_amount(value: Decimal | int | None) -> str:
    """With 2 places, or with 6 when it has more than 2: for figures that must add up on the page."""
    if value is None:
        return NOTHING
    exact = Decimal(value)
    return amount(exact, 2 if quantize(exact) == exact else 6)


def figure_html(value: Decimal | int | None, currency: str = "") -> SafeString | str:
    """A headline figure, exact: what comes after two places is set smaller, and long ones break between groups."""
    if value is None:
        return NOTHING
    text = exact_amount(value)
    whole, point, places = text.partition(".")
    groups = format_html_join(mark_safe(",<wbr>"), "{}", ((group,) for group in whole.split(",")))
    css = "money-negative" if value < 0 else ""
    tail = format_html('<span class="unit">{}</span>', places[2:]) if places[2:] else ""
    unit = format_html(' <span class="unit">{}</span>', currency) if currency else ""
    return format_html('<span class="{}">{}{}{}{}</span>{}', css, groups, point, places[:2], tail, unit)


def listed(items: Iterable[object]) -> str:
    """“SG, MY”, with the reader's own comma."""
    comma = pgettext("words of a list", "%(first)s, %(second)s") % {"first": "", "second": ""}
    return comma.join(str(item) for item in items)


def sentences(*parts: object) -> str:
    """Whole sentences after one another: with a space between them where the reader's language has one."""
    between = pgettext("sentences", "%(first)s %(second)s") % {"first": "", "second": ""}
    return between.join(str(part) for part in parts if part)


def named(label: object, value: object) -> str:
    """“Search: Fuji”, with the reader's own colon; the label alone where there is no value."""
    return _("%(label)s: %(value)s") % {"label": label, "value": value} if value else str(label)


def signed_amount(value: Decimal | int, places: int = 2) -> str:
    """The same with a sign in front of every value but zero."""
    text = amount(value, places)
    return f"+{text}" if value > 0 else text


def delta_html(value: Decimal | int, places: int = 2, *, rising_is_red: bool = True) -> SafeString:
    """A change with sign, arrow and colour: increases red, decreases green as ACPN does (design §6.8).

    A partner may turn the two colours round: pass its `increase_is_red`.
    """
    if value == 0:
        return format_html('<span class="delta">{}</span>', amount(value, places))
    rises = value > 0
    css = "delta-red" if rises is rising_is_red else "delta-green"
    arrow = icon("arrow-up" if rises else "arrow-down")
    return format_html('<span class="delta {}">{}{}</span>', css, arrow, signed_amount(value, places))


def count(value: int | None) -> str:
    """10,000 — or an em dash for None."""
    return NOTHING if value is None else f"{value:,}"


def offset(value: datetime) -> str:
    """“UTC+8”, “UTC−3:30”, “UTC”: the zone a time is written in, always shown beside it (design §4)."""
    minutes = int((value.utcoffset() or timedelta()).total_seconds()) // _MINUTE
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else MINUS}{hours}" + (f":{rest:02}" if rest else "")


def absolute(value: datetime, *, seconds: bool = False) -> str:
    """“2026-01-29 13:05 UTC+8” in the reader's zone (Django's current one)."""
    local = timezone.localtime(value)
    return f"{local:%Y-%m-%d %H:%M:%S} {offset(local)}" if seconds else f"{local:%Y-%m-%d %H:%M} {offset(local)}"


def relative(value: datetime, now: datetime | None = None) -> str:
    """“5 min ago”, “in 3 days”; beyond thirty days the date."""
    seconds = int(((now or timezone.now()) - value).total_seconds())
    distance = abs(seconds)
    if distance < _MINUTE:
        return _("just now")
    if distance >= _RELATIVE_DAYS * _DAY:
        return f"{timezone.localtime(value):%Y-%m-%d}"
    past = seconds > 0
    if distance < _HOUR:
        n = distance // _MINUTE
        return (_("%d min ago") if past else _("in %d min")) % n
    if distance < _DAY:
        n = distance // _HOUR
        return (_("%d h ago") if past else _("in %d h")) % n
    n = distance // _DAY
    return (ngettext("%d day ago", "%d days ago", n) if past else ngettext("in %d day", "in %d days", n)) % n


def when_html(value: datetime | None, *, exact: bool = False) -> SafeString | str:
    """A `<time>`: relative on screen and absolute on hover, or absolute at once when `exact`."""
    if value is None:
        return NOTHING
    shown = absolute(value) if exact else relative(value)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        value.isoformat(timespec="seconds"),
        absolute(value, seconds=True),
        shown,
    )


# In this order: Edge and Opera also say Chrome, Chrome also says Safari; Android also says Linux.
_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("Chrome", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser(user_agent: str) -> str:
    """“Chrome on Windows” from a User-Agent header; the header itself when neither is known."""
    name = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if name and system:
        return _("%(browser)s on %(system)s") % {"browser": name, "system": system}
    return name or system or user_agent
