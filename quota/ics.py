"""The calendar of releases as a file: RFC 5545, written by icalendar. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import icalendar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

CONTENT_TYPE = "text/calendar; charset=utf-8"
REFRESH = timedelta(hours=1)
REMINDED_BEFORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """One moment. `uid` names it for good: a reader that finds it again replaces it."""

    uid: str
    at: datetime
    summary: str
    description: str
    url: str


def calendar(*, name: str, made_at: datetime, events: Iterable[Event]) -> bytes:
    """The whole file, ready to be served."""
    feed = icalendar.Calendar()
    feed.add("PRODID", "-//Partner console//Releases//EN")
    feed.add("VERSION", "2.0")
    feed.add("CALSCALE", "GREGORIAN")
    feed.add("METHOD", "PUBLISH")
    for name_key, refresh_key in (("NAME", "REFRESH-INTERVAL"), ("X-WR-CALNAME", "X-PUBLISHED-TTL")):
        feed.add(name_key, _text(name))
        feed.add(refresh_key, REFRESH, parameters={"VALUE": "DURATION"})
    for event in events:
        feed.add_component(_entry(event, made_at))
    return bytes(feed.to_ical())


def _entry(event: Event, made_at: datetime) -> icalendar.Event:
    entry, reminder = icalendar.Event(), icalendar.Alarm()
    entry.add("UID", event.uid)
    entry.add("DTSTAMP", made_at.astimezone(UTC))
    entry.add("DTSTART", event.at.astimezone(UTC))
    entry.add("SUMMARY", _text(event.summary))
    entry.add("DESCRIPTION", _text(event.description))
    entry.add("URL", event.url)
    entry.add("TRANSP", "TRANSPARENT")  # nobody is busy then
    reminder.add("ACTION", "DISPLAY")
    reminder.add("DESCRIPTION", _text(event.summary))
    reminder.add("TRIGGER", -REMINDED_BEFORE)
    entry.add_component(reminder)
    return entry


def _text(value: str) -> str:
    """Without control characters, which RFC 5545 §3.1 allows nowhere; line breaks stay, and are escaped."""
    return "".join(ch for ch in value.replace("\r\n", "\n") if ch.isprintable() or ch in "\t\n")
