"""From domain to HTTP: sign-in required by default, errors become pages, tenant pages are never stored."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from django.contrib.auth import middleware as auth_middleware
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.translation import gettext as _
from django.views import defaults
from django_htmx.http import HttpResponseClientRedirect

from partner_console.errors import DomainError
from partner_console.logs import is_database_away

from .htmx import wants_fragment

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

logger = structlog.get_logger(__name__)
RETRY_AFTER = 5  # seconds; a restarted database takes about two


class LoginRequiredMiddleware(auth_middleware.LoginRequiredMiddleware):
    """Every view needs a signed-in person unless it says otherwise. On an HTMX call, sign-in replaces the page."""

    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]) -> Any:
        response = super().handle_no_permission(request, view_func)
        return HttpResponseClientRedirect(response["Location"]) if wants_fragment(request) else response


class DomainErrorMiddleware:
    """Turns `DomainError` into its status and page, so views need no try (style §8)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "Cache-Control" not in response and request.user.is_authenticated:  # in this order: the user is a query
            add_never_cache_headers(response)
            response["Cache-Control"] = "no-store, private"
        patch_vary_headers(response, ["HX-Request"])
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DomainError):
            return None
        logger.info("refused", code=exception.code, status=exception.status, path=request.path)
        return error_response(request, exception)


def error_response(request: HttpRequest, error: DomainError) -> HttpResponse:
    """The page of this kind of error, or its fragment for HTMX."""
    template = "errors/_error.html" if wants_fragment(request) else f"errors/{error.status}.html"
    context = {
        "error": error,
        "status": error.status,
        "phrase": HTTPStatus(error.status).phrase,
        "message": error.message,
        "data": error.data,
    }
    return render(request, template, context, status=error.status)


def server_error(request: HttpRequest) -> HttpResponse:
    """`handler500`: also for what middleware raises, which `process_exception` never sees. 503 without a database.

    Neither page asks who is reading: no context processors, no session.
    """
    error = sys.exc_info()[1]
    if not is_database_away(error):
        return defaults.server_error(request)
    # The one line about it: the tracebacks of every request meanwhile say no more (see `logs`).
    logger.warning("database_away", path=request.path, error=str(error).partition("\n")[0])
    message = _("The console is starting again. Nothing you had saved is lost; try again in a moment.")
    page = render_to_string(
        "errors/_error.html" if wants_fragment(request) else "errors/503.html", {"message": message}
    )
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"})
