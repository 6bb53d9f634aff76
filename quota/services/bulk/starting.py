"""What people do with a bulk edit: look at what it would do, start it, stop it, take it back."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Membership
from partner_console.approvals import services as approvals
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Conflict, Invalid
from partner_console.waking import after_commit
from quota import tasks
from quota.errors import CascadeMoved
from quota.services.bulk import deciding, switching
from quota.services.bulk.running import BATCH, lock, run_bulk_edit
from quota.services.bulk.selecting import Selection
from uids.bulk_wording import UNDO
from uids.controls import VALUES
from uids.models import BulkEdit
from uids.models.bulk import BulkState
from uids.services import bulk
from uids.services.bulk import Change, Preview
from uids.states import Control

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

MOST_AT_ONCE = 5_000  # more than this runs in the background
SAMPLE = 5


def preview(*, actor: Actor, selection: Selection, change: Change) -> Preview:
    """One count over the selection and its first rows; nothing is written. Raises `Invalid` for a bad change."""
    change = bulk.checked(actor, change)
    if change.is_switch:
        return switching.preview(actor=actor, rows=selection.rows(actor), change=change)
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


def is_long(n_rows: int, change: Change) -> bool:
    """Whether so many are left to a worker: the person may leave the page."""
    return n_rows > (BATCH if change.is_switch else MOST_AT_ONCE)


def start_bulk_edit(*, actor: Actor, selection: Selection, change: Change, confirmed: int | None = None) -> BulkEdit:
    """Remember the edit, then run it: at once if it is small, otherwise by a worker. Returns it as it is then.

    A selection of nothing is `Invalid`. Every row is judged again when its batch runs. A switch is set only for as many
    accounts as somebody `confirmed`, sub-accounts included (`CascadeMoved`), and for no others that come to match
    later; where the partner's rule wants a second person it waits for them.
    """
    return _started(_remember(actor=actor, selection=selection, change=change, confirmed=confirmed))


def _started(edit: BulkEdit) -> BulkEdit:
    if edit.state == BulkState.QUEUED and not is_long(edit.n_rows, Change.from_json(edit.change)):
        run_bulk_edit(edit_pk=edit.pk)
        edit.refresh_from_db()
    return edit


@transaction.atomic
def _remember(*, actor: Actor, selection: Selection, change: Change, confirmed: int | None) -> BulkEdit:
    change = bulk.checked(actor, change)
    if change.is_switch:
        found = switching.preview(actor=actor, rows=selection.rows(actor), change=change)
        return _remember_switch(actor=actor, selection=selection, change=change, found=found, confirmed=confirmed)
    n_rows = selection.rows(actor).count()
    if not n_rows:
        raise Invalid("nothing_selected", _("Select at least one account."))
    edit = _keep(actor, selection, change, n_rows=n_rows)
    if is_long(n_rows, change):
        after_commit(tasks.run_bulk_edit, edit.pk)
    return edit


def _keep(actor: Actor, selection: Selection, change: Change, **fields: Any) -> BulkEdit:
    membership = Membership.objects.visible_to(actor).filter(user_id=actor.user_pk).first()
    if membership is None:
        raise Invalid("no_partner", _("Choose a partner first: changes are made by its members."))
    edit: BulkEdit = BulkEdit.objects.create(
        partner_id=membership.partner_id,
        user_id=membership.user_id,
        membership=membership,
        change=change.as_json(),
        filters=selection.filters_as_json(),
        pks=None if selection.pks is None else sorted(selection.pks),
        query=selection.query[:2000],
        operation_id=uuid.uuid4(),
        **fields,
    )
    return edit


def _remember_switch(
    *,
    actor: Actor,
    selection: Selection,
    change: Change,
    found: Preview,
    confirmed: int | None,
    undoes: BulkEdit | None = None,
) -> BulkEdit:
    if not found.n_changed:
        raise Invalid("nothing_to_change", _("There is no account that this would change."))
    if confirmed != found.n_accounts:
        raise CascadeMoved(confirmed=confirmed or 0, n_accounts=found.n_accounts)
    chosen = replace(selection, pks=tuple(found.pks))
    edit = _keep(actor, chosen, change, n_rows=found.total, undoes=undoes)
    asked = {"what": [None, change.what], "value": [None, change.value], "n_accounts": [None, found.n_accounts]}
    audit.record(actor, Action.BULK_STARTED, edit, changes=asked, note=change.reason, operation_id=edit.operation_id)
    if found.need is not None:
        edit.state = BulkState.AWAITING
        edit.save(update_fields=["state"])
        deciding.ask(actor=actor, edit=edit, found=found)
    elif is_long(edit.n_rows, change):
        after_commit(tasks.run_bulk_edit, edit.pk)
    return edit


def preview_undo(*, actor: Actor, edit: BulkEdit) -> tuple[Change, Preview]:
    """The change that takes one of switches back, and what it would do: to the accounts nobody has changed since."""
    bulk.permit(actor, UNDO)
    change = undo_of(edit, reason="")
    return change, _preview_undo(actor, edit, change)


def _preview_undo(actor: Actor, edit: BulkEdit, change: Change) -> Preview:
    rows = switching.rows_to_undo(actor, edit.operation_id)
    return switching.preview(actor=actor, rows=rows, change=change, undone=edit.operation_id)


def undo_of(edit: BulkEdit, *, reason: str) -> Change:
    """The change that takes this one back. A policy goes back to what each account had."""
    done = Change.from_json(edit.change)
    if not done.is_switch:
        raise Conflict("not_undoable", _("Only changes of switches can be taken back."))
    values = VALUES[Control(done.what)]
    value = "" if done.what == Control.SHUTDOWN_POLICY else next(one for one in values if one != done.value)
    return Change(UNDO, what=done.what, value=value, reason=reason)


def undo_bulk_edit(*, actor: Actor, edit_pk: int, reason: str, confirmed: int | None = None) -> BulkEdit:
    """Take a change of switches back, as a bulk edit of its own: the same rules, the same second person, the same run.

    Each account goes back exactly to what it was; what somebody has changed since then stays and is named. 409 while
    the change is still going on. Taking back what was taken back finds nothing left to do.
    """
    return _started(_remember_undo(actor=actor, edit_pk=edit_pk, reason=reason, confirmed=confirmed))


@transaction.atomic
def _remember_undo(*, actor: Actor, edit_pk: int, reason: str, confirmed: int | None) -> BulkEdit:
    bulk.permit(actor, UNDO)
    edit = lock(actor, edit_pk)
    change = bulk.checked(actor, undo_of(edit, reason=reason))
    if not edit.is_final:
        raise Conflict("still_going_on", _("It is still going on. Stop it first, or wait until it is done."))
    found = _preview_undo(actor, edit, change)
    chosen = Selection(edit.query, {}, ())
    return _remember_switch(actor=actor, selection=chosen, change=change, found=found, confirmed=confirmed, undoes=edit)


@transaction.atomic
def cancel_bulk_edit(*, actor: Actor, edit_pk: int) -> BulkEdit:
    """Stop after the batch that is running; what was changed stays changed. Finished or cancelled already: nothing.

    One that waits for a second person is taken back with its request.
    """
    found = BulkEdit.objects.visible_to(actor).filter(pk=edit_pk).first()
    if found is not None and found.state == BulkState.AWAITING:  # requests are locked before what they are about
        bulk.permit(actor, found.change["kind"])
        approvals.withdraw_for(actor=actor, subject=found)
    edit = lock(actor, edit_pk)
    bulk.permit(actor, edit.change["kind"])
    if not edit.is_final:
        edit.cancel_requested = True
        edit.save(update_fields=["cancel_requested"])
        if edit.state == BulkState.QUEUED:
            after_commit(tasks.run_bulk_edit, edit.pk)
    return edit
