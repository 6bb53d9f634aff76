"""The labels of one account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from partner_console.access.policy import Permission, require
from partner_console.web.forms import posted
from partner_console.web.htmx import see_other
from uids import selectors, services
from uids.errors import NotLive
from uids.forms import LabelsForm
from uids.views.panels import account_url

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_http_methods(["GET", "HEAD", "POST"])
def account_labels(request: ActorRequest, uid: str) -> HttpResponse:
    """Tick the labels this account carries."""
    require(request.actor, Permission.UID_EDIT)
    account = selectors.get_account(request.actor, uid)
    if not account.is_live:
        raise NotLive(account)
    form = LabelsForm(
        posted(request),
        choices=selectors.label_choices(request.actor),
        initial={"labels": [str(label.pk) for label in account.labels.all()]},
    )
    if form.is_valid():
        services.set_labels(actor=request.actor, account_pk=account.pk, label_pks=form.cleaned_data["labels"])
        messages.success(request, _("Saved."))
        return see_other(request, account_url(request, uid))
    status = 422 if form.is_bound else 200
    context = {"account": account, "form": form, "back_url": account_url(request, uid)}
    return render(request, "uids/account_labels.html", context, status=status)
