"""Logs: one key=value line per decision, with the request id; no secret and no personal data (style §17)."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import structlog

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


def configure() -> None:
    """structlog onto the standard library's handlers; tracebacks as plain text (the pretty ones take seconds)."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.processors.format_exc_info,
            _mask_event,
            structlog.processors.KeyValueRenderer(key_order=["event"], drop_missing=True),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
