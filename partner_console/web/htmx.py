"""HTMX: the only place its headers are read (style §11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect, HttpResponseStopPolling

if TYPE_CHECKING:
    from typing import Any

    from django.http import HttpRequest

STOP_POLLING = HttpResponseStopPolling.status_code


def wants_fragment(request: HttpRequest) -> bool:
    """HTMX asks for a piece: not a boosted link, not a page restored from history (which needs the whole)."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def render_page(
    request: HttpRequest, template: str, context: dict[str, Any], *, fragment: str = "", status: int = 200
) -> HttpResponse:
    """The page, or with HTMX its named partial `fragment`: the same markup either way."""
    name = f"{template}#{fragment}" if fragment and wants_fragment(request) else template
    return render(request, name, context, status=status)


def progress_or_page(request: HttpRequest, job: object, *, is_busy: bool, page: str) -> HttpResponse:
    """The progress alone, asked for every two seconds; when there is something else to see, the page is read again.

    `job` is what templates/ui/progress.html shows. Without HTMX: to the page.
    """
    if not wants_fragment(request):
        return HttpResponseRedirect(page)
    response = render(request, "ui/progress.html", {"job": job}, status=200 if is_busy else STOP_POLLING)
    if not is_busy:
        response["HX-Refresh"] = "true"
    return response


def see_other(request: HttpRequest, url: str) -> HttpResponse:
    """After a POST: 303 to `url`, or HX-Redirect where HTMX asked."""
    if wants_fragment(request):
        return HttpResponseClientRedirect(url)
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
