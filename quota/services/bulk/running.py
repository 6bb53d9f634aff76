"""The worker's side of a bulk edit: batch after batch, the end, and what a lost worker left behind.

A batch and how far the edit is are one transaction: a redelivered message finds nothing to do, a killed worker's
successor repeats nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import actor_for_membership, system_actor
from partner_console.access.models import Membership
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import DomainError, Invalid, NotFound
from quota import tasks
from quota.services.bulk import switching
from quota.services.bulk.selecting import Selection
from uids.models import BulkEdit, LinkedAccount
from uids.models.bulk import BulkState
from uids.services import bulk
from uids.services.bulk import Change

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)

BATCH = 500
MOST_REFUSALS_KEPT = 1_000
STALE = timedelta(minutes=2)


def run_bulk_edit(*, edit_pk: int) -> None:
    """Batch after batch until nothing is left. Final, unknown or somebody else's just now: left alone.

    A batch and how far the edit is are one transaction, so a killed worker's successor repeats nothing.
    """
    try:
        while _run_batch(edit_pk):
            pass
    except DomainError as error:
        _fail(edit_pk, str(error))


def claim(edit_pk: int) -> BulkEdit | None:
    """The edit, locked until the transaction ends; None when it waits for nobody, or somebody else has it just now."""
    rows = BulkEdit.objects.select_related("partner", "undoes").filter(state__in=(BulkState.QUEUED, BulkState.RUNNING))
    found: BulkEdit | None = rows.select_for_update(skip_locked=True, of=("self",)).filter(pk=edit_pk).first()
    return found


@transaction.atomic
def _run_batch(edit_pk: int) -> bool:
    """True while there may be more."""
    edit = claim(edit_pk)
    if edit is None:
        return False
    membership = Membership.objects.active().select_related("user", "partner").filter(pk=edit.membership_id).first()
    if membership is None:
        raise Invalid("no_member", _("Whoever asked for this is no longer a member."))
    actor = actor_for_membership(membership)
    now = timezone.now()
    if edit.cancel_requested:
        finish(edit, BulkState.CANCELLED)
        return False
    pks = _next_pks(actor, edit)
    if pks:
        result = _apply(actor, edit, pks)
        edit.n_changed += result.n_changed
        edit.n_sub_accounts += result.n_sub_accounts
        edit.n_same += result.n_same
        edit.n_refused += len(result.refused)
        edit.refusals = [*edit.refusals, *map(list, result.refused)][:MOST_REFUSALS_KEPT]
        edit.last_pk = pks[-1]
    edit.state, edit.heartbeat_at = (BulkState.RUNNING, now) if pks else (BulkState.DONE, now)
    edit.finished_at = None if pks else now
    edit.save(
        update_fields=[
            "n_changed", "n_same", "n_refused", "n_sub_accounts", "refusals", "last_pk", "state", "heartbeat_at",
            "finished_at",
        ]
    )  # fmt: skip
    if edit.is_final:
        _record_end(edit)
    return bool(pks)


def _next_pks(actor: Actor, edit: BulkEdit) -> list[int]:
    """The next rows in the order of their pk, from the list that was fixed or from the filter."""
    if edit.pks is None:
        rows = Selection.of(edit).rows(actor).filter(pk__gt=edit.last_pk).order_by("pk")
        return list(rows.values_list("pk", flat=True)[:BATCH])
    at = bisect_right(edit.pks, edit.last_pk)
    rows = LinkedAccount.objects.visible_to(actor).filter(pk__in=edit.pks[at : at + BATCH])
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _apply(actor: Actor, edit: BulkEdit, pks: list[int]) -> bulk.Result:
    change = Change.from_json(edit.change)
    if not change.is_switch:
        return bulk.apply_batch(actor=actor, pks=pks, change=change, operation_id=edit.operation_id)
    return switching.apply_batch(actor=actor, pks=pks, edit=edit, change=change)


def _record_end(edit: BulkEdit, *, note: str = "") -> None:
    """On the trail of switches, how far it came; other edits are on the trail of their accounts alone."""
    if Change.from_json(edit.change).is_switch:
        worker = system_actor("bulk edits", partner=edit.partner)
        came = {name: [None, value] for name, value in edit.audit_state().items()}
        audit.record(worker, Action.BULK_FINISHED, edit, changes=came, note=note, operation_id=edit.operation_id)


@transaction.atomic
def _fail(edit_pk: int, message: str) -> None:
    edit = BulkEdit.objects.select_related("partner").select_for_update(of=("self",)).filter(pk=edit_pk).first()
    if edit is not None and not edit.is_final:
        finish(edit, BulkState.FAILED, error=message)


def finish(edit: BulkEdit, state: BulkState, *, error: str = "") -> None:
    """End a locked edit, in the caller's transaction."""
    edit.state, edit.error, edit.finished_at = state, error, timezone.now()
    edit.save(update_fields=["state", "error", "finished_at"])
    _record_end(edit, note=error)


def lock(actor: Actor, edit_pk: int) -> BulkEdit:
    """The edit with its partner, locked; `NotFound` when it is not the actor's."""
    rows = BulkEdit.objects.visible_to(actor).select_related("partner").select_for_update(of=("self",))
    edit: BulkEdit | None = rows.filter(pk=edit_pk).first()
    if edit is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return edit


def sweep_bulk_edits() -> None:
    """Edits nobody works on: their message or their worker was lost."""
    late = timezone.now() - STALE
    silent = Q(heartbeat_at__lt=late) | Q(heartbeat_at__isnull=True, created_at__lt=late)
    for pk in BulkEdit.objects.filter(silent, state__in=[BulkState.QUEUED, BulkState.RUNNING]).values_list(
        "pk", flat=True
    )[:50]:
        logger.info("bulk edit resumed", edit=pk)
        tasks.run_bulk_edit.delay(pk)
