"""Accepting an invitation to join a partner: public, the token is the proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from partner_console.access import services
from partner_console.access.forms import JoinForm
from partner_console.access.middleware import PARTNER_SESSION_KEY
from partner_console.access.selectors import has_login
from partner_console.errors import DomainError
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: ActorRequest, token: str) -> HttpResponse:
    """A new person chooses a password; somebody with a login signs in first and confirms. GET changes nothing."""
    invitation = services.find_invitation(token=token)
    user_pk: int | None = request.user.pk  # None for visitors; somebody may be signed in and belong to no partner
    is_theirs = user_pk is not None and request.user.email == invitation.email
    form = JoinForm(posted(request)) if not is_theirs else None
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            given = form.cleaned_data if form else {}
            membership = services.accept_invitation(token=token, user_pk=user_pk, **given)
        except DomainError as error:
            if form is None:
                raise
            add_domain_error(form, error)
        else:
            messages.success(request, _("Welcome to %(partner)s.") % {"partner": membership.partner})
            if is_theirs:
                request.session[PARTNER_SESSION_KEY] = membership.partner_id
            return see_other(request, reverse("web:overview"))
    context = {
        "invitation": invitation,
        "form": form,
        "needs_sign_in": not is_theirs and has_login(invitation.email),
        "is_signed_in_as_other": user_pk is not None and not is_theirs,
    }
    status = 422 if form is not None and form.is_bound else 200
    response = render(request, "access/join.html", context, status=status)
    # The address holds the token. Not “no-referrer”: browsers would then post with `Origin: null`, which CSRF refuses.
    response["Referrer-Policy"] = "strict-origin"
    return response
