"""Logs: one key=value line per decision, with the request id; no secret and no personal data (style §17)."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog
from django.db.utils import InterfaceError, OperationalError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

# The token in these paths is the customer's or the new member's key: a log must not be one.
_TOKEN_PATH = re.compile(r"(/(?:invite|join)/)[^/\s\"?]+")


def mask_tokens(text: str) -> str:
    return _TOKEN_PATH.sub(r"\1***", text)


def _mask_event(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Every text of an event, so that no new key can leak what an old one hides."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask_tokens(value)
    event.pop("user_agent", None)
    event.pop("ip", None)
    return event


class MaskTokens(logging.Filter):
    """The same for Django's and gunicorn's own lines (“Not Found: /invite/…”, access logs)."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = mask_tokens(record.getMessage())
        record.args = ()
        return True


def is_database_away(error: BaseException | None) -> bool:
    """Whether an error comes, perhaps through others, of a database connection that broke or was not to be had.

    A query that took too long or a deadlock is an `OperationalError` too, but of a database that answers: those carry
    an SQLSTATE outside class 08 (connection) and 57P0x (shutting down, starting, crashed).
    """
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            state = getattr(error.__cause__, "sqlstate", None)
            if state is None or state.startswith(("08", "57P0")):
                return True
        error = error.__cause__ or error.__context__
    return False


def _drop_database_away(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The page's own line tells of it (`web.http.server_error`)."""
    if event.get("exc_info") and is_database_away(sys.exc_info()[1]):
        raise structlog.DropEvent
    return event


class DropDatabaseAway(logging.Filter):
    """The same for Django's line with the traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and is_database_away(record.exc_info[1]))


def configure() -> None:
    """structlog onto the standard library's handlers; tracebacks as plain text (the pretty ones take seconds)."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            _drop_database_away,
            structlog.processors.format_exc_info,
            _mask_event,
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
