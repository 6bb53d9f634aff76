"""The worker's side of the outbox: claim and commit, call the cloud outside any transaction, record (design §8).

A command is repeated with backoff while the cloud does not answer. When it may have been done without our knowing,
the account's figures are read first: what is already so is confirmed, an absolute order is repeated, a write-off or a
refund is repeated only when the figures prove that it was not done.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.db import transaction
from django.utils import timezone

from partner_console.access.actor import system_actor
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import locks, tasks
from partner_console.cloud.models import RELATIVE, CloudCommand, CommandState
from partner_console.cloud.orders import look_up, perform
from partner_console.cloud.port import Cloud, CloudRefused, CloudUnavailable, NotOffered, OutcomeUnknown, get_cloud
from partner_console.waking import after_commit

if TYPE_CHECKING:
    from datetime import datetime

logger = structlog.get_logger(__name__)

BATCH = 20  # commands of one UID per task: a long queue must not hold a worker
SWEEP_BATCH = 200
STALE_AFTER = timedelta(minutes=5)  # far above the port's own time-outs
FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(minutes=30)

# Our own codes beside the cloud's: what they mean is said in `advice`.
NOT_OFFERED = "not_offered"
FIGURES_MOVED = "figures_moved"

_ACTION = {
    CommandState.CONFIRMED: Action.CLOUD_CONFIRMED,
    CommandState.REFUSED: Action.CLOUD_REFUSED,
    CommandState.UNKNOWN: Action.CLOUD_UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class _Answer:
    state: CommandState
    code: str = ""
    message: str = ""
    is_final: bool = True


_NOT_DONE = _Answer(CommandState.QUEUED, is_final=False)
_UNSURE = _Answer(CommandState.UNKNOWN, is_final=False)


def send_due(*, uid: str) -> int:
    """Send what is due for this UID, in order, at most `BATCH`; how many were tried. Twice sends nothing twice."""
    cloud = get_cloud()
    for done in range(BATCH):
        with transaction.atomic(durable=True):
            claimed = locks.claim_next(uid)
        if claimed is None:
            return done
        command, former = claimed
        _store(command, former, _ask(cloud, command, was_unknown=former == CommandState.UNKNOWN))
    after_commit(tasks.send_commands, uid)
    return BATCH


def _ask(cloud: Cloud, command: CloudCommand, *, was_unknown: bool) -> _Answer:
    """One attempt. No transaction is open while the cloud is called."""
    try:
        if was_unknown and (settled := _look(cloud, command)):
            return settled
        if command.operation in RELATIVE:
            _remember_figures(cloud, command)
    except (CloudUnavailable, OutcomeUnknown):
        # Only read so far, which changes nothing: the order is as sure, or as unsure, as it was.
        return _UNSURE if was_unknown else _NOT_DONE
    except CloudRefused as refusal:
        return _Answer(CommandState.REFUSED, refusal.code, refusal.message)
    except NotOffered:
        return _Answer(CommandState.UNKNOWN if was_unknown else CommandState.REFUSED, NOT_OFFERED)
    return _give(cloud, command)


def _give(cloud: Cloud, command: CloudCommand) -> _Answer:
    try:
        perform(cloud, command)
    except CloudUnavailable:
        return _NOT_DONE
    except OutcomeUnknown:
        return _UNSURE
    except CloudRefused as refusal:
        return _Answer(CommandState.REFUSED, refusal.code, refusal.message)
    except NotOffered:
        return _Answer(CommandState.REFUSED, NOT_OFFERED)
    return _Answer(CommandState.CONFIRMED)


def _look(cloud: Cloud, command: CloudCommand) -> _Answer | None:
    """After an unknown outcome: the answer when reading gives one, None when the order is still to be given."""
    in_force = look_up(cloud, command)
    if in_force is None:
        return _Answer(CommandState.UNKNOWN, FIGURES_MOVED)
    return _Answer(CommandState.CONFIRMED) if in_force else None


def _remember_figures(cloud: Cloud, command: CloudCommand) -> None:
    """What the cloud had deducted just before a write-off or refund: the only way to tell later whether it was done."""
    command.payload["deducted_before"] = str(cloud.credit(uid=command.uid).deducted)
    command.save(update_fields=["payload"])


def _next_attempt(attempts: int) -> datetime:
    """Doubling from ten seconds to half an hour, a little spread so that an outage does not end in one busy second."""
    wait = min(FIRST_WAIT * int(2 ** min(attempts - 1, 10)), LONGEST_WAIT)
    return timezone.now() + wait * (1 + secrets.randbelow(250) / 1000)


def _store(command: CloudCommand, former: str, answer: _Answer) -> None:
    """Write the outcome, unless the sweeper gave the command to somebody else meanwhile (the attempt is the fence)."""
    actor = system_actor("cloud", partner=command.partner)
    with transaction.atomic(durable=True):
        row = locks.lock_command(actor, command.pk)
        if row.state != CommandState.IN_FLIGHT or row.attempts != command.attempts:
            logger.info("outcome_came_late", command=command.pk, state=answer.state.value)
            return
        _move(row, answer)
        row.save(
            update_fields=[
                "state", "vendor_code", "vendor_message", "in_flight_since", "next_attempt_at", "finished_at",
            ]
        )  # fmt: skip
        # Still waiting, and still unsure, are no news for the trail.
        if answer.state in _ACTION and (answer.is_final or answer.state != former):
            changes = {
                "operation": [None, row.operation],
                "state": [former, answer.state.value],
                "vendor_code": ["", row.vendor_code],
            }
            audit.record(actor, _ACTION[answer.state], row, changes=changes, operation_id=row.operation_id)
    logger.info("cloud_answered", command=row.pk, operation=row.operation, state=answer.state.value, code=answer.code)


def _move(row: CloudCommand, answer: _Answer) -> None:
    row.state = answer.state
    row.vendor_code, row.vendor_message = answer.code[:60], answer.message[:500]
    row.in_flight_since = None
    if answer.is_final:
        row.finished_at = timezone.now()
    else:
        row.next_attempt_at = _next_attempt(row.attempts)


def sweep() -> int:
    """Find what lost messages and dead workers left: how many UIDs were woken.

    A command in flight for longer than `STALE_AFTER` becomes unknown, to be reconciled by reading; every UID with a
    command that is due gets a message. Bounded, and safe beside other sweepers and workers.
    """
    now = timezone.now()
    with transaction.atomic():
        for command in locks.lock_stale(now - STALE_AFTER, SWEEP_BATCH):
            command.state, command.in_flight_since, command.next_attempt_at = CommandState.UNKNOWN, None, now
            command.save(update_fields=["state", "in_flight_since", "next_attempt_at"])
            actor = system_actor("cloud-sweeper", partner=command.partner)
            changes = {
                "operation": [None, command.operation],
                "state": [CommandState.IN_FLIGHT.value, CommandState.UNKNOWN.value],
            }
            audit.record(actor, Action.CLOUD_UNKNOWN, command, changes=changes, operation_id=command.operation_id)
        due = CloudCommand.objects.filter(locks.WAITING, next_attempt_at__lte=now).order_by("next_attempt_at", "pk")
        uids = list(dict.fromkeys(due.values_list("uid", flat=True)[:SWEEP_BATCH]))
        for uid in uids:
            after_commit(tasks.send_commands, uid)
    return len(uids)
