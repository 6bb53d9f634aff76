"""What every page knows about who is looking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def console(request: HttpRequest) -> dict[str, Any]:
    """`actor`, `partner` and the partners one may switch to; all empty for anonymous visitors."""
    actor = getattr(request, "actor", None)
    membership = getattr(request, "membership", None)
    signed_in = actor is not None and actor.is_authenticated
    return {
        "actor": actor if signed_in else None,
        "partner": membership.partner if membership else None,
        "partners": [m.partner for m in getattr(request, "memberships", [])] if signed_in else [],
        "demo_mode": settings.DEMO,
        "show_outbox": settings.SHOW_OUTBOX,
        "sso_enabled": bool(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]),
    }
