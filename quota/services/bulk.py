"""Bulk edits of the list: what would change, then the change itself in bounded batches.

It stands in quota because the list's filters know quota; what happens to an account is uids' own (style §2).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import structlog
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import actor_for_membership
from partner_console.access.models import Membership
from partner_console.errors import DomainError, Invalid, NotFound
from partner_console.waking import after_commit
from quota import tasks
from quota.selectors import list_uids_with_quota
from uids.models import BulkEdit, LinkedAccount
from uids.models.bulk import BulkState
from uids.services import bulk
from uids.services.bulk import Change

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)

BATCH = 500
MOST_AT_ONCE = 5_000  # more than this runs in the background
MOST_REFUSALS_KEPT = 1_000
SAMPLE = 5
STALE = timedelta(minutes=2)
_AMOUNTS = ("available_min", "available_max")


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen rows, or the whole filter: its values by name, and the query string that says the same to people."""

    query: str
    filters: dict[str, Any]
    pks: tuple[int, ...] | None = None

    def rows(self, actor: Actor) -> QuerySet[LinkedAccount]:
        if self.pks is not None:
            return LinkedAccount.objects.visible_to(actor).filter(pk__in=self.pks)
        return list_uids_with_quota(actor, **self.filters)

    @classmethod
    def of(cls, edit: BulkEdit) -> Selection:
        filters = {name: Decimal(value) if name in _AMOUNTS else value for name, value in edit.filters.items()}
        return cls(edit.query, filters, None if edit.pks is None else tuple(edit.pks))

    def filters_as_json(self) -> dict[str, Any]:
        return {name: str(value) if isinstance(value, Decimal) else value for name, value in self.filters.items()}


@dataclass(slots=True)
class Preview:
    """What a change would do: how many would change, are so already, are refused and why, and the first few."""

    total: int
    n_changed: int
    n_same: int
    refused: list[tuple[str, int]] = field(default_factory=list)
    sample: list[LinkedAccount] = field(default_factory=list)

    @property
    def in_background(self) -> bool:
        return self.total > MOST_AT_ONCE


def preview(*, actor: Actor, selection: Selection, change: Change) -> Preview:
    """One count over the selection and its first rows; nothing is written. Raises `Invalid` for a bad change."""
    change = bulk.checked(actor, change)
    rows = bulk.measured(selection.rows(actor))
    meanings = bulk.conditions(change)
    counts = rows.aggregate(
        total=Count("pk"), **{f"n_{name}": Count("pk", filter=condition) for name, condition in meanings.items()}
    )
    refused = [(name, counts[f"n_{name}"]) for name in meanings if name != "same" and counts[f"n_{name}"]]
    n_refused = sum(n for _name, n in refused)
    left_out = Q()
    for condition in meanings.values():
        left_out |= condition
    sample = rows.exclude(left_out).order_by("pk").prefetch_related("labels")[:SAMPLE]
    return Preview(
        total=counts["total"],
        n_changed=counts["total"] - counts["n_same"] - n_refused,
        n_same=counts["n_same"],
        refused=refused,
        sample=list(sample),
    )


def start_bulk_edit(*, actor: Actor, selection: Selection, change: Change) -> BulkEdit:
    """Remember the edit, then run it: at once up to 5,000 rows, otherwise by a worker. Returns it as it is then.

    A selection of nothing is `Invalid`. Every row is judged again when its batch runs.
    """
    edit, n_rows = _remember(actor=actor, selection=selection, change=change)
    if n_rows <= MOST_AT_ONCE:
        run_bulk_edit(edit_pk=edit.pk)
        edit.refresh_from_db()
    return edit


