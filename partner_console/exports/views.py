"""Pages of exports: the choices, one's own jobs, one job, cancel, again, download."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access.policy import Permission, require
from partner_console.web.htmx import STOP_POLLING, see_other, wants_fragment

from . import selectors, services, starting
from .naming import content_type, file_name
from .wording import job_page, job_rows

if TYPE_CHECKING:
    import uuid

    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

    from partner_console.access.middleware import ActorRequest

    from .models import ExportJob


@require_GET
def job_list(request: ActorRequest) -> HttpResponse:
    """`/exports/`: my exports in this partner, newest first. The fragment is asked for while one is open."""
    require(request.actor, Permission.UID_EXPORT)
    jobs = list(selectors.list_jobs(request.actor)[: selectors.SHOWN])
    context = {
        "rows": job_rows(jobs),
        "is_live": any(job.is_open for job in jobs),
        "shown": selectors.SHOWN,
        "days": settings.EXPORT_KEEP_DAYS,
    }
    if not wants_fragment(request):
        return render(request, "exports/job_list.html", context)
    status = 200 if context["is_live"] else STOP_POLLING
    return render(request, "exports/job_list.html#jobs", context, status=status)


@require_http_methods(["GET", "POST"])
def job_new(request: ActorRequest) -> HttpResponseBase:
    """`/exports/new/`: the choices. A POST with a format is the order; without one a list hands over its selection."""
    start = starting.open_start(request.actor, request.GET, request.POST)
    is_order = "file_format" in request.POST
    form = start.form(request.POST if is_order else None)
    if is_order and form.is_valid():
        job = starting.make_export(start, form)
        if job.is_ready:
            return _send(services.open_download(actor=request.actor, key=job.key))
        return see_other(request, reverse("exports:job_detail", args=[job.key]))
    return render(request, "exports/job_new.html", {"start": start, "form": form}, status=422 if is_order else 200)


@require_GET
def job_detail(request: ActorRequest, key: uuid.UUID) -> HttpResponse:
    """`/exports/<key>/`: one export and how far it is."""
    job = selectors.get_job(request.actor, key)
    context = {"job": job, "page": job_page(request.actor, job)}
    if not wants_fragment(request):
        return render(request, "exports/job_detail.html", context)
    return render(request, "exports/job_detail.html#job", context, status=200 if job.is_open else STOP_POLLING)


@require_POST
def job_cancel(request: ActorRequest, key: uuid.UUID) -> HttpResponse:
    job = services.cancel_export(actor=request.actor, key=key)
    messages.success(request, _("Cancelled. Nothing was kept."))
    return see_other(request, reverse("exports:job_detail", args=[job.key]))


@require_POST
def job_repeat(request: ActorRequest, key: uuid.UUID) -> HttpResponse:
    job = services.repeat_export(actor=request.actor, key=key)
    return see_other(request, reverse("exports:job_detail", args=[job.key]))


@require_POST
def job_download(request: ActorRequest, key: uuid.UUID) -> FileResponse:
    """A POST, because every download is written down."""
    return _send(services.open_download(actor=request.actor, key=key))


def _send(job: ExportJob) -> FileResponse:
    return FileResponse(
        job.file.open("rb"), as_attachment=True, filename=file_name(job), content_type=content_type(job)
    )
