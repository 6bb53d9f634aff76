"""Permissions and checks of one account: the panel of UID Details, its page, and what one can do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from linking import services
from linking.services import checklist
from linking.validation import get_validation
from partner_console.access.policy import Permission, require
from partner_console.web.htmx import see_other, wants_fragment

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_GET
def account_permissions(request: ActorRequest, uid: str) -> HttpResponse:
    """Everything: the panel, and who can do what on both sides."""
    found = get_validation(request.actor, uid)
    return render(request, "linking/checks/account_permissions.html", {"found": found, "is_page": True})


@require_GET
def account_panel(request: ActorRequest, uid: str) -> HttpResponse:
    """The fragment for UID Details; whoever comes without scripts gets the page."""
    found = get_validation(request.actor, uid)
    if not wants_fragment(request):
        return redirect("linking:account_permissions", uid)
    return render(request, "linking/checks/_panel.html", {"found": found, "is_page": "page" in request.GET})


@require_POST
def account_recheck(request: ActorRequest, uid: str) -> HttpResponse:
    """[Check now]."""
    account = get_validation(request.actor, uid).account
    services.recheck(actor=request.actor, account_pk=account.pk)
    return _back(request, uid, _("The cloud is being asked. The results appear here."))


@require_POST
def account_resend(request: ActorRequest, uid: str) -> HttpResponse:
    """[Send the permissions again]: what to do about a drift."""
    account = get_validation(request.actor, uid).account
    services.repeat_order(actor=request.actor, account_pk=account.pk)
    return _back(
        request, uid, _("The permissions are on their way to the cloud. They are checked again in two minutes.")
    )


@require_POST
def account_confirm(request: ActorRequest, uid: str, kind: str) -> HttpResponse:
    """[It is as expected]: what the cloud cannot be asked was looked up by hand."""
    account = get_validation(request.actor, uid).account
    services.confirm_by_hand(actor=request.actor, account_pk=account.pk, kind=kind)
    return _back(request, uid, _("Recorded."))


@require_POST
def account_tick(request: ActorRequest, uid: str) -> HttpResponse:
    """Tick a line of the onboarding checklist, or with `undo` take the tick away."""
    account = get_validation(request.actor, uid).account
    require(request.actor, Permission.LINK_INVITE)
    act = checklist.untick if "undo" in request.POST else checklist.tick
    act(actor=request.actor, account_pk=account.pk, key=request.POST.get("key", "")[:40])
    return _back(request, uid, "")


def _back(request: ActorRequest, uid: str, message: str) -> HttpResponse:
    """The panel as it is now, or the page it stands on."""
    if wants_fragment(request):
        context = {"found": get_validation(request.actor, uid), "is_page": "page" in request.GET, "message": message}
        return render(request, "linking/checks/_panel.html", context)
    if message:
        messages.success(request, message)
    return see_other(request, reverse("linking:account_permissions", args=[uid]))
