"""What people do with a batch: upload, paste or choose, settle the columns, start, try again, cancel."""

from __future__ import annotations

from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from linking import tasks
from linking.models import BatchRow, LinkBatch
from linking.models.batch import FINAL, GOING, WAITING, BatchKind, BatchState, RowOutcome
from linking.services.batches.acting import Verdicts
from linking.services.batches.ending import count_rows, finish
from linking.services.batches.fields import BY_KEY, guess, offered
from linking.services.composing import newest_version
from partner_console.access.models import Partner
from partner_console.access.policy import PartnerKind, Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound
from partner_console.waking import after_commit
from partner_console.web.uploads import Limits, currency_of, read_fitting, read_pasted
from uids.services.accounts import clean_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import BinaryIO

    from linking.models import Invitation
    from partner_console.access.actor import Actor
    from partner_console.web.uploads import Table

MOST_ROWS = 5_000
LIMITS = Limits(file_size=10_000_000, unpacked_size=100_000_000, rows=MOST_ROWS, columns=100, cell_characters=4_000)
LONGEST_TITLE, CHUNK = 255, 500


def upload(*, actor: Actor, file: BinaryIO, file_name: str, encoding: str = "", sheet: str = "") -> LinkBatch:
    """Read a workbook or text file of up to 5,000 customers, keep its rows, and guess its columns. Nothing is sent.

    Raises `Invalid` (codes begin with `upload_`) for what is no usable table, `Forbidden` outside a partner.
    """
    require(actor, Permission.LINK_INVITE)
    table = read_fitting(file, _has_uids, sheet=sheet, encoding=encoding, limits=LIMITS)
    return _keep(actor, table, title=PurePath(file_name.replace("\\", "/")).name or "upload")


def paste(*, actor: Actor, text: str) -> LinkBatch:
    """The same for cells copied from a spreadsheet, CSV text, or lines of UID, e-mail and company."""
    require(actor, Permission.LINK_INVITE)
    return _keep(actor, read_pasted(text, limits=LIMITS), title=_("Pasted rows"))


@transaction.atomic
def choose(*, actor: Actor, kind: BatchKind, invitations: Sequence[Invitation], query: str = "") -> LinkBatch:
    """Prepare one action on chosen invitations, with a verdict for each: a dry run. `query` is the list's.

    Raises `Invalid` for none and for more than 5,000.
    """
    require(actor, Permission.LINK_INVITE)
    if kind == BatchKind.INVITE:
        raise Invalid("unknown_action", _("Choose what to do."))
    if not invitations:
        raise Invalid("nothing_selected", _("Select rows first, or choose all that match."))
    if len(invitations) > MOST_ROWS:
        raise Invalid("too_many_rows", _("At most %(most)s rows at once. Use a filter.") % {"most": f"{MOST_ROWS:,}"})
    batch = _new(actor, kind=kind, title=str(BatchKind(kind).label), query=query[:2000], n_rows=len(invitations))
    verdicts, rows = Verdicts(actor, kind, invitations), []
    for number, one in enumerate(invitations, 1):
        verdict, reason = verdicts.of(one)
        rows.append(
            BatchRow(
                batch=batch, number=number, uid=one.uid, company=one.company, email=one.email, invitation=one,
                verdict=verdict, reason=reason,
            )
        )  # fmt: skip
    BatchRow.objects.bulk_create(rows, batch_size=CHUNK)
    batch.state, batch.counts = BatchState.CHECKED, count_rows(batch)
    batch.save(update_fields=["state", "counts"])
    return batch


