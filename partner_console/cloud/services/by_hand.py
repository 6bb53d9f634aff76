"""What a cloud cannot do through its API people do in its console, and say so here (design §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from partner_console.access.policy import require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import locks
from partner_console.cloud.errors import NothingByHand, TakenBack
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.services.commands import PERMISSION

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

BY_HAND = "by_hand"
NOT_DONE = (CommandState.QUEUED, CommandState.UNKNOWN, CommandState.REFUSED)


def ensure_by_hand(actor: Actor, command: CloudCommand) -> None:
    """Say at once, before somebody writes a note, that there is nothing to record or that they may not."""
    require(actor, PERMISSION[Operation(command.operation)])
    if command.state not in NOT_DONE:
        raise NothingByHand
    if command.undone_at is not None:
        raise TakenBack


@transaction.atomic
def record_by_hand(*, actor: Actor, command_pk: int, note: str) -> CloudCommand:
    """Somebody did in the cloud's own console what this order asks for: it counts as confirmed, by them.

    `note` is theirs, kept as the message under the code `by_hand`. Raises `NothingByHand` when it is confirmed already
    or in flight.
    """
    command = locks.lock_command(actor, command_pk)
    ensure_by_hand(actor, command)
    before = command.audit_state()
    command.state, command.finished_at = CommandState.CONFIRMED, timezone.now()
    command.vendor_code, command.vendor_message = BY_HAND, note[:500]
    command.save(update_fields=["state", "finished_at", "vendor_code", "vendor_message"])
    audit.record(actor, Action.CLOUD_BY_HAND, command, before=before, note=note, operation_id=command.operation_id)
    return command


@transaction.atomic
def give_up(*, actor: Actor, command_pk: int) -> CloudCommand:
    """What the cloud refused is not asked again: nobody may retry it. Raises `NothingByHand` unless it was refused.

    The caller writes the entry of what this means.
    """
    command = locks.lock_command(actor, command_pk)
    require(actor, PERMISSION[Operation(command.operation)])
    if command.state != CommandState.REFUSED:
        raise NothingByHand
    command.state = CommandState.SUPERSEDED
    command.save(update_fields=["state"])
    return command


def drop_waiting(*, partner_pk: int, uid: str) -> int:
    """The link has ended: what still waits or failed about it is never sent, for the account may be another's soon.

    In the caller's transaction; returns how many orders.
    """
    left = Q(state__in=NOT_DONE, partner_id=partner_pk, uid=uid)
    return CloudCommand.objects.filter(left).update(state=CommandState.SUPERSEDED, finished_at=timezone.now())
