"""Pages of batches: a new file, its columns, its rows and how far it is, the rows that were not done as a file."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from linking import batch_selectors as selectors
from linking.batch_forms import ColumnsForm, NewBatchForm, ReasonForm
from linking.models.batch import BatchState
from linking.services import batches
from linking.views.batch_rows import RowPage, progress
from partner_console.access.policy import Permission, require
from partner_console.errors import Invalid
from partner_console.web.downloads import workbook_response
from partner_console.web.htmx import progress_or_page, see_other, wants_fragment
from partner_console.web.listing import from_string

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from linking.models import LinkBatch
    from partner_console.access.middleware import ActorRequest


@require_http_methods(["GET", "HEAD", "POST"])
def batch_new(request: ActorRequest) -> HttpResponse:
    """`/links/import/`: a file or a paste; below it the newest ones."""
    require(request.actor, Permission.LINK_INVITE)
    form = NewBatchForm(request.POST, request.FILES) if request.method == "POST" else NewBatchForm()
    if request.method == "POST" and form.is_valid():
        try:
            batch = _read(request, form)
        except Invalid as error:
            form.add_error("file" if form.cleaned_data["file"] else "text", str(error))
        else:
            return see_other(request, reverse("linking:batch_columns", args=[batch.pk]))
    context = {"form": form, "batches": selectors.newest_files(request.actor)}
    return render(request, "linking/batch_new.html", context, status=422 if form.errors else 200)


def _read(request: ActorRequest, form: NewBatchForm) -> LinkBatch:
    file = form.cleaned_data["file"]
    if file is None:
        return batches.paste(actor=request.actor, text=form.cleaned_data["text"])
    return batches.upload(actor=request.actor, file=file.file, file_name=file.name)


@require_http_methods(["GET", "HEAD", "POST"])
def batch_columns(request: ActorRequest, pk: int) -> HttpResponse:
    """`/links/batches/<pk>/columns/`: which column is which field, and what all rows share."""
    batch = selectors.get_batch(request.actor, pk)
    data = request.POST if request.method == "POST" else None
    form = ColumnsForm(data, batch=batch, templates=selectors.template_choices(request.actor))
    if request.method == "POST" and form.is_valid():
        try:
            batches.settle_columns(actor=request.actor, batch_pk=pk, columns=form.columns(), defaults=form.defaults())
        except Invalid as error:
            field = f"column-{error.field}"
            form.add_error(field if field in form.fields else None, str(error))
        else:
            return see_other(request, _url(batch))
    if batch.state != BatchState.UPLOADED:
        return redirect("linking:batch_detail", pk)
    context = {"batch": batch, "form": form, "sample": selectors.sample(request.actor, batch), **_fields(batch, form)}
    return render(request, "linking/batch_columns.html", context, status=422 if form.errors else 200)


def _fields(batch: LinkBatch, form: ColumnsForm) -> dict[str, object]:
    """Each field beside its column, and the headers no field takes."""
    fields = [form[f"column-{key}"] for key in form.keys]
    used = {str(field.value()) for field in fields if field.value() not in (None, "")}
    return {"fields": fields, "unused": [name for at, name in enumerate(batch.headers) if str(at) not in used]}


@require_POST
def batch_change(request: ActorRequest, pk: int) -> HttpResponse:
    batch = batches.change_columns(actor=request.actor, batch_pk=pk)
    return see_other(request, reverse("linking:batch_columns", args=[batch.pk]))


@require_GET
def batch_detail(request: ActorRequest, pk: int) -> HttpResponse:
    """The dry run before the start, the results after it; opened bare, with the rows that were not done."""
    batch = selectors.get_batch(request.actor, pk)
    if batch.state == BatchState.UPLOADED:
        return redirect("linking:batch_columns", pk)
    if batch.is_final and batch.n_failed and not request.GET and not wants_fragment(request):
        return redirect(f"{_url(batch)}?outcome=failed")
    return RowPage(request.actor, request.GET, batch).response(request)


@require_GET
def batch_progress(request: ActorRequest, pk: int) -> HttpResponse:
    """The progress alone, asked for every two seconds; when there is something else to see, the page is read again."""
    batch = selectors.get_batch(request.actor, pk)
    return progress_or_page(request, progress(batch), is_busy=batch.is_busy, page=_url(batch))


@require_POST
def batch_run(request: ActorRequest, pk: int) -> HttpResponse:
    form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    batch = batches.start(actor=request.actor, batch_pk=pk, reason=reason)
    return see_other(request, _url(batch))


@require_POST
def batch_again(request: ActorRequest, pk: int) -> HttpResponse:
    """Run the chosen rows once more; a bad query is refused, never read as “all”."""
    batch = selectors.get_batch(request.actor, pk)
    page = RowPage(request.actor, from_string(request.POST.get("query", "")), batch)
    pks = [int(one) for one in request.POST.getlist("pk") if one.isdecimal() and len(one) < 19]
    parts = page.selection(request.POST.get("scope", "selected"), pks)
    row_pks = [one for part in parts for one in part.values_list("pk", flat=True)]
    if not row_pks:
        messages.warning(request, _("Select rows first, or choose all that match."))
        return see_other(request, _url(batch))
    return see_other(request, _url(batches.try_again(actor=request.actor, batch_pk=pk, row_pks=row_pks)))


@require_POST
def batch_cancel(request: ActorRequest, pk: int) -> HttpResponse:
    batch = batches.cancel(actor=request.actor, batch_pk=pk)
    messages.success(request, _("Cancelled.") if batch.is_final else _("It ends after the present row."))
    return see_other(request, _url(batch))


@require_GET
def batch_refused(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The rows that were not done, with the reason, as a workbook."""
    batch = selectors.get_batch(request.actor, pk)
    return workbook_response(
        lambda path: batches.write_refused(actor=request.actor, batch=batch, path=path),
        name=f"{PurePath(batch.title).stem}-refused.xlsx",
    )


def _url(batch: LinkBatch) -> str:
    return reverse("linking:batch_detail", args=[batch.pk])
