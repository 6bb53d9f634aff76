"""The page of what waits for a second person. The linking issue adds the deciding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_GET

from . import selectors

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_GET
def approval_list(request: ActorRequest) -> HttpResponse:
    """`/approvals/`: waiting requests, then the latest decided ones."""
    context = {
        "waiting": list(selectors.list_waiting(request.actor)[: selectors.SHOWN]),
        "decided": list(selectors.list_decided(request.actor)[: selectors.SHOWN]),
    }
    return render(request, "approvals/approval_list.html", context)
