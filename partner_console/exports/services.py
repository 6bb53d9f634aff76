"""Asking for an export, cancelling it, making it again, and fetching its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Membership
from partner_console.access.policy import require
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.errors import Conflict, Forbidden, Invalid
from partner_console.waking import after_commit
from partner_console.web.formats import named

from . import tasks
from .locks import lock_own_job
from .models import OPEN_STATES, ExportJob, FileFormat, JobState
from .registry import Scope, Selection, get_spec
from .selectors import list_jobs, may_export

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from partner_console.access.actor import Actor

    from .registry import ExportSpec

MOST_OPEN = 5


@transaction.atomic
def request_export(
    *,
    actor: Actor,
    spec_name: str,
    selection: Selection,
    all_columns: bool,
    file_format: str,
    language: str,
    in_background: bool,
) -> ExportJob:
    """Write down what to export, with the actor's present time zone, and have a worker make it after commit.

    With `in_background` false nothing is scheduled: the caller runs it at once (`running.run_export`). A page is
    remembered as the rows on it now; a filter is remembered as a filter. Raises `Conflict` at MOST_OPEN open jobs.
    """
    spec = get_spec(spec_name)
    _require(actor, spec)
    # The membership row is the lock: two requests at once cannot both be the fifth.
    membership = (
        Membership.objects.visible_to(actor).select_for_update().get(user_id=actor.user_pk, partner_id=actor.partner_pk)
    )
    if list_jobs(actor).filter(state__in=OPEN_STATES).count() >= MOST_OPEN:
        raise Conflict(
            "too_many_exports", _("Several of your exports are still being written. Wait for one, or cancel it.")
        )
    if selection.scope == Scope.PAGE:
        shown = spec.open_list(actor, selection.query).page().rows
        selection = Selection(selection.query, Scope.PAGE, tuple(row.pk for row in shown))
    if selection.scope == Scope.SELECTED and not selection.pks:
        raise Invalid("nothing_selected", _("No rows are selected."), field="scope")
    columns = spec.columns_for(actor) if all_columns else spec.visible(actor, selection.query)
    about = spec.open_list(actor, selection.query).about()
    with translation.override(language):
        title = named(spec.title, about)
    job = ExportJob(
        partner_id=membership.partner_id,
        user_id=membership.user_id,
        membership=membership,
        spec=spec.name,
        title=title[:200],
        parameters={
            "selection": selection.as_json(),
            "columns": [c.key for c in columns],
            "all_columns": all_columns,
            "about": about,
        },
        language=language,
        time_zone=timezone.get_current_timezone_name(),
        file_format=FileFormat(file_format),
    )
    job.full_clean(exclude=["partner", "user", "membership"])
    job.save(force_insert=True)
    record(actor, Action.EXPORT_REQUESTED, job, changes=_in_the_trail(job, selection))
    if in_background:
        _schedule(job.pk)
    return job


@transaction.atomic
def repeat_export(*, actor: Actor, key: uuid.UUID) -> ExportJob:
    """Ask for the same rows and columns once more, as a new job. Only for one that has ended."""
    job = lock_own_job(actor, key)
    if job.is_open:
        raise Conflict("export_open", _("This export is still being written."))
    return request_export(
        actor=actor,
        spec_name=job.spec,
        selection=Selection.from_json(job.parameters["selection"]),
        all_columns=job.parameters["all_columns"],
        file_format=job.file_format,
        language=job.language,
        in_background=True,
    )


@transaction.atomic
def cancel_export(*, actor: Actor, key: uuid.UUID) -> ExportJob:
    """Stop an open export: at once while it waits, at the next chunk of rows while it is being written."""
    job = lock_own_job(actor, key)
    if not job.is_open or job.cancel_requested:
        raise Conflict("export_not_open", _("This export has already ended."))
    before = job.audit_state()
    job.cancel_requested = True
    if job.state == JobState.QUEUED:
        job.state, job.finished_at = JobState.CANCELLED, timezone.now()
    job.save(update_fields=["cancel_requested", "state", "finished_at"])
    record(actor, Action.EXPORT_CANCELLED, job, before=before)
    return job


@transaction.atomic
def open_download(*, actor: Actor, key: uuid.UUID) -> ExportJob:
    """Check everything again and write the download down; the caller then sends `job.file`.

    Raises `NotFound` for anybody but the one who asked, `Forbidden` when the permission for the list or for a column in
    the file is gone, `Conflict` when there is no file (any more).
    """
    job = lock_own_job(actor, key)
    spec = get_spec(job.spec)
    _require(actor, spec)
    allowed = {c.key for c in spec.columns_for(actor)}
    if not allowed.issuperset(job.parameters["columns"]):
        raise Forbidden(
            "columns_not_permitted",
            _("This file has columns you may no longer see. Export again to get the ones you may."),
        )
    if not job.is_ready:
        raise Conflict("export_not_ready", _("There is no file to download: it is not ready, or no longer kept."))
    if not job.file.storage.exists(str(job.file.name)):
        raise Conflict("export_file_missing", _("The file is gone from the storage. Export again."))
    record(actor, Action.EXPORT_DOWNLOADED, job, changes={"sha256": [None, job.sha256]})
    return job


def _require(actor: Actor, spec: ExportSpec) -> None:
    require(actor, spec.permission)
    verdict = may_export(actor, spec)
    if not verdict:
        raise Forbidden("no_partner", verdict.reason)


def _in_the_trail(job: ExportJob, selection: Selection) -> dict[str, Sequence[object]]:
    """Enough to tell later what left the house."""
    facts = {
        "spec": job.spec,
        "scope": selection.scope.value,
        "query": selection.query,
        "file_format": job.file_format,
        "language": job.language,
        "columns": ", ".join(job.parameters["columns"]),
    }
    return {name: [None, value] for name, value in facts.items() if value}


def _schedule(job_pk: int) -> None:
    # The broker only wakes the worker: when it is away the sweeper finds the row (design §8).
    after_commit(tasks.run_export, job_pk)
