"""The partner's settings, one's own profile, and which partner one works in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access import services
from partner_console.access.forms import PartnerForm, ProfileForm
from partner_console.access.middleware import PARTNER_SESSION_KEY
from partner_console.access.policy import Permission, allows, require
from partner_console.access.selectors import find_switch_target, get_own_partner
from partner_console.errors import Conflict, DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_GET
def settings_home(request: ActorRequest) -> HttpResponse:
    """What can be set, and where."""
    require(request.actor, Permission.MEMBER_VIEW)
    return render(request, "access/settings.html")


@require_http_methods(["GET", "HEAD", "POST"])
def partner_edit(request: ActorRequest) -> HttpResponse:
    """The partner's name, contact, defaults. A conflicting edit comes back with both values."""
    require(request.actor, Permission.PARTNER_EDIT)
    partner = get_own_partner(request.actor)
    initial = {name: getattr(partner, name) for name in (*services.partners.EDITABLE, "version")}
    form = PartnerForm(posted(request), initial=initial)
    if not allows(request.actor, Permission.CONTROL_VIEW):  # an agency freezes nothing
        del form.fields["quiet_from"], form.fields["quiet_until"]
    conflict: Conflict | None = None
    if request.method == "POST" and form.is_valid():
        try:
            services.edit_partner(actor=request.actor, **form.cleaned_data)
        except Conflict as error:
            conflict = error
            form.data = form.data | {"version": error.data["version"]}  # type: ignore[operator]  # QueryDict copies
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Settings saved."))
            return see_other(request, reverse("access:settings"))
    status = 409 if conflict else 422 if form.is_bound else 200
    return render(request, "access/partner_edit.html", {"form": form, "conflict": conflict}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: ActorRequest) -> HttpResponse:
    """Name, language and zone of the person signed in."""
    user = request.user
    form = ProfileForm(
        posted(request),
        initial={"name": user.name, "language": user.language, "time_zone": user.time_zone},
    )
    if request.method == "POST" and form.is_valid():
        services.edit_profile(actor=request.actor, **form.cleaned_data)
        messages.success(request, _("Profile saved."))
        return see_other(request, reverse("access:profile"))
    return render(request, "access/profile.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
def partner_switch(request: ActorRequest) -> HttpResponse:
    """Work in another partner one belongs to; 404 for any other."""
    membership = find_switch_target(user_pk=request.user.pk, partner=request.POST.get("partner", ""))
    request.session[PARTNER_SESSION_KEY] = membership.partner_id
    messages.success(request, _("You now work in %(partner)s.") % {"partner": membership.partner})
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return see_other(request, target if safe else reverse("web:overview"))