@transaction.atomic
def _remember(*, actor: Actor, selection: Selection, change: Change) -> tuple[BulkEdit, int]:
    change = bulk.checked(actor, change)
    n_rows = selection.rows(actor).count()
    if not n_rows:
        raise Invalid("nothing_selected", _("Select at least one account."))
    membership = Membership.objects.visible_to(actor).filter(user_id=actor.user_pk).first()
    if membership is None:
        raise Invalid("no_partner", _("Choose a partner first: changes are made by its members."))
    edit = BulkEdit.objects.create(
        partner_id=membership.partner_id,
        user_id=membership.user_id,
        membership=membership,
        change=change.as_json(),
        filters=selection.filters_as_json(),
        pks=None if selection.pks is None else sorted(selection.pks),
        query=selection.query[:2000],
        operation_id=uuid.uuid4(),
        n_rows=n_rows,
    )
    if n_rows > MOST_AT_ONCE:
        after_commit(tasks.run_bulk_edit, edit.pk)
    return edit, n_rows


def run_bulk_edit(*, edit_pk: int) -> None:
    """Batch after batch until nothing is left. Final, unknown or somebody else's just now: left alone.

    A batch and how far the edit is are one transaction, so a killed worker's successor repeats nothing.
    """
    try:
        while _run_batch(edit_pk):
            pass
    except DomainError as error:
        _fail(edit_pk, str(error))


@transaction.atomic
def _run_batch(edit_pk: int) -> bool:
    """True while there may be more."""
    edit = BulkEdit.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=edit_pk).first()
    if edit is None or edit.is_final:
        return False
    membership = Membership.objects.active().select_related("user", "partner").filter(pk=edit.membership_id).first()
    if membership is None:
        raise Invalid("no_member", _("Whoever asked for this is no longer a member."))
    actor = actor_for_membership(membership)
    now = timezone.now()
    if edit.cancel_requested:
        edit.state, edit.finished_at = BulkState.CANCELLED, now
        edit.save(update_fields=["state", "finished_at"])
        return False
    rows = Selection.of(edit).rows(actor).filter(pk__gt=edit.last_pk).order_by("pk")
    pks = list(rows.values_list("pk", flat=True)[:BATCH])
    if pks:
        change = Change.from_json(edit.change)
        result = bulk.apply_batch(actor=actor, pks=pks, change=change, operation_id=edit.operation_id)
        edit.n_changed += result.n_changed
        edit.n_same += result.n_same
        edit.n_refused += len(result.refused)
        edit.refusals = [*edit.refusals, *map(list, result.refused)][:MOST_REFUSALS_KEPT]
        edit.last_pk = pks[-1]
    edit.state, edit.heartbeat_at = (BulkState.RUNNING, now) if pks else (BulkState.DONE, now)
    edit.finished_at = None if pks else now
    edit.save(
        update_fields=[
            "n_changed", "n_same", "n_refused", "refusals", "last_pk", "state", "heartbeat_at", "finished_at",
        ]
    )  # fmt: skip
    return bool(pks)


@transaction.atomic
def _fail(edit_pk: int, message: str) -> None:
    edit = BulkEdit.objects.select_for_update().filter(pk=edit_pk).first()
    if edit is not None and not edit.is_final:
        edit.state, edit.error, edit.finished_at = BulkState.FAILED, message, timezone.now()
        edit.save(update_fields=["state", "error", "finished_at"])


@transaction.atomic
def cancel_bulk_edit(*, actor: Actor, edit_pk: int) -> BulkEdit:
    """Stop after the batch that is running; what was changed stays changed. Finished or cancelled already: nothing."""
    edit = BulkEdit.objects.visible_to(actor).select_for_update().filter(pk=edit_pk).first()
    if edit is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    bulk.permit(actor, edit.change["kind"])
    if not edit.is_final:
        edit.cancel_requested = True
        edit.save(update_fields=["cancel_requested"])
        if edit.state == BulkState.QUEUED:
            after_commit(tasks.run_bulk_edit, edit.pk)
    return edit  # type: ignore[no-any-return]


def sweep_bulk_edits() -> None:
    """Edits nobody works on: their message or their worker was lost."""
    late = timezone.now() - STALE
    silent = Q(heartbeat_at__lt=late) | Q(heartbeat_at__isnull=True, created_at__lt=late)
    for pk in BulkEdit.objects.filter(silent, state__in=[BulkState.QUEUED, BulkState.RUNNING]).values_list(
        "pk", flat=True
    )[:50]:
        logger.info("bulk edit resumed", edit=pk)
        tasks.run_bulk_edit.delay(pk)
