"""What every page of /my/ has in common: the customer's own session, apart from the staff's, and no copy kept.

The key is in a cookie that only /my/ is sent. Nothing in these addresses is secret, so Django's CSRF check guards the
forms as on every page of the console.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation

from linking import services
from linking.contacts import contact_actor
from linking.errors import TooManyVisits
from partner_console.access.models import LANGUAGE_CHOICES
from partner_console.errors import DomainError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from django.http import HttpRequest

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

SESSION_COOKIE = "my_session"
TICKET_COOKIE = "my_ticket"
LANGUAGES = dict(LANGUAGE_CHOICES)
NOT_STORED = {"Cache-Control": "no-store, private", "X-Robots-Tag": "noindex, nofollow, noarchive"}


class MyRequest:
    """Who is signed in to /my/; given to the view instead of a user."""

    def __init__(self, request: HttpRequest, actor: Actor, key: str) -> None:
        self.http = request
        self.actor = actor
        self.key = key

    def page(
        self,
        name: str,
        context: dict[str, Any] | None = None,
        *,
        asking: Partner | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """`asking` is the partner the page is about: its times are shown in the partner's zone."""
        zone = ZoneInfo(asking.time_zone) if asking else timezone.get_current_timezone()
        full = {"email": self.actor.contact_email, "asking": asking, **(context or {})}
        with timezone.override(zone):
            return render(self.http, f"linking/my/{name}.html", full, status=status)

    def go(self, name: str, *args: object) -> HttpResponse:
        return see(name, *args)


def see(name: str, *args: object) -> HttpResponse:
    response = redirect(f"linking:{name}", *args)
    response.status_code = 303
    return response


def my_page(*methods: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A page of a signed-in customer; everybody else is led to the sign-in."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            key = request.COOKIES.get(SESSION_COOKIE, "")
            session = services.session_of(key)
            if session is None:
                return see("my_sign_in")
            return view(
                MyRequest(request, contact_actor(session.email, request_id=_request_id(request)), key), *args, **kwargs
            )

        return open_page(*methods)(page)

    return decorate


def open_page(*methods: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A page for everybody, with customers' words for what goes wrong. `methods` are those the page takes."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_not_required
        @wraps(view)
        def page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if request.method not in methods and not (request.method == "HEAD" and "GET" in methods):
                return HttpResponse(status=405, headers={"Allow": ", ".join(methods)})
            try:
                response = view(request, *args, **kwargs)
            except TooManyVisits as error:
                response = _wait(request, error)
            except DomainError as error:
                response = render(request, "linking/my/error.html", {"error": error}, status=error.status)
            for name, value in NOT_STORED.items():
                response[name] = value
            return response

        return page

    return decorate


def language() -> str:
    """What the page speaks, as mails name it."""
    spoken = translation.get_language()
    return spoken if spoken in LANGUAGES else settings.LANGUAGE_CODE


def cookie_scope() -> dict[str, Any]:
    return {"path": "/my/", "httponly": True, "secure": settings.HTTPS, "samesite": "Lax"}


def _wait(request: HttpRequest, error: TooManyVisits) -> HttpResponse:
    response = render(request, "linking/my/wait.html", {"until": error.until}, status=429)
    response["Retry-After"] = str(max(int((error.until - timezone.now()).total_seconds()), 1))
    return response


def _request_id(request: HttpRequest) -> str:
    return str(getattr(getattr(request, "actor", None), "request_id", ""))
