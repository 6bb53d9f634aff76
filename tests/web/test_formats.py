"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from partner_console.web import formats

CONTACTS = {
    "Mei Lin, help@acme.example, +65 6555 0134": 'Mei Lin, <a href="mailto:help@acme.example">help@acme.example</a>, '
    '<a href="tel:+6565550134">+65 6555 0134</a>',
    "<b>x</b> https://acme.example room 12": "&lt;b&gt;x&lt;/b&gt; https://acme.example room 12",
    '"><script>"@x.example': "&quot;&gt;&lt;script&gt;&quot;@x.example",
    "": "",
}

NOON = datetime(2026, 1, 29, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "places", "shown"),
    [
        (Decimal("1234567.891"), 2, "1,234,567.89"),
        (Decimal("0.005"), 2, "0.01"),
        (Decimal("-37.2"), 2, "−37.20"),
        (Decimal("-0.001"), 2, "0.00"),
        (Decimal("0.1234567"), 6, "0.123457"),
        (Decimal("12345678901234567.89"), 2, "12,345,678,901,234,567.89"),
        (None, 2, "—"),
    ],
)
def test_amounts_are_grouped_and_rounded_half_up(value: Decimal | None, places: int, shown: str) -> None:
    assert formats.amount(value, places) == shown


@pytest.mark.parametrize(
    ("value", "rising_is_red", "css", "shown"),
    [
        (Decimal(10), True, "delta-red", "+10.00"),
        (Decimal(-10), True, "delta-green", "−10.00"),
        (Decimal(10), False, "delta-green", "+10.00"),
        (Decimal(-10), False, "delta-red", "−10.00"),
    ],
)
def test_a_change_has_sign_arrow_and_colour(value: Decimal, css: str, shown: str, *, rising_is_red: bool) -> None:
    html = formats.delta_html(value, rising_is_red=rising_is_red)

    assert css in html
    assert shown in html
    assert "<svg" in html


def test_no_change_has_neither_sign_nor_colour() -> None:
    assert formats.delta_html(Decimal(0)) == '<span class="delta">0.00</span>'


@pytest.mark.parametrize(
    ("distance", "shown"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=5), "5 min ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=29), "29 days ago"),
        (timedelta(days=31), "2025-12-29"),
        (timedelta(minutes=-5), "in 5 min"),
        (timedelta(hours=-3), "in 3 h"),
        (timedelta(days=-3), "in 3 days"),
    ],
)
def test_near_times_are_distances_and_far_ones_dates(distance: timedelta, shown: str) -> None:
    with translation.override("en"), timezone.override(UTC):
        assert formats.relative(NOON - distance, NOON) == shown


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Shanghai", "2026-01-29 20:00 UTC+8"),
        ("UTC", "2026-01-29 12:00 UTC"),
        ("Asia/Kolkata", "2026-01-29 17:30 UTC+5:30"),
        ("America/St_Johns", "2026-01-29 08:30 UTC−3:30"),
    ],
)
def test_absolute_times_carry_their_offset(zone: str, shown: str) -> None:
    with timezone.override(ZoneInfo(zone)):
        assert formats.absolute(NOON) == shown


def test_a_time_says_the_exact_moment_on_hover() -> None:
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        html = formats.when_html(NOON)

    assert 'datetime="2026-01-29T12:00:00+00:00"' in html
    assert 'title="2026-01-29 21:00:00 UTC+9"' in html


def test_a_missing_time_is_a_dash() -> None:
    assert formats.when_html(None) == "—"


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18 like Mac OS X) Version/18 Safari/604.1", "Safari on iPhone"),
        ("curl/8.0", "curl/8.0"),
    ],
)
def test_browsers_are_named_from_their_header(header: str, shown: str) -> None:
    with translation.override("en"):
        assert formats.browser(header) == shown


@pytest.mark.parametrize(
    ("language", "listed", "named", "sentences"),
    [("en", "SG, MY", "Search: Fuji", "One. Two."), ("ja", "SG、MY", "Search：Fuji", "One.Two.")],
)
def test_words_are_joined_as_the_language_joins_them(language: str, listed: str, named: str, sentences: str) -> None:
    with translation.override(language):
        assert formats.listed(["SG", "MY"]) == listed
        assert formats.named("Search", "Fuji") == named
        assert formats.sentences("One.", "", "Two.") == sentences
    assert formats.named("Search", "") == "Search"


@pytest.mark.parametrize("typed", CONTACTS)
def test_addresses_and_numbers_in_a_contact_are_links(typed: str) -> None:
    assert formats.contact_html(typed) == CONTACTS[typed]
