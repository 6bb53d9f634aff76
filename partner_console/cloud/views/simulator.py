"""The simulated cloud for its operators: what its customers do, how time passes there, and what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.cloud.forms import EventForm, FaultForm, InstanceForm, TimeForm
from partner_console.cloud.port import CloudRefused
from partner_console.cloud.simulated import instances, playing, selectors, services
from partner_console.cloud.simulated.models import SimInstance
from partner_console.cloud.views.simulator_page import account_url, ensure_operator, page, progress
from partner_console.web.htmx import progress_or_page, see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_GET
def simulator(request: ActorRequest) -> HttpResponse:
    """The clock, an account as the cloud has it, and the faults that wait."""
    ensure_operator(request)
    return page(request)


@require_POST
def simulator_event(request: ActorRequest) -> HttpResponse:
    """Consumption, settlement or refund of one account."""
    ensure_operator(request)
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
            return see_other(request, account_url(uid))
    return page(request, event_form=form)


@require_POST
def simulator_instance(request: ActorRequest) -> HttpResponse:
    """An order as the customer would give it, judged by the console; with `put`, an instance nobody asked about."""
    ensure_operator(request)
    form = InstanceForm(request.POST)
    if not form.is_valid():
        return page(request, instance_form=form)
    wanted = dict(form.cleaned_data)
    account = services.meet(wanted.pop("uid"))
    if account is None:
        form.add_error("uid", _("Neither the simulated cloud nor the console knows this UID."))
        return page(request, instance_form=form)
    if "put" in request.POST:
        instances.put(account, **wanted)
        messages.success(request, _("It is there."))
    elif (verdict := instances.order(account, **wanted)).is_allowed:
        messages.success(request, _("The order went through: it runs."))
    else:
        messages.warning(request, _("The order was refused: %(reason)s") % {"reason": verdict.reason})
    return see_other(request, account_url(account.uid))


@require_POST
def simulator_instance_remove(request: ActorRequest, pk: int) -> HttpResponse:
    """The customer gives an instance up."""
    ensure_operator(request)
    instance = get_object_or_404(SimInstance.objects.select_related("account"), pk=pk)
    instances.remove(instance)
    messages.success(request, _("%(name)s is gone.") % {"name": instance.name})
    return see_other(request, account_url(instance.account.uid))


@require_http_methods(["GET", "POST"])
def simulator_time(request: ActorRequest) -> HttpResponse:
    """Let time pass, in the background; asked for, how far it is."""
    ensure_operator(request)
    here = reverse("cloud:simulator")
    if request.method == "POST":
        form = TimeForm(request.POST)
        if not form.is_valid():
            return page(request, time_form=form)
        playing.let_pass(actor=request.actor, n_hours=playing.STRETCHES[form.cleaned_data["stretch"]])
        return see_other(request, here)
    play = selectors.latest_play()
    return progress_or_page(request, progress(play) or {}, is_busy=play is not None and not play.is_final, page=here)


@require_POST
def simulator_time_cancel(request: ActorRequest) -> HttpResponse:
    """The present hour is the last."""
    ensure_operator(request)
    playing.cancel(actor=request.actor)
    messages.success(request, _("It ends after the present hour."))
    return see_other(request, reverse("cloud:simulator"))


@require_POST
def simulator_fault(request: ActorRequest) -> HttpResponse:
    """Let the next calls go wrong, or with `clear` let everything work again."""
    ensure_operator(request)
    if "clear" in request.POST:
        services.clear_faults()
        messages.success(request, _("No fault waits any more."))
        return see_other(request, reverse("cloud:simulator"))
    form = FaultForm(request.POST)
    if not form.is_valid():
        return page(request, fault_form=form)
    services.add_fault(**form.cleaned_data)
    messages.success(request, _("The fault waits for the next matching call."))
    return see_other(request, reverse("cloud:simulator"))
