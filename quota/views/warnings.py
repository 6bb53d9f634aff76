"""The inbox of warnings: list, one warning, and what people do about them."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access.policy import Permission, require
from partner_console.errors import Invalid
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import see_other
from partner_console.web.listing import from_string
from quota.selectors.warnings import get_mailing, get_warning, state_of
from quota.services import handling
from quota.services.mailing import set_mailing
from quota.services.notices import Notice
from quota.warning_forms import MailingForm, SnoozeForm
from quota.warning_lists import ACTIONS, WarningPage

if TYPE_CHECKING:
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest


@require_GET
def warning_list(request: ActorRequest) -> HttpResponse:
    """`/warnings/`."""
    return WarningPage(request.actor, request.GET).response(request)


@require_GET
def warning_detail(request: ActorRequest, pk: int) -> HttpResponse:
    """One warning: what was crossed, the figures then and now, who has it."""
    warning = get_warning(request.actor, pk)
    state = state_of(warning)
    context = {
        "warning": warning,
        "state": state,
        "notice": Notice(warning.credit, list(warning.lines.all())),
        "actions": ACTIONS[state],
    }
    return render(request, "quota/warnings/detail.html", context)


@require_POST
def warning_handle(request: ActorRequest) -> HttpResponse:
    """Acknowledge, snooze (asks until when and why) or wake what was chosen; a bad query is refused."""
    require(request.actor, Permission.WARNING_HANDLE)
    action, pks = request.POST.get("action", ""), _chosen(request)
    if action not in ("acknowledge", "snooze", "unsnooze"):
        raise Invalid("unknown_action", _("Choose what to do."))
    if not pks:
        messages.warning(request, _("Select rows first, or choose all that match."))
        return see_other(request, _back(request))
    if action == "snooze":
        return _snooze(request, pks)
    if action == "acknowledge":
        n = handling.acknowledge(actor=request.actor, warning_pks=pks)
        said = ngettext("%(n)d warning acknowledged.", "%(n)d warnings acknowledged.", n)
    else:
        n = handling.unsnooze(actor=request.actor, warning_pks=pks)
        said = ngettext("%(n)d account is no longer snoozed.", "%(n)d accounts are no longer snoozed.", n)
    messages.success(request, said % {"n": n})
    return see_other(request, _back(request))


def _snooze(request: ActorRequest, pks: list[int]) -> HttpResponse:
    form = SnoozeForm(request.POST if request.POST.get("step") else None)
    if form.is_bound and form.is_valid():
        try:
            n = handling.snooze(actor=request.actor, warning_pks=pks, **form.cleaned_data)
        except Invalid as error:
            add_domain_error(form, error)
        else:
            said = ngettext("%(n)d account snoozed.", "%(n)d accounts snoozed.", n)
            messages.success(request, said % {"n": n})
            return see_other(request, _back(request))
    context = {
        "form": form,
        "pks": pks,
        "query": request.POST.get("query", ""),
        "back_url": _back(request),
        "one": request.POST.get("one", ""),
    }
    return render(request, "quota/warnings/snooze.html", context, status=422 if form.errors else 200)


def _chosen(request: ActorRequest) -> list[int]:
    """The chosen warnings, or all that match; one more than may be handled at once says that it was too many."""
    page = WarningPage(request.actor, from_string(request.POST.get("query", "")))
    pks = [int(pk) for pk in request.POST.getlist("pk") if pk.isdecimal() and len(pk) < 19]
    if request.POST.get("scope", "selected") != "filter":
        return pks[: handling.MOST_AT_ONCE + 1]
    parts = (part.prefetch_related(None) for part in page.selection("filter"))
    keys = (pk for part in parts for pk in part.values_list("pk", flat=True).iterator())
    return list(islice(keys, handling.MOST_AT_ONCE + 1))


def _back(request: ActorRequest) -> str:
    """To the warning somebody came from, or to the list as it was."""
    one = request.POST.get("one", "")
    if one.isdecimal() and len(one) < 19:
        return reverse("quota:warning_detail", args=[int(one)])
    return f"{reverse('quota:warning_list')}?{request.POST.get('query', '')}"


@require_http_methods(["GET", "POST"])
def warning_mailing(request: ActorRequest) -> HttpResponse:
    """When mail about warnings goes out: at once, once a day, or both."""
    chosen = get_mailing(request.actor)
    require(request.actor, Permission.PARTNER_EDIT)
    initial = {"mailing": chosen.mailing, "digest_hour": chosen.digest_hour, "version": chosen.version}
    form = MailingForm(posted(request), initial=initial, zone=request.membership.partner.time_zone)  # type: ignore[union-attr]
    if request.method == "POST" and form.is_valid():
        set_mailing(actor=request.actor, partner_pk=chosen.partner_id, **form.cleaned_data)
        messages.success(request, _("Saved."))
        return see_other(request, reverse("quota:warning_list"))
    return render(request, "quota/warnings/mailing.html", {"form": form}, status=422 if form.errors else 200)
