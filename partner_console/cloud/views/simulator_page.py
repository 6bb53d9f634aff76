"""The operators' page of the simulated cloud, as every one of its forms shows it again."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from partner_console.access.policy import Permission, require
from partner_console.cloud.forms import STRETCHES, EventForm, FaultForm, FindForm, InstanceForm
from partner_console.cloud.simulated import instances, selectors
from partner_console.cloud.simulated.models import InstanceKind
from partner_console.errors import NotFound

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from partner_console.cloud.simulated.models import SimAccount, SimPlay

SIMULATED = "partner_console.cloud.simulated.adapter.SimulatedCloud"
LEAST = Decimal("0.01")


def ensure_operator(request: ActorRequest) -> None:
    """Operators only, and only while the simulated cloud is the cloud."""
    require(request.actor, Permission.PLATFORM)
    if settings.CLOUD_PORT != SIMULATED:
        raise NotFound("not_simulated", _("This console works with a real cloud: there is nothing to simulate."))


def account_url(uid: str) -> str:
    return f"{reverse('cloud:simulator')}?uid={uid}"


def progress(play: SimPlay | None) -> dict[str, Any] | None:
    """A stretch of time as `ui/progress.html` shows it."""
    if play is None:
        return None
    text = _("asked for by %(who)s") % {"who": play.asked_by}
    if play.error:
        text = _("Something unexpected went wrong. Your operator finds it in the log.")
    return {
        "id": "play",
        "url": reverse("cloud:simulator_time"),
        "is_final": play.is_final,
        "state": play.state,
        "state_label": play.get_state_display(),
        "text": text,
        "done": play.played,
        "total": play.hours,
        "cancel_url": "" if play.is_final or play.cancel_requested else reverse("cloud:simulator_time_cancel"),
    }


def page(request: ActorRequest, **bound: forms.Form) -> HttpResponse:
    """The page; `bound` are the forms that were refused, by their names in the template."""
    find_form = FindForm(request.GET)
    uid = find_form.cleaned_data["uid"] if find_form.is_valid() else ""
    account = selectors.find_account(uid) if uid else None
    context: dict[str, Any] = {
        "find_form": find_form,
        "uid": uid,
        "account": account,
        "clock": selectors.look_ahead(),
        "stretches": STRETCHES,
        "job": progress(selectors.latest_play()),
        "event_form": EventForm(initial={"uid": uid}),
        "fault_form": FaultForm(initial={"uid": uid}),
        "instance_form": InstanceForm(initial={"uid": uid}),
        "faults": selectors.list_waiting_faults(),
        **(_about(account) if account else {}),
        **bound,
    }
    return render(request, "cloud/simulator.html", context, status=422 if bound or find_form.errors else 200)


def _about(account: SimAccount) -> dict[str, Any]:
    """What the customer has, and whether the least order would go through now."""
    return {
        "instances": selectors.list_instances(account),
        "verdicts": [(kind.label, instances.judge(account, kind, LEAST)) for kind in InstanceKind],
    }
