"""The quota of one account: the panel of UID Details, and the page with its records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from partner_console.web.htmx import wants_fragment
from quota.lists import EntryPage
from quota.selectors.credit import get_balance

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_GET
def account_quota(request: ActorRequest, uid: str) -> HttpResponse:
    return EntryPage(request.actor, request.GET, get_balance(request.actor, uid)).response(request)


@require_GET
def panel(request: ActorRequest, uid: str) -> HttpResponse:
    """The fragment for UID Details; whoever comes without scripts gets the page."""
    balance = get_balance(request.actor, uid)
    if not wants_fragment(request):
        return redirect("quota:account_quota", uid)
    return render(request, "quota/_panel.html", {"balance": balance})
