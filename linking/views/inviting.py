"""Inviting a customer: the form, and what is said about a UID while it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from linking import selectors, services
from linking.forms import InvitationForm
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import get_own_partner, managers_for_choice
from partner_console.errors import DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other
from uids.states import Environment

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from partner_console.access.models import Partner

# What an earlier invitation proposes for a new one of the same customer.
KEPT = (
    "uid", "company", "email", "language", "country", "account_type", "environment", "purpose", "crm_reference",
    "quota", "warning_percent", "shutdown_policy", "purchase_control", "business_manager", "remarks",
)  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_new(request: ActorRequest) -> HttpResponse:
    """`/links/new/`; `?from=<pk>` proposes what an earlier invitation asked."""
    require(request.actor, Permission.LINK_INVITE)
    partner = get_own_partner(request.actor)
    form = InvitationForm(posted(request), partner=partner, initial=_proposal(request, partner))
    if request.method == "POST" and form.is_valid():
        try:
            invitation = services.invite(actor=request.actor, **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": invitation.email})
            return see_other(request, reverse("linking:invitation_detail", args=[invitation.pk]))
    context = {"form": form, "managers": managers_for_choice(request.actor), "check": None}
    if form.is_bound and form.data.get("uid"):
        context["check"] = selectors.check_uid(request.actor, form.data["uid"])
    return render(request, "linking/invitation_new.html", context, status=422 if form.is_bound else 200)


@require_GET
def invitation_uid(request: ActorRequest) -> HttpResponse:
    """What is known about the typed UID; swapped in beside the field as one types."""
    text = request.GET.get("uid", "")[:100]
    check = selectors.check_uid(request.actor, text) if text.strip() else None
    return render(request, "linking/_uid_check.html", {"check": check})


def _proposal(request: ActorRequest, partner: Partner) -> dict[str, Any]:
    initial: dict[str, Any] = {
        "language": partner.language,
        "environment": Environment.PRODUCTION,
        "warning_percent": partner.warning_percent,
        "uid": request.GET.get("uid", "")[:100],
    }
    if (pk := request.GET.get("from", "")).isdigit():
        earlier = selectors.get_invitation(request.actor, int(pk[:18]))
        initial |= {name: getattr(earlier, name) for name in KEPT}
    return initial
