"""What every customer page has in common: the link is looked up, its language spoken, its secrecy kept.

Session-free. The pages carry no CSRF token on purpose: the URL itself is the unguessable secret, the proof cookie is
SameSite, and `Referrer-Policy: no-referrer` makes browsers send `Origin: null`, which Django's check refuses. A POST
that a browser says comes from another site is turned away here. What is posted is counted, by link and by address
(`linking.limits`); what is fetched is not.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse, HttpResponseForbidden
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from linking import limits, selectors, services, tokens
from linking.errors import LinkNotUsable, LinkUnknown, ProofMissing, TooManyVisits
from linking.states import Standing
from partner_console.access.models import LANGUAGE_CHOICES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo
    from typing import Any

    from django.http import HttpRequest

    from linking.limits import Limit
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

    @property
    def language(self) -> str:
        """What the page speaks now."""
        return translation.get_language()

    @property
    def needed(self) -> frozenset[str]:
        """What this customer has to show before they can approve."""
        return tokens.needed(self.invitation)

    @property
    def proof(self) -> str:
        return str(self.http.COOKIES.get(self._cookie, ""))

    @property
    def shown(self) -> frozenset[str]:
        return tokens.shown_by(self.proof, self.link) if self.link else frozenset()

    def page(self, name: str, context: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
        """`name` is the page's template, and its step where it is one."""
        steps = ["start", "changes", *(one for one in ("digits", "code") if one in self.needed), "decide"]
        own = {"token": self.token, "n_steps": len(steps), "step": steps.index(name) + 1 if name in steps else 0}
        full = {**page_context(self.http, self.invitation), **own, **(context or {})}
        return render(self.http, f"linking/customer/{name}.html", full, status=status)

    def count(self, of_link: Limit, from_address: Limit) -> None:
        """One more of this kind; `TooManyVisits` when it is too much."""
        limits.count((of_link, tokens.digest(self.token)), (from_address, address_of(self.http)))

    def remember(self, response: HttpResponse, proof: str) -> HttpResponse:
        """Keep a proof in the browser as long as it is good."""
        response.set_cookie(self._cookie, proof, max_age=tokens.PROOF_VALID, **cookie_scope())
        return response

    @property
    def _cookie(self) -> str:
        return f"invite_proof_{self.invitation.pk}"

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
        @sensitive_post_parameters()
        def page(request: HttpRequest, token: str) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                response: HttpResponse = HttpResponse(status=405, headers={"Allow": ", ".join(methods)})
            elif _is_foreign_post(request):
                response = HttpResponseForbidden()
            elif (limit := _counted(request, token)) is not None:
                response = wait_page(request, limit, selectors.visit(token).invitation)
            else:
                response = _answer(view, request, selectors.visit(token), also_answered=also_answered)
            return keep_secret(request, response)

        return page

    return decorate


def _answer(
    view: Callable[[CustomerRequest], HttpResponse], request: HttpRequest, found: Visit, *, also_answered: bool
) -> HttpResponse:
    invitation = found.invitation
    with translation.override(language_of(request, invitation)), timezone.override(zone_of(invitation)):
        usable = found.standing is Standing.OPEN or (also_answered and found.standing is Standing.ANSWERED)
        if invitation is None or not usable:
            return closed_page(request, found.standing, invitation)
        customer = CustomerRequest(request, found, invitation)
        try:
            return view(customer)
        except TooManyVisits as error:
            return wait_page(request, error, invitation)
        except LinkNotUsable as error:  # somebody was faster while the page was open
            return closed_page(request, error.standing, error.invitation)
        except LinkUnknown:
            return closed_page(request, Standing.UNKNOWN, None)
        except ProofMissing:
            return customer.go("invite_proof")


def closed_page(request: HttpRequest, standing: Standing, invitation: Invitation | None) -> HttpResponse:
    """Expired, withdrawn, replaced, unknown or already answered: each with its next step and a person to ask."""
    context = page_context(request, invitation)
    if standing is Standing.ANSWERED:
        return render(request, "linking/customer/done.html", context)
    return render(request, f"linking/customer/{standing.value}.html", context, status=GONE[standing])


def wait_page(request: HttpRequest, error: TooManyVisits, invitation: Invitation | None) -> HttpResponse:
    """Used too often: what happened, and when it goes on."""
    with translation.override(language_of(request, invitation)), timezone.override(zone_of(invitation)):
        context = {**page_context(request, invitation), "until": error.until}
        response = render(request, "linking/customer/wait.html", context, status=429)
    response["Retry-After"] = str(max(int((error.until - timezone.now()).total_seconds()), 1))
    return response


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


def zone_of(invitation: Invitation | None) -> tzinfo:
    return ZoneInfo(invitation.partner.time_zone) if invitation else timezone.get_default_timezone()


def address_of(request: HttpRequest) -> str:
    """Where the request comes from: read as sign-in does, so one setting about proxies serves both."""
    return str(get_adapter().get_client_ip(request))


def _counted(request: HttpRequest, token: str) -> TooManyVisits | None:
    """Count what is posted, for links nobody was sent too: trying them out is what the limit is for."""
    if request.method != "POST":
        return None
    try:
        limits.count((limits.OPENS_OF_LINK, tokens.digest(token)), (limits.OPENS_FROM_ADDRESS, address_of(request)))
    except TooManyVisits as error:
        return error
    return None


def _is_foreign_post(request: HttpRequest) -> bool:
    return request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") not in (
        "same-origin",
        "none",
    )


def keep_secret(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    for name, value in SECRECY.items():
        response[name] = value
    if (chosen := request.GET.get("lang")) in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, chosen, **cookie_scope(), max_age=30 * 24 * 3600)
    return response


def cookie_scope() -> dict[str, Any]:
    return {"path": "/invite/", "httponly": True, "secure": settings.HTTPS, "samesite": "Lax"}
