"""The partner's onboarding checklist: its lines and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from linking import onboarding
from linking.services import checklist
from linking.template_forms import LineForm
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import get_own_partner
from partner_console.errors import DomainError, Invalid
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_http_methods(["GET", "HEAD", "POST"])
def checklist_edit(request: ActorRequest) -> HttpResponse:
    """The list; a POST adds a line."""
    require(request.actor, Permission.PARTNER_EDIT)
    form = LineForm(posted(request))
    if form.is_valid():
        try:
            checklist.add_item(actor=request.actor, text=form.cleaned_data["text"])
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Line added."))
            return see_other(request, reverse("linking:checklist_edit"))
    partner = get_own_partner(request.actor)
    context = {
        "form": form,
        "lines": onboarding.list_lines(partner.pk),
        "left_out": onboarding.list_left_out(partner.pk),
    }
    return render(request, "linking/checklist/checklist_edit.html", context, status=422 if form.errors else 200)


@require_POST
def checklist_change(request: ActorRequest) -> HttpResponse:
    """Move a line (`up`, `down`), take it out (`remove`) or put it back (`restore`)."""
    require(request.actor, Permission.PARTNER_EDIT)
    key, change = request.POST.get("key", "")[:40], request.POST.get("change", "")
    if change in ("up", "down"):
        checklist.move_item(actor=request.actor, key=key, is_up=change == "up")
    elif change == "remove":
        checklist.remove_item(actor=request.actor, key=key)
    elif change == "restore":
        checklist.restore_item(actor=request.actor, key=key)
    else:
        raise Invalid("unknown_change", _("Choose what to do with the line."))
    return see_other(request, reverse("linking:checklist_edit"))
