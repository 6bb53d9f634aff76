"""The operators' page of the simulated cloud: what its customers do, and what goes wrong there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from partner_console.access.policy import Permission, require
from partner_console.cloud.forms import EventForm, FaultForm, FindForm
from partner_console.cloud.port import CloudRefused
from partner_console.cloud.simulated import selectors, services
from partner_console.errors import NotFound
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest

SIMULATED = "partner_console.cloud.simulated.adapter.SimulatedCloud"


def _ensure_operator(request: ActorRequest) -> None:
    """Operators only, and only while the simulated cloud is the cloud."""
    require(request.actor, Permission.PLATFORM)
    if settings.CLOUD_PORT != SIMULATED:
        raise NotFound("not_simulated", _("This console works with a real cloud: there is nothing to simulate."))


@require_GET
def simulator(request: ActorRequest) -> HttpResponse:
    """Find an account, see its figures as the cloud has them, and the faults that wait."""
    _ensure_operator(request)
    return _page(request)


@require_POST
def simulator_event(request: ActorRequest) -> HttpResponse:
    """Consumption, settlement or refund of one account."""
    _ensure_operator(request)
    form = EventForm(request.POST)
    if form.is_valid():
        uid, amount = form.cleaned_data["uid"], form.cleaned_data["amount"]
        act = {"usage": services.report_usage, "settle": services.settle, "refund": services.refund}
        try:
            act[form.cleaned_data["event"]](uid=uid, amount=amount)
        except CloudRefused as refusal:
            form.add_error(None, f"{refusal.code}: {refusal.message}")
        else:
            messages.success(request, _("Done at the simulated cloud. The console reads it within a minute."))
            return see_other(request, f"{reverse('cloud:simulator')}?uid={uid}")
    return _page(request, event_form=form)


@require_POST
def simulator_fault(request: ActorRequest) -> HttpResponse:
    """Let the next calls go wrong, or with `clear` let everything work again."""
    _ensure_operator(request)
    if "clear" in request.POST:
        services.clear_faults()
        messages.success(request, _("No fault waits any more."))
        return see_other(request, reverse("cloud:simulator"))
    form = FaultForm(request.POST)
    if not form.is_valid():
        return _page(request, fault_form=form)
    services.add_fault(**form.cleaned_data)
    messages.success(request, _("The fault waits for the next matching call."))
    return see_other(request, reverse("cloud:simulator"))


def _page(
    request: ActorRequest, *, event_form: forms.Form | None = None, fault_form: forms.Form | None = None
) -> HttpResponse:
    find_form = FindForm(request.GET)
    uid = find_form.cleaned_data["uid"] if find_form.is_valid() else ""
    context: dict[str, Any] = {
        "find_form": find_form,
        "uid": uid,
        "account": selectors.find_account(uid) if uid else None,
        "event_form": event_form or EventForm(initial={"uid": uid}),
        "fault_form": fault_form or FaultForm(initial={"uid": uid}),
        "faults": selectors.list_waiting_faults(),
    }
    is_refused = any(form is not None for form in (event_form, fault_form)) or bool(find_form.errors)
    return render(request, "cloud/simulator.html", context, status=422 if is_refused else 200)
