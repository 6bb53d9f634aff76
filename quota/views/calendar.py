"""The calendar of releases: how to subscribe, and the feed itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access.policy import Permission, require
from partner_console.web.htmx import see_other
from partner_console.web.mail import absolute_url
from quota.ics import CONTENT_TYPE
from quota.selectors.releases import calendar_of, own_feed
from quota.services.calendars import make_address, revoke_address

if TYPE_CHECKING:
    from django.http import HttpRequest

    from partner_console.access.middleware import ActorRequest


@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request: ActorRequest) -> HttpResponse:
    """`/settings/calendar/`: what it is and how to subscribe. A post makes the address, which is shown this once."""
    require(request.actor, Permission.CONTROL_VIEW)
    address = ""
    if request.method == "POST":
        address = absolute_url("quota:calendar_feed", make_address(actor=request.actor))
    context = {"feed": own_feed(request.actor), "address": address, "is_member": request.membership is not None}
    return render(request, "quota/schedule/calendar.html", context)


@require_POST
def calendar_revoke(request: ActorRequest) -> HttpResponse:
    """The address answers no more."""
    revoke_address(actor=request.actor)
    messages.success(request, _("The address is revoked: calendars that use it get nothing more."))
    return see_other(request, reverse("quota:calendar"))


@login_not_required
@require_GET
def calendar_feed(_request: HttpRequest, token: str) -> HttpResponse:
    """The feed, for whoever holds the secret address. It changes nothing and sets no cookie."""
    return HttpResponse(
        calendar_of(token),
        headers={
            "Content-Type": CONTENT_TYPE,
            "Content-Disposition": 'inline; filename="releases.ics"',
            "Cache-Control": "private, no-store",
            "X-Robots-Tag": "noindex",
        },
    )
