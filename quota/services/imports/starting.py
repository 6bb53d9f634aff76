"""What people do with an import: upload, settle the columns, start, cancel."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from partner_console.access.models import Partner
from partner_console.access.policy import PartnerKind, Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound
from partner_console.waking import after_commit
from partner_console.web.uploads import LIMITS, currency_of
from quota import tasks
from quota.models.imports import WAITING, AccountImport, ImportRow, ImportState
from quota.services.imports.columns import BY_KEY, guess, offered
from quota.services.imports.ending import finish
from quota.services.imports.reading import open_table, stored_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from partner_console.access.actor import Actor

LONGEST_SHEET, LONGEST_NAME = 100, 255


def upload(*, actor: Actor, file: BinaryIO, file_name: str, encoding: str = "", sheet: str = "") -> AccountImport:
    """Read a workbook or text file, keep it, and guess its columns. Nothing is imported yet.

    Raises `Invalid` (codes begin with `upload_`) for what is no usable table, `Forbidden` outside a partner.
    """
    require(actor, Permission.UID_IMPORT)
    partner = _partner_of(actor)
    file.seek(0)
    content = file.read(LIMITS.file_size + 1)
    table = open_table(content, PartnerKind(partner.kind), encoding=encoding, sheet=sheet)
    job = AccountImport(
        partner=partner,
        user_id=actor.user_pk,
        file_name=PurePath(file_name.replace("\\", "/")).name[-LONGEST_NAME:] or "upload",
        encoding=table.encoding if table.kind != "xlsx" else "",
        sheet=table.sheet[:LONGEST_SHEET],
        language=get_language() or "en",
        headers=list(table.headers),
        columns=guess(table.headers, PartnerKind(partner.kind)),
        n_rows=table.row_count,
    )
    # Stored before the row exists, so that no row ever names a file that is not there.
    suffix = ".xlsx" if table.kind == "xlsx" else ".csv"
    job.file.name = default_storage.save(f"imports/{partner.code}{suffix}", ContentFile(content))
    try:
        _keep(actor, job)
    except BaseException:
        default_storage.delete(str(job.file.name))
        raise
    return job


@transaction.atomic
def _keep(actor: Actor, job: AccountImport) -> None:
    job.full_clean(exclude=["partner", "user", "file"])
    job.save(force_insert=True)
    audit.record(actor, Action.IMPORT_UPLOADED, job, changes={"n_rows": [None, job.n_rows]})


def reread(*, actor: Actor, job_pk: int, encoding: str = "", sheet: str = "") -> AccountImport:
    """Read the stored file again in another encoding, or another of its sheets; the columns are guessed anew."""
    require(actor, Permission.UID_IMPORT)
    seen = _visible(actor, job_pk)
    _ensure(seen, ImportState.UPLOADED)
    table = open_table(stored_bytes(seen), PartnerKind(seen.partner.kind), encoding=encoding, sheet=sheet)
    with transaction.atomic():
        job = _lock(actor, job_pk)
        _ensure(job, ImportState.UPLOADED)
        job.encoding = table.encoding if table.kind != "xlsx" else ""
        job.sheet, job.headers, job.n_rows = table.sheet[:LONGEST_SHEET], list(table.headers), table.row_count
        job.columns = guess(table.headers, PartnerKind(job.partner.kind))
        job.save(update_fields=["encoding", "sheet", "headers", "columns", "n_rows"])
    return job


@transaction.atomic
def settle_columns(
    *, actor: Actor, job_pk: int, columns: Mapping[str, int], in_background: bool = True
) -> AccountImport:
    """Say which column is which field (`{field key: column index}`) and have the rows checked: a dry run.

    May be said again until the import is started; verdicts of an earlier check go. Raises `Invalid` naming the field
    for a missing UID column, a column used twice and an amount in another currency than the partner's.
    """
    require(actor, Permission.UID_IMPORT)
    job = _lock(actor, job_pk)
    _ensure(job, ImportState.UPLOADED, ImportState.CHECKED)
    _ensure_columns(job, columns)
    ImportRow.objects.filter(job=job).delete()
    job.columns, job.counts = dict(columns), {}
    job.language = get_language() or job.language
    _queue(job, ImportState.CHECK_QUEUED)
    if in_background:
        _schedule(job.pk)
    return job


@transaction.atomic
def change_columns(*, actor: Actor, job_pk: int) -> AccountImport:
    """Go back to the columns of an import that has been checked and not started."""
    require(actor, Permission.UID_IMPORT)
    job = _lock(actor, job_pk)
    _ensure(job, ImportState.CHECKED)
    job.state = ImportState.UPLOADED
    job.save(update_fields=["state"])
    return job


@transaction.atomic
def start(*, actor: Actor, job_pk: int, in_background: bool = True) -> AccountImport:
    """Import what the check let through. Started once only: a second start is a Conflict and changes nothing."""
    require(actor, Permission.UID_IMPORT)
    job = _lock(actor, job_pk)
    _ensure(job, ImportState.CHECKED)
    if not job.n_coming_in:
        raise Conflict("nothing_to_import", _("No row of this file can be imported."))
    before = job.audit_state()
    _queue(job, ImportState.QUEUED)
    audit.record(actor, Action.IMPORT_STARTED, job, before=before)
    if in_background:
        _schedule(job.pk)
    return job


@transaction.atomic
def cancel(*, actor: Actor, job_pk: int) -> AccountImport:
    """Stop an import: at once while it waits, after the present batch while it runs. What came in stays."""
    require(actor, Permission.UID_IMPORT)
    job = _lock(actor, job_pk)
    if not job.can_be_cancelled:
        raise Conflict("import_ended", _("This import has already ended."))
    before = job.audit_state()
    job.cancel_requested = True
    job.save(update_fields=["cancel_requested"])
    if job.state in (*WAITING, ImportState.UPLOADED, ImportState.CHECKED):
        finish(job, ImportState.CANCELLED)
    audit.record(actor, Action.IMPORT_CANCELLED, job, before=before)
    return job


def _queue(job: AccountImport, state: ImportState) -> None:
    job.state, job.n_done, job.at_pass, job.at_row, job.attempts = state, 0, 1, 0, 0
    job.heartbeat_at, job.started_at = None, timezone.now()
    names = ["state", "n_done", "at_pass", "at_row", "attempts", "heartbeat_at", "started_at"]
    job.save(update_fields=[*names, "columns", "counts", "language"])


def _schedule(job_pk: int) -> None:
    # The broker only wakes the worker: when it is away the sweeper finds the row (design §8).
    after_commit(tasks.run_import, job_pk)


def _ensure(job: AccountImport, *states: ImportState) -> None:
    if job.state not in states or job.cancel_requested:
        raise Conflict("import_moved_on", _("This import has moved on: it is “%s” now.") % job.get_state_display())


def _ensure_columns(job: AccountImport, columns: Mapping[str, int]) -> None:
    keys = {field.key for field in offered(PartnerKind(job.partner.kind))}
    if unknown := sorted(set(columns) - keys):
        raise Invalid("unknown_field", _("There is no field named “%s” to import.") % unknown[0])
    if "uid" not in columns:
        raise Invalid("uid_column_missing", _("Choose the column that holds the UIDs."), field="uid")
    taken: dict[int, str] = {}
    for key, at in columns.items():
        if not 0 <= at < len(job.headers):
            raise Invalid("unknown_column", _("The file has no such column."), field=key)
        if at in taken:
            raise Invalid(
                "column_used_twice",
                _("This column is already used for %(field)s.") % {"field": BY_KEY[taken[at]].label},
                field=key,
            )
        taken[at] = key
        stated = currency_of(job.headers[at]) if BY_KEY[key].is_money else ""
        if stated and stated != job.partner.currency:
            raise Invalid(
                "other_currency",
                _("This column is in %(stated)s, your quota is in %(currency)s.")
                % {"stated": stated, "currency": job.partner.currency},
                field=key,
            )


def _partner_of(actor: Actor) -> Partner:
    partner: Partner | None = Partner.objects.visible_to(actor).filter(pk=actor.partner_pk).first()
    if partner is None:
        raise Forbidden("no_partner", _("Only members of a partner can import customers."))
    return partner


def _visible(actor: Actor, job_pk: int) -> AccountImport:
    job: AccountImport | None = (
        AccountImport.objects.visible_to(actor).select_related("partner").filter(pk=job_pk).first()
    )
    if job is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return job


def _lock(actor: Actor, job_pk: int) -> AccountImport:
    job: AccountImport | None = (
        AccountImport.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("partner")
        .filter(pk=job_pk)
        .first()
    )
    if job is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return job
