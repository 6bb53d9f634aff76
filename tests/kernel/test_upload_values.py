"""Amounts, percentages and times from cells: exact, or refused when they can be read two ways."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from partner_console.errors import Invalid
from partner_console.web.uploads import parse_money, parse_percent, parse_time

BEIJING = timezone(timedelta(hours=8))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("1234.5", "1234.50"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("12.500000", "12.50"),
        (" 12 ", "12.00"),
        (".5", "0.50"),
        ("１，２３４．５０", "1234.50"),
        ("USD 1,234.50", "1234.50"),
        ("1234.50 usd", "1234.50"),
        ("$12", "12.00"),
        ("US$12", "12.00"),
        ("-$12", "-12.00"),
        ("$-12", "-12.00"),
        ("−12.00", "-12.00"),
        ("(3.00)", "-3.00"),
        ("+3", "3.00"),
        ("1 234 567.80", "1234567.80"),
        ("1\u00a0234.50", "1234.50"),
        ("'12.00", "12.00"),
        ("99999999999999.99", "99999999999999.99"),
    ],
)
def test_amounts_are_read_exactly(text: str, amount: str) -> None:
    assert str(parse_money(text, currency="USD")) == amount


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount_missing"),
        (" USD ", "number_unclear"),
        ("1.234,50", "number_unclear"),
        ("1,23", "number_unclear"),
        ("12,34,567", "number_unclear"),
        ("1.234.567", "number_unclear"),
        ("NaN", "number_unclear"),
        ("Infinity", "number_unclear"),
        ("1e5", "number_unclear"),
        ("1.79E+15", "number_unclear"),
        ("twelve", "number_unclear"),
        ("--1", "number_unclear"),
        ("1-", "number_unclear"),
        ("=1+1", "number_unclear"),
        (".", "number_unclear"),
        ("1.005", "number_too_fine"),
        ("100000000000000", "number_too_large"),
        ("EUR 12", "amount_other_currency"),
        ("12 JPY", "amount_other_currency"),
    ],
)
def test_unclear_amounts_are_refused_with_the_reason(text: str, code: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_money(text, currency="USD", field="quota")

    assert (raised.value.code, raised.value.field) == (code, "quota")
    assert str(raised.value)


@given(st.decimals(min_value=-(10**13), max_value=10**13, places=6))
def test_what_is_printed_is_what_is_read(amount: Decimal) -> None:
    read = parse_money(f"{amount:,f}", places=6)

    assert read == amount
    assert read.as_tuple().exponent == -6
    assert not (read == 0 and read.is_signed())


@given(st.text(max_size=20))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    try:
        amount = parse_money(text)
    except Invalid:
        return
    assert amount.is_finite()


@pytest.mark.parametrize(
    ("text", "percent"),
    [("20", "20.00"), ("20%", "20.00"), ("12.5 ％", "12.50"), ("0", "0.00"), ("0.5%", "0.50")],
)
def test_percentages_are_read_exactly(text: str, percent: str) -> None:
    assert str(parse_percent(text)) == percent


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "percent_missing"),
        ("%", "percent_missing"),
        ("0.2", "percent_ambiguous"),
        ("101", "percent_out_of_range"),
        ("-1%", "percent_out_of_range"),
        ("a fifth", "number_unclear"),
    ],
)
def test_unclear_percentages_are_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_percent(text)

    assert raised.value.code == code


def test_the_ambiguous_percentage_names_both_readings() -> None:
    with pytest.raises(Invalid, match=r"“0.2” may mean 0.2% or 20%"):
        parse_percent("0.2")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-04-21 17:48:00", datetime(2022, 4, 21, 9, 48, tzinfo=UTC)),
        ("2022/4/21 17:48", datetime(2022, 4, 21, 9, 48, tzinfo=UTC)),
        ("2022-04-21T17:48:00+02:00", datetime(2022, 4, 21, 15, 48, tzinfo=UTC)),
        ("2022-04-21T17:48:00Z", datetime(2022, 4, 21, 17, 48, tzinfo=UTC)),
        ("2022-04-21 17:48:00 UTC+8", datetime(2022, 4, 21, 9, 48, tzinfo=UTC)),
        ("2022-04-21 17:48:00 UTC", datetime(2022, 4, 21, 17, 48, tzinfo=UTC)),
        ("2022年4月21日 17时48分", datetime(2022, 4, 21, 9, 48, tzinfo=UTC)),
        ("２０２２－０４－２１　１７：４８", datetime(2022, 4, 21, 9, 48, tzinfo=UTC)),
        ("2022-04-21", datetime(2022, 4, 20, 16, 0, tzinfo=UTC)),
        ("2022-04-21 17:48:00.250", datetime(2022, 4, 21, 9, 48, 0, 250000, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_the_zone_named_or_given(text: str, expected: datetime) -> None:
    assert parse_time(text, BEIJING) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "time_missing"),
        ("04/05/2022", "time_unclear"),
        ("21.04.2022 17:48", "time_unclear"),
        ("2022-13-01", "time_unclear"),
        ("2022-02-30", "time_unclear"),
        ("2022-04-21 25:00", "time_unclear"),
        ("2022-04-21 10:00 +99:00", "time_unclear"),
        ("45012.5", "time_unclear"),
        ("yesterday", "time_unclear"),
        ("0001-01-01", "time_unclear"),
    ],
)
def test_unclear_times_are_refused(text: str, code: str) -> None:
    with pytest.raises(Invalid) as raised:
        parse_time(text, BEIJING, field="linked_at")

    assert (raised.value.code, raised.value.field) == (code, "linked_at")


def test_a_time_the_clock_change_skips_is_refused() -> None:
    with pytest.raises(Invalid) as raised:
        parse_time("2026-03-29 02:30", ZoneInfo("Europe/Berlin"))

    assert raised.value.code == "time_skipped"


@given(st.integers(min_value=631_152_000, max_value=4_102_444_800))
def test_iso_times_survive(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, BEIJING)

    assert parse_time(moment.isoformat(), ZoneInfo("America/New_York")) == moment
