"""Pages of many quotas at once: a new file or paste, its columns, the dry run, the confirmation, the results."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access.policy import Permission, require
from partner_console.errors import DomainError, Invalid
from partner_console.web.downloads import workbook_response
from partner_console.web.forms import add_domain_error, posted
from partner_console.web.htmx import progress_or_page, see_other
from quota.models.quota_batch import QuotaBatchState
from quota.selectors import batches as selectors
from quota.services import batches
from quota.views.batch_forms import ColumnsForm, NewBatchForm, RunForm, TypingForm
from quota.views.batch_rows import RowPage, progress

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from partner_console.access.middleware import ActorRequest
    from quota.models import QuotaBatch

MOST_TYPED = 100  # more than this is filled in in a spreadsheet


@require_http_methods(["GET", "HEAD", "POST"])
def batch_new(request: ActorRequest) -> HttpResponse:
    """`/uids/quotas/`: a file or a paste; below it the newest batches."""
    require(request.actor, Permission.QUOTA_EDIT)
    form = NewBatchForm(request.POST, request.FILES) if request.method == "POST" else NewBatchForm()
    if request.method == "POST" and form.is_valid():
        try:
            batch = _read(request, form)
        except Invalid as error:
            form.add_error("file" if form.cleaned_data["file"] else "text", str(error))
        else:
            return see_other(request, _url(batch))
    context = {"form": form, "batches": selectors.newest_batches(request.actor)}
    return render(request, "quota/batches/new.html", context, status=422 if form.errors else 200)


def _read(request: ActorRequest, form: NewBatchForm) -> QuotaBatch:
    file = form.cleaned_data["file"]
    if file is None:
        return batches.paste(actor=request.actor, text=form.cleaned_data["text"])
    return batches.upload(actor=request.actor, file=file.file, file_name=file.name)


@require_http_methods(["GET", "HEAD", "POST"])
def batch_type(request: ActorRequest) -> HttpResponse:
    """`/uids/quotas/type/?uid=…`: chosen accounts, a field for the new total beside each."""
    uids = request.GET.get("uid", "").split(",")
    accounts = selectors.accounts_to_type(request.actor, uids[:MOST_TYPED])
    form = TypingForm(posted(request), accounts=accounts, query=request.GET.get("query", ""))
    if request.method == "POST" and form.is_valid():
        query = form.cleaned_data["query"]
        return see_other(request, _url(batches.type_in(actor=request.actor, totals=form.totals(), query=query)))
    context = {"form": form, "n_left_out": len({*uids} - {""}) - len(accounts)}
    return render(request, "quota/batches/type.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def batch_columns(request: ActorRequest, pk: int) -> HttpResponse:
    """`/uids/quotas/<pk>/columns/`: which column is which; only where the heads leave doubt, or somebody asks."""
    require(request.actor, Permission.QUOTA_EDIT)
    batch = selectors.get_batch(request.actor, pk)
    form = ColumnsForm(posted(request), batch=batch)
    if request.method == "POST" and form.is_valid():
        try:
            batches.settle_columns(actor=request.actor, batch_pk=pk, columns=form.columns())
        except Invalid as error:
            add_domain_error(form, error)
        else:
            return see_other(request, _url(batch))
    if not batch.source:
        return redirect(_url(batch))
    context = {"batch": batch, "form": form, "sample": selectors.sample(batch)}
    return render(request, "quota/batches/columns.html", context, status=422 if form.errors else 200)


@require_GET
def batch_detail(request: ActorRequest, pk: int) -> HttpResponse:
    """The dry run before the start, the results after it."""
    batch = selectors.get_batch(request.actor, pk)
    if batch.state == QuotaBatchState.UPLOADED:
        return redirect("quota:batch_columns", pk)
    return RowPage(request.actor, request.GET, batch).response(request)


@require_GET
def batch_progress(request: ActorRequest, pk: int) -> HttpResponse:
    """The progress alone, asked for every two seconds; when there is something else to see, the page is read again."""
    batch = selectors.get_batch(request.actor, pk)
    return progress_or_page(request, progress(batch), is_busy=batch.is_busy, page=_url(batch))


@require_http_methods(["GET", "HEAD", "POST"])
def batch_run(request: ActorRequest, pk: int) -> HttpResponse:
    """`/uids/quotas/<pk>/run/`: what it comes to, the reason, and the button that does it."""
    require(request.actor, Permission.QUOTA_EDIT)
    batch = selectors.get_batch(request.actor, pk)
    if request.method != "POST" and batch.state != QuotaBatchState.CHECKED:
        return redirect(_url(batch))
    start = selectors.before_start(request.actor, batch)
    form = RunForm(posted(request), batch=batch, start=start)
    status = 200
    if request.method == "POST" and not form.is_valid():
        status = 422
    elif request.method == "POST":
        try:
            return see_other(request, _url(batches.start(actor=request.actor, batch_pk=pk, **form.cleaned_data)))
        except DomainError as error:
            if error.field not in form.fields:
                raise
            add_domain_error(form, error)
            status = error.status
    return render(request, "quota/batches/run.html", {"batch": batch, "form": form, "start": start}, status=status)


@require_POST
def batch_check(request: ActorRequest, pk: int) -> HttpResponse:
    return see_other(request, _url(batches.recheck(actor=request.actor, batch_pk=pk)))


@require_POST
def batch_again(request: ActorRequest, pk: int) -> HttpResponse:
    """The rows that were not done, as a batch of their own with the figures of now."""
    return see_other(request, _url(batches.again(actor=request.actor, batch_pk=pk)))


@require_POST
def batch_cancel(request: ActorRequest, pk: int) -> HttpResponse:
    batch = batches.cancel(actor=request.actor, batch_pk=pk)
    messages.success(request, _("Stopped.") if batch.is_final else _("It ends after the present rows."))
    return see_other(request, _url(batch))


@require_GET
def batch_not_done(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The rows that were not done, with the reason, as a workbook."""
    require(request.actor, Permission.QUOTA_EDIT)
    batch = selectors.get_batch(request.actor, pk)
    return workbook_response(
        lambda path: batches.write_not_done(actor=request.actor, batch=batch, path=path),
        name=f"{PurePath(batch.title).stem}-not-done.xlsx",
    )


def _url(batch: QuotaBatch) -> str:
    return reverse("quota:batch_detail", args=[batch.pk])
