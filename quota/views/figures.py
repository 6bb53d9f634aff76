"""Figures to look at: run-out, chart and table of one account; the exposure of all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from partner_console.errors import Invalid, NotFound
from partner_console.web.htmx import render_page
from quota.charts import draw
from quota.filters import ChartForm
from quota.lists import ExposurePage
from quota.selectors.credit import get_balance
from quota.selectors.daily import get_history
from quota.selectors.forecast import get_forecast, get_until

if TYPE_CHECKING:
    from partner_console.access.middleware import ActorRequest

# The image's own styles; in a page it is shown as an image and can load or run nothing.
IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@require_GET
def chart(request: ActorRequest, uid: str) -> HttpResponse:
    """Loaded into the pages that show a quota; a page of its own without scripts."""
    balance = get_balance(request.actor, uid)
    form = ChartForm(request.GET)
    asked: dict[str, Any] = form.cleaned_data if form.is_valid() else {"days": ChartForm.DAYS, "until": None}
    credit = balance.credit
    forecast = get_forecast(credit) if credit else None
    context = {
        "balance": balance,
        "form": form,
        "days": asked["days"],
        "history": get_history(request.actor, credit, days=asked["days"]) if credit else None,
        "forecast": forecast,
        "until": get_until(credit, forecast, asked["until"]) if credit and forecast else None,
    }
    return render_page(request, "quota/chart.html", context, fragment="chart", status=200 if form.is_valid() else 422)


@require_GET
def exposure(request: ActorRequest) -> HttpResponse:
    """For finance: what customers may spend altogether, and what of it is at risk."""
    return ExposurePage(request.actor, request.GET).response(request)


@require_GET
def chart_image(request: ActorRequest, uid: str) -> HttpResponse:
    """The chart itself, as SVG in the reader's language."""
    form = ChartForm(request.GET)
    if not form.is_valid():
        raise Invalid("bad_chart", form.errors_in_words())
    balance = get_balance(request.actor, uid)
    asked = form.cleaned_data
    history = get_history(request.actor, balance.credit, days=asked["days"]) if balance.credit else None
    if history is None:
        raise NotFound("no_history", ChartForm.NO_HISTORY)
    response = HttpResponse(draw(history, size=asked["size"]), content_type="image/svg+xml")
    response["Content-Security-Policy"] = IMAGE_POLICY
    return response
