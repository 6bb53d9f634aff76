"""The worker's side of a batch: claim, check in one go or run row by row at the pace of the mail limits, end.

Each row of a run is one transaction that holds the batch's row and writes what became of the row together with the
invitation and its mail. So a redelivered message finds nothing to claim, a killed worker's successor goes on at the
next row, and a cancelled batch ends between two rows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from linking import locks
from linking.models import BatchRow, LinkBatch, PermissionTemplate
from linking.models.batch import GOING, BatchKind, BatchState, RowOutcome
from linking.services.batches import acting
from linking.services.batches.acting import SENDING
from linking.services.batches.ending import count_rows, end
from linking.services.batches.judging import judge
from linking.services.batches.rows import RowReader
from linking.services.mailing import room_for_programs
from linking.states import InvitationState
from partner_console import jobs
from partner_console.access.policy import Permission, require
from partner_console.errors import DomainError
from uids.rounding import rounded_batch

if TYPE_CHECKING:
    from linking.services.batches.judging import Judged
    from partner_console.access.actor import Actor

NEXT_STATE: dict[str, str] = {
    BatchState.CHECK_QUEUED: BatchState.CHECKING,
    BatchState.QUEUED: BatchState.RUNNING,
    BatchState.PACED: BatchState.RUNNING,
}
CHUNK = 500
COMMAND = "import_links"
WORDS = {jobs.TOO_LONG: gettext_lazy("It took too long. Split the file and send the parts.")}


def run_batch(*, batch_pk: int) -> None:
    """Do the phase a batch waits for. One that is not waiting (redelivered, cancelled, unknown, not yet due) is left
    alone.

    The actor and their permission are rebuilt now.
    """
    batch = claim(batch_pk)
    if batch is None:
        return
    with jobs.ending_in_words(batch, lambda error: end(batch, BatchState.FAILED, error=error), words=WORDS):
        work(batch)


@transaction.atomic
def claim(batch_pk: int) -> LinkBatch | None:
    due = Q(next_at__isnull=True) | Q(next_at__lte=timezone.now())
    batch = jobs.claim(LinkBatch, batch_pk, NEXT_STATE, due)
    if batch is not None and batch.next_at is not None:
        batch.next_at = None
        batch.save(update_fields=["next_at"])
    return batch


def work(batch: LinkBatch) -> None:
    actor = jobs.actor_of(batch, command=COMMAND)
    require(actor, Permission.LINK_INVITE)
    reader = _reader(actor, batch) if batch.kind == BatchKind.INVITE else None
    if batch.state == BatchState.CHECKING and reader is not None:
        _check(actor, batch, reader)
        return
    while _run_next(actor, batch, reader):
        pass


def _reader(actor: Actor, batch: LinkBatch) -> RowReader:
    templates = PermissionTemplate.objects.visible_to(actor).filter(partner=batch.partner, archived_at__isnull=True)
    defaults: dict[str, Any] = dict(batch.defaults)
    if defaults.get("quota"):
        defaults["quota"] = Decimal(defaults["quota"])
    return RowReader(
        partner=batch.partner,
        headers=batch.headers,
        columns=batch.columns,
        defaults=defaults,
        templates={name.casefold(): pk for name, pk in templates.values_list("name", "pk")},
        is_text=batch.is_text,
    )


def _check(actor: Actor, batch: LinkBatch, reader: RowReader) -> None:
    """The dry run: every row gets its verdict, or the whole batch is stopped because a spreadsheet cut its ids."""
    rows = list(BatchRow.objects.visible_to(actor).filter(batch=batch).order_by("number"))
    parsed = [reader.read(row) for row in rows]
    if suspicion := rounded_batch(row.uid for row in parsed):
        end(batch, BatchState.FAILED, error=suspicion.text)
        return
    judged = judge(actor, batch.partner, parsed)
    with transaction.atomic():
        if jobs.still_ours(batch) is None:
            return
        # Written anew in one insert: an update of 5,000 rows costs many times as much.
        BatchRow.objects.filter(batch=batch).delete()
        BatchRow.objects.bulk_create(map(_written, rows, judged), batch_size=CHUNK)
        end(batch, BatchState.CHECKED)


def _written(row: BatchRow, judged: Judged) -> BatchRow:
    parsed = judged.row
    return BatchRow(
        batch_id=row.batch_id,
        number=row.number,
        cells=row.cells,
        lost_digits=row.lost_digits,
        uid=parsed.uid,
        typed="" if parsed.uid == parsed.typed else parsed.typed[:80],
        company=parsed.text("company")[:150],
        email=parsed.text("email")[:254],
        verdict=judged.verdict,
        reason=judged.reason,
        fix=judged.fix,
        note=judged.note,
    )


@transaction.atomic
def _run_next(actor: Actor, batch: LinkBatch, reader: RowReader | None) -> bool:
    """One row; False when the batch is over, waits until mail is welcome again, or is another worker's."""
    current = jobs.still_ours(batch)
    if current is None:
        return False
    rows = BatchRow.objects.visible_to(actor).filter(batch=batch, verdict__in=GOING, outcome=RowOutcome.WAITING)
    row = rows.select_related("batch").order_by("number").first()
    if row is None or current.cancel_requested:
        end(batch, BatchState.DONE)
        return False
    if batch.kind in SENDING:
        locks.lock_partner(actor, batch.partner_id)
        room = room_for_programs(batch.partner_id)
        if not room.n:
            current.state, current.next_at, current.heartbeat_at = BatchState.PACED, room.again_at, None
            current.counts = count_rows(current)
            current.save(update_fields=["state", "next_at", "heartbeat_at", "counts"])
            return False
    _do(actor, batch, row, reader)
    current.heartbeat_at = timezone.now()
    current.save(update_fields=["heartbeat_at"])
    return True


def _do(actor: Actor, batch: LinkBatch, row: BatchRow, reader: RowReader | None) -> None:
    """The row's own outcome; its refusal is its own too and undoes nothing but itself."""
    try:
        with transaction.atomic():
            invitation = acting.act(actor, batch, row, reader)
    except DomainError as error:
        row.outcome, row.reason, row.fix = RowOutcome.FAILED, str(error), ""
    else:
        waits = invitation.state == InvitationState.AWAITING_CHECK
        row.outcome, row.invitation = RowOutcome.CHECK if waits else RowOutcome.DONE, invitation
    row.save(update_fields=["outcome", "reason", "fix", "invitation"])
