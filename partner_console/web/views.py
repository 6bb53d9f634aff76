"""The overview, the outbox and health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpResponse
from django.views.decorators.http import require_GET

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    return HttpResponse("overview")


@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    return HttpResponse("outbox")


@require_GET
def outbox_mail(request: HttpRequest, pk: int) -> HttpResponse:
    return HttpResponse(str(pk))


@login_not_required
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """For load balancers: 200 when the database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")
