"""Views of the gallery: made-up content, and errors on demand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.utils import timezone

from partner_console.errors import Forbidden
from partner_console.web.badges import LOOKS, TONES
from partner_console.web.htmx import render_page
from tests.web.gallery import content
from tests.web.gallery.forms import EveryField

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def listing(request: HttpRequest, state: str = "rows") -> HttpResponse:
    context = {"table": content.table(state), "chips": content.CHIPS, "clear_url": "?", "bulk": content.BULK}
    return render_page(request, "gallery/list.html", context, fragment="results")


def gallery(request: HttpRequest) -> HttpResponse:
    if "toast" in request.GET:
        messages.success(request, "Nickname saved.")
        messages.error(request, "The cloud refused: Error3015.")
    context: dict[str, Any] = {
        "looks": [(value, value) for value in LOOKS],
        "tones": list(TONES),
        "form": EveryField(initial={"nickname": "株式会社さくら"}),
        "bad": EveryField({"nickname": "", "policy": ""}, auto_id="bad_%s"),
        "entries": content.entries(),
        "jobs": content.JOBS,
        "value": Decimal("1234567.891"),
        "negative": Decimal("-37.2"),
        "zero": Decimal(0),
        "now": timezone.now(),
    }
    return render(request, "gallery/gallery.html", context)


def confirm(request: HttpRequest) -> HttpResponse:
    """Refuses whatever is posted, so that the refusal can be looked at."""
    form = EveryField(request.POST, auto_id="confirm_%s") if request.method == "POST" else None
    context = {"confirm": content.CONFIRM | {"form": form}}
    return render_page(request, "ui/confirm_page.html", context, fragment="confirm", status=422 if form else 200)


@login_not_required
def public(request: HttpRequest) -> HttpResponse:
    return render(request, "gallery/public.html", {"form": EveryField()})


@login_not_required
def error(request: HttpRequest, code: int) -> HttpResponse:
    """The page of an error; 403 with the reason the domain gives."""
    if code == Forbidden.status:
        raise Forbidden("not_permitted", "Only an owner may do this.")
    return render(request, f"errors/{code}.html", {}, status=code)