@transaction.atomic
def settle_columns(
    *,
    actor: Actor,
    batch_pk: int,
    columns: Mapping[str, int],
    defaults: Mapping[str, Any] | None = None,
    in_background: bool = True,
) -> LinkBatch:
    """Say which column is which field (`{field key: column index}`) and have the rows checked: a dry run.

    `defaults` are what rows start with that do not say otherwise: `environment`, `language`, `quota` (as text),
    `template_pk`, `note_to_customer`. May be said again until the batch is started. Raises `Invalid` naming the field
    for a needed column that is missing, one used twice, and an amount in another currency than the partner's.
    """
    require(actor, Permission.LINK_INVITE)
    batch = lock(actor, batch_pk)
    _ensure(batch, BatchState.UPLOADED, BatchState.CHECKED)
    _ensure_columns(batch, columns)
    if defaults and defaults.get("template_pk"):
        newest_version(actor, defaults["template_pk"])  # the partner's own, and not put away
    batch.columns, batch.defaults, batch.counts, batch.error = dict(columns), dict(defaults or {}), {}, ""
    batch.language = get_language() or batch.language
    _queue(actor, batch, BatchState.CHECK_QUEUED, in_background=in_background)
    return batch


@transaction.atomic
def change_columns(*, actor: Actor, batch_pk: int) -> LinkBatch:
    """Go back to the columns of a file that has been checked and not started."""
    require(actor, Permission.LINK_INVITE)
    batch = lock(actor, batch_pk)
    _ensure(batch, BatchState.CHECKED)
    if batch.kind != BatchKind.INVITE:
        raise Conflict("no_columns", _("These rows were chosen in the list; they have no columns."))
    batch.state = BatchState.UPLOADED
    batch.save(update_fields=["state"])
    return batch


@transaction.atomic
def start(*, actor: Actor, batch_pk: int, reason: str = "", in_background: bool = True) -> LinkBatch:
    """Run what the check let through, as the actor. A second start is a Conflict and changes nothing.

    Mails go out at the pace the limits allow; the batch waits in between.
    """
    require(actor, Permission.LINK_INVITE)
    batch = lock(actor, batch_pk)
    _ensure(batch, BatchState.CHECKED)
    if not batch.n_going:
        raise Conflict("nothing_to_run", _("There is no row this can be done with."))
    before = batch.audit_state()
    batch.reason = clean_text(reason)[:500]
    _queue(actor, batch, BatchState.QUEUED, in_background=in_background)
    audit.record(actor, Action.LINK_BATCH_STARTED, batch, before=before, note=batch.reason)
    return batch


@transaction.atomic
def try_again(*, actor: Actor, batch_pk: int, row_pks: Sequence[int], in_background: bool = True) -> LinkBatch:
    """Run rows once more that were not done. Rows that were done, and others' rows, are left out of it."""
    require(actor, Permission.LINK_INVITE)
    batch = lock(actor, batch_pk)
    _ensure(batch, *FINAL)
    rows = BatchRow.objects.visible_to(actor).filter(batch=batch, verdict__in=GOING, outcome=RowOutcome.FAILED)
    if not rows.filter(pk__in=row_pks).update(outcome=RowOutcome.WAITING, reason="", fix=""):
        raise Conflict("nothing_to_run", _("There is no row this can be done with."))
    before = batch.audit_state()
    batch.finished_at, batch.cancel_requested, batch.error, batch.counts = None, False, "", count_rows(batch)
    batch.save(update_fields=["finished_at", "cancel_requested", "error"])
    _queue(actor, batch, BatchState.QUEUED, in_background=in_background)
    audit.record(actor, Action.LINK_BATCH_STARTED, batch, before=before)
    return batch


@transaction.atomic
def cancel(*, actor: Actor, batch_pk: int) -> LinkBatch:
    """Stop a batch: at once while it waits, after the present row while it runs. What was done stays done."""
    require(actor, Permission.LINK_INVITE)
    batch = lock(actor, batch_pk)
    if not batch.can_be_cancelled:
        raise Conflict("batch_ended", _("This batch has already ended."))
    before = batch.audit_state()
    batch.cancel_requested = True
    batch.save(update_fields=["cancel_requested"])
    if batch.state in (*WAITING, BatchState.UPLOADED, BatchState.CHECKED):
        finish(batch, BatchState.CANCELLED)
    audit.record(actor, Action.LINK_BATCH_CANCELLED, batch, before=before)
    return batch


def _has_uids(table: Table) -> bool:
    return "uid" in guess(table.headers, PartnerKind.AGENCY)  # the field every kind of partner has


