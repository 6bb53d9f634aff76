"""The worker's side of a batch: claim, check in one go or run row by row at the pace of the mail limits, end.

Each row of a run is one transaction that holds the batch's row and writes what became of the row together with the
invitation and its mail. So a redelivered message finds nothing to claim, a killed worker's successor goes on at the
next row, and a cancelled batch ends between two rows.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from linking import locks
from linking.models import BatchRow, LinkBatch, PermissionTemplate
from linking.models.batch import GOING, BatchKind, BatchState, RowOutcome
from linking.services.batches import acting
from linking.services.batches.acting import SENDING
from linking.services.batches.ending import count_rows, end, still_ours
from linking.services.batches.judging import judge
from linking.services.batches.rows import RowReader
from linking.services.mailing import room_for_programs
from linking.states import InvitationState
from partner_console.access.actor import actor_for_membership, system_actor
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import memberships_of
from partner_console.errors import DomainError, Forbidden
from uids.rounding import rounded_batch

if TYPE_CHECKING:
    from linking.services.batches.judging import Judged
    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)

NEXT_STATE = {
    BatchState.CHECK_QUEUED: BatchState.CHECKING,
    BatchState.QUEUED: BatchState.RUNNING,
    BatchState.PACED: BatchState.RUNNING,
}
CHUNK = 500
COMMAND = "import_links"


def run_batch(*, batch_pk: int) -> None:
    """Do the phase a batch waits for. One that is not waiting (redelivered, cancelled, unknown, not yet due) is left
    alone.

    The actor and their permission are rebuilt now. When the database goes away the batch stays as it is and
    `sweeping.sweep_batches` gives it to another worker; every other failure ends it, in words.
    """
    batch = claim(batch_pk)
    if batch is None:
        return
    log = logger.bind(batch=batch.pk, state=batch.state, attempt=batch.attempts)
    with translation.override(batch.language):
        try:
            work(batch)
        except (OperationalError, InterfaceError) as error:
            log.warning("batch interrupted", error=type(error).__name__)
        except (DomainError, SoftTimeLimitExceeded) as error:
            end(batch, BatchState.FAILED, error=_failure(error))
            log.warning("batch failed", error=type(error).__name__)
        except Exception:
            end(
                batch, BatchState.FAILED, error=_("Something unexpected went wrong. Your operator finds it in the log.")
            )
            raise


@transaction.atomic
def claim(batch_pk: int) -> LinkBatch | None:
    now = timezone.now()
    due = Q(next_at__isnull=True) | Q(next_at__lte=now)
    waiting = LinkBatch.objects.select_for_update(skip_locked=True, of=("self",)).select_related("partner", "user")
    batch: LinkBatch | None = waiting.filter(due, pk=batch_pk, state__in=NEXT_STATE).first()
    if batch is None:
        return None
    batch.state, batch.heartbeat_at, batch.next_at = NEXT_STATE[BatchState(batch.state)], now, None
    batch.attempts += 1
    batch.save(update_fields=["state", "heartbeat_at", "next_at", "attempts"])
    return batch


def actor_of(batch: LinkBatch) -> Actor:
    """The member who asked for it, as they are now; the command's own actor for its batches. Raises `Forbidden`."""
    if batch.user_id is None:
        return system_actor(COMMAND, partner=batch.partner)
    for membership in memberships_of(batch.user_id):
        if membership.partner_id == batch.partner_id:
            return actor_for_membership(membership)
    raise Forbidden("not_a_member", _("Whoever asked for this is no longer a member."))


def work(batch: LinkBatch) -> None:
    actor = actor_of(batch)
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
        if still_ours(batch) is None:
            return
        # Written anew in one insert: an update of 5,000 rows costs many times as much.
        BatchRow.objects.visible_to(actor).filter(batch=batch).delete()
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
    current = still_ours(batch)
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


def _failure(error: Exception) -> str:
    if isinstance(error, SoftTimeLimitExceeded):
        return _("It took too long. Split the file and send the parts.")
    return str(error)
