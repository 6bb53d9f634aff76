"""What staff and services do to the outbox: put an order in, send a failed one again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import locks, tasks
from partner_console.cloud.errors import NothingToRetry, Overtaken, TakenBack
from partner_console.cloud.models import TOPIC, CloudCommand, CommandState, Operation
from partner_console.waking import after_commit

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence

    from partner_console.access.actor import Actor

PERMISSION = {
    Operation.SET_QUOTA: Permission.QUOTA_EDIT,
    Operation.WRITE_OFF: Permission.QUOTA_EDIT,
    Operation.REFUND: Permission.QUOTA_EDIT,
    Operation.SET_WARNING: Permission.QUOTA_EDIT,
    Operation.FREEZE: Permission.CONTROL_CHANGE,
    Operation.THAW: Permission.CONTROL_CHANGE,
    Operation.SET_PURCHASE_CONTROL: Permission.CONTROL_CHANGE,
    Operation.SET_POLICY: Permission.CONTROL_CHANGE,
    Operation.STOP_PAYG: Permission.CONTROL_CHANGE,
    Operation.RESUME_PAYG: Permission.CONTROL_CHANGE,
    Operation.SET_TRUSTEE: Permission.CONTROL_CHANGE,
    Operation.SET_PERMISSIONS: Permission.LINK_INVITE,
    Operation.UNLINK: Permission.LINK_TERMINATE,
}


def queue(
    *,
    actor: Actor,
    partner_pk: int,
    uid: str,
    operation: Operation | str,
    payload: dict[str, Any],
    reason: str,
    operation_id: uuid.UUID | None,
) -> CloudCommand:
    """Put an order to the cloud into the outbox, in the caller's transaction (raises outside one).

    `payload` by operation, money as text: set_quota, write_off and refund `{"amount": "12.30"}`, set_warning
    `{"percent": 20}`, set_purchase_control `{"control": …}`, set_policy `{"policy": …}`, set_permissions
    `{"scopes": […]}`, set_trustee `{"trustee_uid": …}` ("" = none), freeze, thaw, stop_payg, resume_payg and unlink
    `{}`. What was asked earlier about the same topic and has not been done for sure is superseded: the newer absolute
    value makes it pointless. The caller has checked the permission and
    writes its own audit entry.
    """
    _require_transaction()
    operation = Operation(operation)
    topic = TOPIC[operation]
    if topic:
        earlier = CloudCommand.objects.filter(locks.WAITING, partner_id=partner_pk, uid=uid, topic=topic)
        earlier.update(state=CommandState.SUPERSEDED, finished_at=timezone.now())
    command = CloudCommand.objects.create(
        partner_id=partner_pk,
        uid=uid,
        operation=operation,
        topic=topic,
        payload=payload,
        asked_by=actor.label,
        reason=reason,
        operation_id=operation_id,
    )
    after_commit(tasks.send_commands, uid)
    return command


def queue_many(
    *,
    actor: Actor,
    operation: Operation,
    orders: Sequence[tuple[int, str, dict[str, Any]]],
    reason: str,
    operation_id: uuid.UUID | None,
    operation_ids: Mapping[str, uuid.UUID] | None = None,
) -> None:
    """As `queue`, set-based: one operation for many accounts, each `(partner_pk, uid, payload)`, each UID once.

    `operation_ids` by UID where each account's order is of an action of its own.
    """
    _require_transaction()
    topic = TOPIC[operation]
    uids = [uid for _partner, uid, _payload in orders]
    if topic:
        earlier = CloudCommand.objects.filter(locks.WAITING, uid__in=uids, topic=topic)
        earlier.update(state=CommandState.SUPERSEDED, finished_at=timezone.now())
    CloudCommand.objects.bulk_create(
        [
            CloudCommand(
                partner_id=partner_pk,
                uid=uid,
                operation=operation,
                topic=topic,
                payload=payload,
                asked_by=actor.label,
                reason=reason,
                operation_id=operation_ids[uid] if operation_ids else operation_id,
            )
            for partner_pk, uid, payload in orders
        ],
        batch_size=1000,
    )
    for uid in uids:
        after_commit(tasks.send_commands, uid)


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        msg = "A command is queued inside the transaction that decides it."
        raise RuntimeError(msg)


@transaction.atomic
def retry(*, actor: Actor, command_pk: int) -> CloudCommand:
    """Send a refused command, or one whose outcome stayed unknown, again.

    Raises `NothingToRetry` in any other state (also on the second click) and `Overtaken` when a newer command of the
    topic exists. A write-off of unknown outcome is sent as new: the person has looked at the figures. `TakenBack` when
    what it had changed here was taken back: it is asked for anew where it was asked for.
    """
    command = locks.lock_command(actor, command_pk)
    require(actor, PERMISSION[Operation(command.operation)])
    if command.state not in (CommandState.REFUSED, CommandState.UNKNOWN):
        raise NothingToRetry
    if command.undone_at is not None:
        raise TakenBack
    if command.topic and _is_overtaken(command):
        raise Overtaken
    before = command.audit_state()
    command.state = CommandState.QUEUED
    command.vendor_code = command.vendor_message = ""
    command.payload.pop("deducted_before", None)
    command.next_attempt_at = timezone.now()
    command.finished_at = None
    command.save(update_fields=["state", "vendor_code", "vendor_message", "payload", "next_attempt_at", "finished_at"])
    asked = {"operation": [None, command.operation]}
    audit.record(actor, Action.CLOUD_RETRIED, command, before=before, changes=asked, operation_id=command.operation_id)
    after_commit(tasks.send_commands, command.uid)
    return command


def _is_overtaken(command: CloudCommand) -> bool:
    return CloudCommand.objects.filter(uid=command.uid, topic=command.topic, pk__gt=command.pk).exists()
