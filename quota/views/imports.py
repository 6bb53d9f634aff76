"""Pages of imports: the files, a new one, its columns, its rows and how far it is, the refused rows as a file."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access.policy import Permission, require
from partner_console.errors import Invalid
from partner_console.web.downloads import workbook_response
from partner_console.web.forms import add_domain_error
from partner_console.web.htmx import STOP_POLLING, progress_or_page, see_other, wants_fragment
from quota.models.imports import ImportState
from quota.selectors import imports as selectors
from quota.services import imports
from quota.views.import_columns import columns_context
from quota.views.import_forms import ColumnsForm, UploadForm
from quota.views.import_rows import RowPage, progress

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from partner_console.access.middleware import ActorRequest


@require_GET
def import_list(request: ActorRequest) -> HttpResponse:
    """`/uids/import/`: the partner's imports, newest first. The fragment is asked for while one is worked on."""
    jobs = list(selectors.list_imports(request.actor)[: selectors.SHOWN])
    context = {"jobs": jobs, "is_live": any(job.is_busy for job in jobs), "shown": selectors.SHOWN}
    if not wants_fragment(request):
        return render(request, "quota/import_list.html", context)
    return render(request, "quota/import_list.html#jobs", context, status=200 if context["is_live"] else STOP_POLLING)


@require_http_methods(["GET", "POST"])
def import_new(request: ActorRequest) -> HttpResponse:
    require(request.actor, Permission.UID_IMPORT)
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            job = imports.upload(actor=request.actor, file=file.file, file_name=file.name)
        except Invalid as error:
            form.add_error("file", str(error))
        else:
            return see_other(request, reverse("quota:import_columns", args=[job.pk]))
    return render(request, "quota/import_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def import_columns(request: ActorRequest, pk: int) -> HttpResponse:
    """`/uids/import/<pk>/columns/`: which column is which field, beside the first rows."""
    job = selectors.get_import(request.actor, pk)
    form = ColumnsForm(request.POST if request.method == "POST" else None, job=job)
    if request.method == "POST" and form.is_valid():
        try:
            imports.settle_columns(actor=request.actor, job_pk=pk, columns=form.columns())
        except Invalid as error:
            add_domain_error(form, error)
        else:
            return see_other(request, reverse("quota:import_detail", args=[pk]))
    if job.state != ImportState.UPLOADED:
        return redirect("quota:import_detail", pk)
    return render(request, "quota/import_columns.html", columns_context(job, form), status=422 if form.errors else 200)


@require_POST
def import_reread(request: ActorRequest, pk: int) -> HttpResponse:
    """The stored file in another encoding, or another of its sheets."""
    encoding, sheet = request.POST.get("encoding", ""), request.POST.get("sheet", "")
    imports.reread(actor=request.actor, job_pk=pk, encoding=encoding, sheet=sheet)
    return see_other(request, reverse("quota:import_columns", args=[pk]))


@require_POST
def import_change(request: ActorRequest, pk: int) -> HttpResponse:
    imports.change_columns(actor=request.actor, job_pk=pk)
    return see_other(request, reverse("quota:import_columns", args=[pk]))


@require_GET
def import_detail(request: ActorRequest, pk: int) -> HttpResponse:
    job = selectors.get_import(request.actor, pk)
    if job.state == ImportState.UPLOADED:
        return redirect("quota:import_columns", pk)
    return RowPage(request.actor, request.GET, job).response(request)


@require_GET
def import_progress(request: ActorRequest, pk: int) -> HttpResponse:
    """The progress alone, asked for every two seconds; when there is something else to see, the page is read again."""
    job = selectors.get_import(request.actor, pk)
    return progress_or_page(request, progress(job), is_busy=job.is_busy, page=reverse("quota:import_detail", args=[pk]))


@require_POST
def import_run(request: ActorRequest, pk: int) -> HttpResponse:
    imports.start(actor=request.actor, job_pk=pk)
    return see_other(request, reverse("quota:import_detail", args=[pk]))


@require_POST
def import_cancel(request: ActorRequest, pk: int) -> HttpResponse:
    job = imports.cancel(actor=request.actor, job_pk=pk)
    messages.success(request, _("Cancelled.") if job.is_final else _("It ends after the present rows."))
    return see_other(request, reverse("quota:import_detail", args=[pk]))


@require_GET
def import_refused(request: ActorRequest, pk: int) -> HttpResponseBase:
    """The rows that did not come in, with the reason, as a workbook."""
    job = selectors.get_import(request.actor, pk)
    return workbook_response(
        lambda path: imports.write_refused(actor=request.actor, job=job, path=path),
        name=f"{PurePath(job.file_name).stem}-refused.xlsx",
    )
