"""Bulk edits: choose the change, see what it would do, do it, see what came of every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.errors import DomainError, Invalid
from partner_console.web import formats
from partner_console.web.forms import add_domain_error
from partner_console.web.htmx import see_other, wants_fragment
from partner_console.web.listing import from_string
from quota.services import bulk
from uids import selectors
from uids.list_forms import FORMS, TITLES
from uids.models import BulkEdit
from uids.services.bulk import REASONS, new_value, permit
from uids.views.lists import AccountPage

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from partner_console.access.middleware import ActorRequest
    from uids.models import LinkedAccount
    from uids.services.bulk import Change

STOP_POLLING = 286


@require_POST
def bulk_edit(request: ActorRequest) -> HttpResponse:
    """Three posts to one address: the form, the dry run (`step=check`), the change (`step=run`)."""
    kind, step = request.POST.get("change", ""), request.POST.get("step", "")
    if kind not in FORMS:
        raise Invalid("unknown_change", _("Choose what to change."))
    permit(request.actor, kind)
    selection = posted_selection(request)
    if selection.pks == ():
        messages.warning(request, _("Select rows first, or choose all that match."))
        return see_other(request, f"{reverse('uids:account_list')}?{selection.query}")
    form = FORMS[kind](request.POST if step else None, actor=request.actor)
    context = {
        "kind": kind,
        "title": TITLES[kind],
        "form": form,
        "selection": selection,
        "kept": kept_fields(request.POST),
    }
    if step and form.is_valid():
        try:
            return _proceed(request, step, selection, form.change(), context)
        except DomainError as error:
            if error.field not in form.fields:
                raise
            add_domain_error(form, error)
    count = selection.rows(request.actor).count()
    return render(request, "uids/bulk_edit.html", {**context, "n_rows": count}, status=422 if form.errors else 200)


def _proceed(
    request: ActorRequest, step: str, selection: bulk.Selection, change: Change, context: dict[str, Any]
) -> HttpResponse:
    if step == "run":
        edit = bulk.start_bulk_edit(actor=request.actor, selection=selection, change=change)
        return see_other(request, reverse("uids:bulk_detail", args=[edit.pk]))
    found = bulk.preview(actor=request.actor, selection=selection, change=change)
    context["preview"] = found
    context["refused"] = [(REASONS[name], n) for name, n in found.refused]
    context["sample"] = [(account, *_before_after(request, account, change)) for account in found.sample]
    context["given"] = [
        (name, value) for name in context["form"].fields for value in request.POST.getlist(name) if value
    ]
    return render(request, "uids/bulk_check.html", context)


def _before_after(request: ActorRequest, account: LinkedAccount, change: Change) -> tuple[str, str]:
    if change.kind != "labels":
        name, value = new_value(account, change)
        return getattr(account, name), value
    names = {int(pk): name for pk, name in selectors.label_choices(request.actor)}
    before = {label.pk for label in account.labels.all()}
    after = (before | set(change.add)) - set(change.remove)
    shown = [formats.listed(sorted(names[pk] for pk in side if pk in names)) for side in (before, after)]
    return shown[0], shown[1]


def posted_selection(request: ActorRequest) -> bulk.Selection:
    """What the list's bulk bar posted; a bad query is refused, never read as “all”."""
    query = request.POST.get("query", "")
    page = AccountPage(request.actor, from_string(query))
    if page.query.errors:
        raise Invalid("bad_list_query", " ".join(page.query.errors))
    if request.POST.get("scope") == "filter":
        return bulk.Selection(query, page.query.filters)
    pks = [int(pk) for pk in request.POST.getlist("pk") if pk.isdecimal() and len(pk) < 19]
    return bulk.Selection(query, page.query.filters, tuple(sorted(set(pks))))


def kept_fields(data: QueryDict) -> list[tuple[str, str]]:
    """The selection and the kind of change, to be sent along unseen."""
    return [(name, value) for name in ("change", "scope", "query", "pk") for value in data.getlist(name)]


@require_GET
def bulk_detail(request: ActorRequest, pk: int) -> HttpResponse:
    """How far a bulk edit is, and every row it refused, still chosen."""
    require(request.actor, Permission.UID_VIEW)
    edit = get_visible_or_404(BulkEdit, request.actor, pk=pk)
    context = {
        "edit": edit,
        "title": TITLES.get(edit.change.get("kind", ""), ""),
        "refused": [(key, label, REASONS.get(reason, reason)) for key, label, reason in edit.refusals[:200]],
        "changes": [
            (entry.subject_label, [[_words(value) for value in pair] for pair in entry.changes.values()])
            for entry in selectors.list_bulk_changes(request.actor, edit)
        ],
    }
    if not wants_fragment(request):
        return render(request, "uids/bulk_detail.html", context)
    status = STOP_POLLING if edit.is_final else 200
    return render(request, "uids/bulk_detail.html#progress", context, status=status)


def _words(value: Any) -> str:
    """A value of the trail as text: labels are a list there."""
    return formats.listed(value) if isinstance(value, list) else str(value)


@require_POST
def bulk_cancel(request: ActorRequest, pk: int) -> HttpResponse:
    edit = bulk.cancel_bulk_edit(actor=request.actor, edit_pk=pk)
    messages.success(request, _("It stops after the rows being changed now. What was changed stays changed."))
    return see_other(request, reverse("uids:bulk_detail", args=[edit.pk]))
