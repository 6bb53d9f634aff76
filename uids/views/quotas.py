"""From accounts chosen in the list to new quotas: typed beside each, or filled in in a sheet when they are many."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from partner_console.access.policy import Permission, require
from partner_console.web.downloads import workbook_response
from partner_console.web.htmx import see_other
from quota.services import batches
from uids.views.bulk import kept_fields, posted_selection

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from partner_console.access.middleware import ActorRequest

MOST_TYPED = 100  # so many UIDs an address still carries, and a person still types


@require_POST
def bulk_quotas(request: ActorRequest) -> HttpResponseBase:
    """On to the page where totals are typed; `step=sheet` answers with the sheet."""
    require(request.actor, Permission.QUOTA_EDIT)
    selection = posted_selection(request)
    if selection.pks == ():
        messages.warning(request, _("Select rows first, or choose all that match."))
        return see_other(request, f"{reverse('uids:account_list')}?{selection.query}")
    rows = selection.rows(request.actor).order_by("uid")
    if request.POST.get("step") == "sheet":
        return workbook_response(
            lambda path: batches.write_sheet(actor=request.actor, accounts=rows, path=path), name="quotas.xlsx"
        )
    uids = list(rows.values_list("uid", flat=True)[: MOST_TYPED + 1])
    if len(uids) <= MOST_TYPED:
        given = urlencode({"uid": ",".join(uids), "query": selection.query}, safe=",")
        return see_other(request, f"{reverse('quota:batch_type')}?{given}")
    context = {
        "n_rows": rows.count(),
        "most": batches.MOST_ROWS,
        "most_typed": MOST_TYPED,
        "kept": kept_fields(request.POST),
        "selection": selection,
    }
    return render(request, "uids/bulk_quotas.html", context)