@transaction.atomic
def _keep(actor: Actor, table: Table, *, title: str) -> LinkBatch:
    batch = _new(actor, kind=BatchKind.INVITE, title=title[-LONGEST_TITLE:], n_rows=table.row_count)
    sample = () if table.header_row else table.sample(20)
    batch.headers, batch.is_text = list(table.headers), table.kind != "xlsx"
    batch.columns = guess(table.headers, PartnerKind(batch.partner.kind), sample=sample)
    batch.save(update_fields=["headers", "is_text", "columns"])
    rows = iter(table.rows)
    while chunk := list(islice(rows, CHUNK)):
        BatchRow.objects.bulk_create(
            BatchRow(batch=batch, number=row.number, cells=list(row.cells), lost_digits=sorted(row.lost_digits))
            for row in chunk
        )
    return batch


def _new(actor: Actor, **fields: Any) -> LinkBatch:
    partner = Partner.objects.visible_to(actor).filter(pk=actor.partner_pk, is_active=True).first()
    if partner is None:
        raise Forbidden("no_partner", _("Only members of a partner can invite customers."))
    batch = LinkBatch(partner=partner, user_id=actor.user_pk, language=get_language() or "en", **fields)
    batch.full_clean(exclude=["partner", "user"])
    batch.save(force_insert=True)
    audit.record(actor, Action.LINK_BATCH_MADE, batch, changes={"n_rows": [None, batch.n_rows]})
    return batch


def _queue(actor: Actor, batch: LinkBatch, state: BatchState, *, in_background: bool) -> None:
    """Let the worker do the next phase for the actor, whoever uploaded it: its invitations are theirs, so that they
    cannot be the second person of what they sent off themselves."""
    batch.user_id = actor.user_pk
    batch.state, batch.attempts, batch.interruptions = state, 0, 0
    batch.heartbeat_at, batch.next_at, batch.started_at = None, None, timezone.now()
    names = ["state", "attempts", "interruptions", "heartbeat_at", "next_at", "started_at"]
    batch.save(update_fields=[*names, "user", "columns", "defaults", "counts", "language", "reason", "error"])
    if in_background:
        # The broker only wakes the worker: when it is away the sweeper finds the row (design §8).
        after_commit(tasks.run_batch, batch.pk)


def _ensure(batch: LinkBatch, *states: BatchState) -> None:
    if batch.state not in states or (batch.cancel_requested and batch.state not in FINAL):
        raise Conflict("batch_moved_on", _("This batch has moved on: it is “%s” now.") % batch.get_state_display())


def _ensure_columns(batch: LinkBatch, columns: Mapping[str, int]) -> None:
    fields = {field.key: field for field in offered(PartnerKind(batch.partner.kind))}
    if unknown := sorted(set(columns) - fields.keys()):
        raise Invalid("unknown_field", _("There is no field named “%s”.") % unknown[0])
    for field in fields.values():
        if field.is_needed and field.key not in columns:
            text = _("Choose the column that holds: %(field)s.") % {"field": field.label}
            raise Invalid("column_missing", text, field=field.key)
    taken: dict[int, str] = {}
    for key, at in columns.items():
        if not 0 <= at < len(batch.headers):
            raise Invalid("unknown_column", _("The file has no such column."), field=key)
        if at in taken:
            text = _("This column is already used for %(field)s.") % {"field": BY_KEY[taken[at]].label}
            raise Invalid("column_used_twice", text, field=key)
        taken[at] = key
        stated = currency_of(batch.headers[at]) if key == "quota" else ""
        if stated and stated != batch.partner.currency:
            text = _("This column is in %(stated)s, your quota is in %(currency)s.")
            names = {"stated": stated, "currency": batch.partner.currency}
            raise Invalid("other_currency", text % names, field=key)


def lock(actor: Actor, batch_pk: int) -> LinkBatch:
    rows = LinkBatch.objects.visible_to(actor).select_for_update(of=("self",)).select_related("partner")
    batch: LinkBatch | None = rows.filter(pk=batch_pk).first()
    if batch is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return batch
