"""What every customer page has in common: the link is looked up, its language spoken, its secrecy kept.

Session-free. The pages carry no CSRF token on purpose: the URL itself is the unguessable secret, the proof cookie is
SameSite, and `Referrer-Policy: no-referrer` makes browsers send `Origin: null`, which Django's check refuses. A POST
that a browser says comes from another site is turned away here.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from linking import selectors, services
from linking.errors import LinkNotUsable, LinkUnknown, ProofMissing
from linking.states import Standing
from partner_console.access.models import LANGUAGE_CHOICES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from django.http import HttpRequest

    from linking.models import Invitation
    from linking.selectors import Visit
    from partner_console.access.actor import Actor

LANGUAGE_COOKIE = "invite_language"
LANGUAGES = dict(LANGUAGE_CHOICES)
SECRECY = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cache-Control": "no-store, private",
}
GONE = {Standing.EXPIRED: 410, Standing.WITHDRAWN: 410, Standing.REPLACED: 410, Standing.UNKNOWN: 404}


class CustomerRequest:
    """Who holds the link and what it opens; given to the view instead of a session."""

    def __init__(self, request: HttpRequest, found: Visit, invitation: Invitation) -> None:
        self.http = request
        self.token = found.token
        self.link = found.link
        self.invitation = invitation
        self.actor: Actor = services.customer_actor(
            invitation, request_id=getattr(getattr(request, "actor", None), "request_id", "")
        )

    def page(self, template: str, context: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
        full = {**page_context(self.http, self.invitation), "token": self.token, **(context or {})}
        return render(self.http, template, full, status=status)

    def go(self, name: str) -> HttpResponse:
        response = redirect(f"linking:{name}", self.token)
        response.status_code = 303
        return response


def customer_page(
    *methods: str, also_answered: bool = False
) -> Callable[[Callable[[CustomerRequest], HttpResponse]], Callable[..., HttpResponse]]:
    """A page of an open invitation; closed ones show what became of them. `methods` are those the page takes."""

    def decorate(view: Callable[[CustomerRequest], HttpResponse]) -> Callable[..., HttpResponse]:
        @csrf_exempt
        @login_not_required
        @wraps(view)
        def page(request: HttpRequest, token: str) -> HttpResponse:
            if request.method not in (*methods, "HEAD"):
                response: HttpResponse = HttpResponse(status=405, headers={"Allow": ", ".join(methods)})
            elif _is_foreign_post(request):
                response = HttpResponseForbidden()
            else:
                response = _answer(view, request, selectors.visit(token), also_answered=also_answered)
            return _keep_secret(request, response)

        return page

    return decorate


def _answer(
    view: Callable[[CustomerRequest], HttpResponse], request: HttpRequest, found: Visit, *, also_answered: bool
) -> HttpResponse:
    invitation = found.invitation
    zone = ZoneInfo(invitation.partner.time_zone) if invitation else timezone.get_default_timezone()
    with translation.override(language_of(request, invitation)), timezone.override(zone):
        usable = found.standing is Standing.OPEN or (also_answered and found.standing is Standing.ANSWERED)
        if invitation is None or not usable:
            return closed_page(request, found.standing, invitation)
        customer = CustomerRequest(request, found, invitation)
        try:
            return view(customer)
        except LinkNotUsable as error:  # somebody was faster while the page was open
            return closed_page(request, error.standing, error.invitation)
        except LinkUnknown:
            return closed_page(request, Standing.UNKNOWN, None)
        except ProofMissing:
            return customer.go("invite_proof")


def closed_page(request: HttpRequest, standing: Standing, invitation: Invitation | None) -> HttpResponse:
    """Expired, withdrawn, replaced, unknown or already answered: each with its next step and a person to ask."""
    if standing is Standing.ANSWERED and invitation is not None:
        return render(request, "invite/done.html", page_context(request, invitation))
    context = page_context(request, invitation)
    return render(request, f"invite/{standing.value}.html", context, status=GONE[standing])


def page_context(request: HttpRequest, invitation: Invitation | None) -> dict[str, Any]:
    """`asking` is the partner who asks: `partner` and `actor` of the console belong to whoever is signed in."""
    languages = [
        (code, name, f"?{urlencode({'lang': code})}", code == translation.get_language())
        for code, name in LANGUAGES.items()
    ]
    return {
        "invitation": invitation,
        "asking": invitation.partner if invitation else None,
        "customer_languages": languages,
    }


def language_of(request: HttpRequest, invitation: Invitation | None) -> str:
    """What the customer chose now, or before, or the language they were written to in."""
    for wish in (request.GET.get("lang"), request.COOKIES.get(LANGUAGE_COOKIE)):
        if wish in LANGUAGES:
            return wish
    return invitation.language if invitation else translation.get_language()


def _is_foreign_post(request: HttpRequest) -> bool:
    return request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in (
        "same-origin",
        "none",
    )


def _keep_secret(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    for name, value in SECRECY.items():
        response[name] = value
    if (chosen := request.GET.get("lang")) in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, chosen, **cookie_scope(), max_age=30 * 24 * 3600)
    return response


def cookie_scope() -> dict[str, Any]:
    return {"path": "/invite/", "httponly": True, "secure": settings.HTTPS, "samesite": "Lax"}
