"""One action on many invitations: the list's choice becomes a batch, whose page is the dry run and then the result."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from django.contrib import messages
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from linking.models.batch import BatchKind
from linking.services import batches
from linking.services.batches.starting import MOST_ROWS
from linking.views.lists import InvitationPage
from partner_console.access.policy import Permission, require
from partner_console.errors import Invalid
from partner_console.web.htmx import see_other
from partner_console.web.listing import from_string

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_POST
def bulk(request: ActorRequest) -> HttpResponse:
    """Remind, withdraw or invite anew what was chosen in the list; a bad query is refused, never read as “all”."""
    require(request.actor, Permission.LINK_INVITE)
    action, query = request.POST.get("action", ""), request.POST.get("query", "")
    if action not in BatchKind.values:
        raise Invalid("unknown_action", _("Choose what to do."))
    page = InvitationPage(request.actor, from_string(query))
    pks = [int(pk) for pk in request.POST.getlist("pk") if pk.isdecimal() and len(pk) < 19]
    parts = page.selection(request.POST.get("scope", "selected"), pks)
    rows = (row for part in parts for row in part.select_related(None).defer("search").iterator(chunk_size=1000))
    chosen = list(islice(rows, MOST_ROWS + 1))
    if not chosen:
        messages.warning(request, _("Select rows first, or choose all that match."))
        return see_other(request, f"{reverse('linking:invitation_list')}?{query}")
    batch = batches.choose(actor=request.actor, kind=BatchKind(action), invitations=chosen, query=query)
    return see_other(request, reverse("linking:batch_detail", args=[batch.pk]))
