"""Bulk edits: choose the change, see what it would do, do it, see what came of every row, take it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access.policy import Permission, allows, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.errors import DomainError, Invalid
from partner_console.web import formats
from partner_console.web.formats import named
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import STOP_POLLING, see_other, wants_fragment
from partner_console.web.listing import from_string
from quota.errors import CascadeMoved
from quota.services import bulk
from uids import selectors
from uids.bulk_wording import TITLES, UNDO, effect_of, in_words, title_of
from uids.control_tables import state_in_words
from uids.controls import NORMAL, own_value
from uids.list_forms import FORMS, ConfirmedForm, UndoForm
from uids.models import BulkEdit
from uids.previews import own_changes
from uids.services.bulk import Change, new_value, permit
from uids.states import Control
from uids.views.lists import AccountPage
from uids.wording import WARNINGS

if TYPE_CHECKING:
    from django.forms import Form
    from django.http import HttpResponse, QueryDict

    from partner_console.access.middleware import ActorRequest
    from uids.models import LinkedAccount
    from uids.services.bulk import Preview


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
    action = reverse("uids:bulk_edit")
    if step == "run" and not change.is_switch:
        edit = bulk.start_bulk_edit(actor=request.actor, selection=selection, change=change)
        return see_other(request, reverse("uids:bulk_detail", args=[edit.pk]))
    found = bulk.preview(actor=request.actor, selection=selection, change=change)
    typed = ConfirmedForm(request.POST if step == "run" else None, n_accounts=found.n_accounts)
    if step == "run" and typed.is_valid():
        try:
            edit = bulk.start_bulk_edit(
                actor=request.actor, selection=selection, change=change, confirmed=typed.how_many
            )
        except CascadeMoved as error:  # more or fewer than a moment ago: the page shows how many now
            add_domain_error(typed, error)
        else:
            return see_other(request, reverse("uids:bulk_detail", args=[edit.pk]))
    given = [(name, value) for name in context["form"].fields for value in request.POST.getlist(name) if value]
    context |= {"given": given, "action": action, **_dry_run(request, found, change, typed)}
    return render(request, "uids/bulk_check.html", context, status=422 if typed.errors else 200)


def _dry_run(request: ActorRequest, found: Preview, change: Change, typed: Form) -> dict[str, Any]:
    """What templates/uids/bulk_check.html shows of it."""
    return {
        "title": title_of(change.kind, change.what, change.value),
        "preview": found,
        "refused": [(in_words(code), n) for code, n in found.refused],
        "turned_away": [(account, in_words(code, detail)) for account, code, detail in found.turned_away],
        "sample": [(account, *_before_after(request, account, change)) for account in found.sample],
        "in_background": bulk.is_long(found.total, change),
        "is_switch": change.is_switch,
        "is_danger": change.is_switch and change.value != NORMAL and found.need is None,
        "warning": WARNINGS[Control(change.what)] if change.is_switch else "",
        "effect": effect_of(change.what, change.value) if change.is_switch else "",
        "typed": typed if change.is_switch else None,
    }


def _before_after(request: ActorRequest, account: LinkedAccount, change: Change) -> tuple[str, str]:
    if change.is_switch:
        then = state_in_words(change.what, change.value) if change.value else _("as it was before")
        return state_in_words(change.what, own_value(account, Control(change.what))), then
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
    change = Change.from_json(edit.change)
    context = {
        "edit": edit,
        "change": change,
        "title": title_of(change.kind, change.what, change.value),
        "may_change": allows(request.actor, Permission.CONTROL_CHANGE) if change.is_switch else None,
        "refused": [(row[0], row[1], in_words(*row[2:])) for row in edit.refusals[:200]],
        "changes": _changes(request, edit, change),
    }
    if not wants_fragment(request):
        return render(request, "uids/bulk_detail.html", context)
    status = 200 if edit.is_busy else STOP_POLLING
    return render(request, "uids/bulk_detail.html#progress", context, status=status)


def _changes(request: ActorRequest, edit: BulkEdit, change: Change) -> list[tuple[str, list[list[str]]]]:
    """The first rows that were changed: the account, and each thing before and after."""
    if change.is_switch:
        rows = own_changes(request.actor, edit.operation_id).select_related("account")[:50]
        return [
            (str(row.account), [[state_in_words(row.what, value) for value in (row.before, row.after)]]) for row in rows
        ]
    return [
        (entry.subject_label, [[_words(value) for value in pair] for pair in entry.changes.values()])
        for entry in selectors.list_bulk_changes(request.actor, edit)
    ]


def _words(value: Any) -> str:
    """A value of the trail as text: labels are a list there."""
    return formats.listed(value) if isinstance(value, list) else str(value)


@require_POST
def bulk_cancel(request: ActorRequest, pk: int) -> HttpResponse:
    edit = bulk.cancel_bulk_edit(actor=request.actor, edit_pk=pk)
    messages.success(request, _("It stops after the rows being changed now. What was changed stays changed."))
    return see_other(request, reverse("uids:bulk_detail", args=[edit.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
def bulk_undo(request: ActorRequest, pk: int) -> HttpResponse:
    """What taking a change of switches back would do; posted, it is done: a bulk edit of its own."""
    permit(request.actor, UNDO)
    edit = get_visible_or_404(BulkEdit, request.actor, pk=pk)
    change, found = bulk.preview_undo(actor=request.actor, edit=edit)
    form = UndoForm(posted(request), n_accounts=found.n_accounts)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            undone = bulk.undo_bulk_edit(actor=request.actor, edit_pk=pk, reason=reason, confirmed=form.how_many)
        except CascadeMoved as error:
            add_domain_error(form, error)
        else:
            return see_other(request, reverse("uids:bulk_detail", args=[undone.pk]))
    context = {
        **_dry_run(request, found, change, form),
        "title": named(TITLES[UNDO], title_of("", edit.change["what"], edit.change["value"])),
        "action": request.path,
        "undone": edit,
    }
    return render(request, "uids/bulk_check.html", context, status=422 if form.errors else 200)
