"""What every page of the console shows of warnings. Read only when a page draws it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from quota.selectors.warnings import count_for_nav, get_silent_feed

if TYPE_CHECKING:
    from django.http import HttpRequest


def warnings(request: HttpRequest) -> dict[str, Any]:
    """`n_open_warnings` beside the sidebar's entry, and the `silent_feed`, if there is one."""
    actor = getattr(request, "actor", None)
    if actor is None or not actor.is_authenticated:
        return {"n_open_warnings": 0, "silent_feed": None}
    return {"n_open_warnings": partial(count_for_nav, actor), "silent_feed": partial(get_silent_feed, actor)}
