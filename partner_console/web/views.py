"""The overview, the outbox and health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from linking.overview import overview as read_overview

from .selectors import get_mail, list_mails

if TYPE_CHECKING:
    from django.http import HttpRequest

    from partner_console.access.middleware import ActorRequest


@require_GET
def overview(request: ActorRequest) -> HttpResponse:
    """What needs somebody today."""
    return render(request, "web/overview.html", {"overview": read_overview(request.actor)})


@require_GET
def outbox(request: ActorRequest) -> HttpResponse:
    """What would have been mailed: for an installation without EMAIL_URL."""
    to = request.GET.get("to", "").strip()
    return render(request, "web/outbox.html", {"mails": list_mails(request.actor, to=to), "to": to})


@require_GET
def outbox_mail(request: ActorRequest, pk: int) -> HttpResponse:
    """One mail, its HTML in a frame of its own and its text beside it."""
    return render(request, "web/outbox_mail.html", {"mail": get_mail(request.actor, pk)})


@require_GET
@xframe_options_sameorigin
def outbox_html(request: ActorRequest, pk: int) -> HttpResponse:
    """The HTML part as its receiver's mail client would show it: no scripts, nothing loaded, inline styles allowed."""
    # Its links leave the frame; the console's own pages refuse to be framed.
    html = get_mail(request.actor, pk).html.replace("<head>", '<head><base target="_top">', 1)
    response = HttpResponse(html)
    response["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; base-uri 'none'"
    )
    return response


@login_not_required
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """For load balancers: 200 when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")
