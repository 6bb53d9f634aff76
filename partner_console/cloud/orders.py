"""What each operation means at the port: how it is given, and how one sees that it is in force."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from partner_console.cloud.models import CloudCommand, Operation

if TYPE_CHECKING:
    from partner_console.cloud.port import Cloud, Credit


def perform(cloud: Cloud, command: CloudCommand) -> None:
    """Give the order. Raises what the port raises."""
    uid, payload = command.uid, command.payload
    match Operation(command.operation):
        case Operation.SET_QUOTA:
            cloud.set_quota(uid=uid, amount=Decimal(payload["amount"]))
        case Operation.WRITE_OFF | Operation.REFUND as operation:
            take_off = cloud.refund if operation == Operation.REFUND else cloud.write_off
            take_off(uid=uid, amount=Decimal(payload["amount"]))
        case Operation.SET_WARNING:
            cloud.set_warning(uid=uid, percent=int(payload["percent"]))
        case Operation.FREEZE:
            cloud.freeze(uid=uid)
        case Operation.THAW:
            cloud.thaw(uid=uid)
        case Operation.SET_PURCHASE_CONTROL:
            cloud.set_purchase_control(uid=uid, control=payload["control"])
        case Operation.SET_POLICY:
            cloud.set_policy(uid=uid, policy=payload["policy"])
        case Operation.SET_PERMISSIONS:
            cloud.set_permissions(uid=uid, scopes=payload["scopes"])
        case Operation.UNLINK:
            cloud.unlink(uid=uid, partner_uid=command.partner.master_uid)


def look_up(cloud: Cloud, command: CloudCommand) -> bool | None:
    """Whether the cloud shows this order as done, by reading it there. Raises what the port raises."""
    if command.operation == Operation.SET_PERMISSIONS:
        return set(cloud.permissions(uid=command.uid)) == set(command.payload["scopes"])
    if command.operation == Operation.UNLINK:
        return False  # absolute, and afterwards there is nothing for us to read: repeated
    return is_in_force(command, cloud.credit(uid=command.uid))


def is_in_force(command: CloudCommand, credit: Credit) -> bool | None:
    """Whether the cloud's figures show this order as done; None when they cannot tell.

    That is so for a write-off or a refund when usage moved meanwhile.
    """
    payload = command.payload
    match Operation(command.operation):
        case Operation.SET_QUOTA:
            return credit.amount == Decimal(payload["amount"])
        case Operation.SET_WARNING:
            return credit.warning_percent == int(payload["percent"])
        case Operation.FREEZE:
            return credit.payg_frozen
        case Operation.THAW:
            return not credit.payg_frozen
        case Operation.SET_PURCHASE_CONTROL:
            return credit.purchase_control == str(payload["control"])
        case Operation.SET_POLICY:
            return credit.shutdown_policy == str(payload["policy"])
        case Operation.WRITE_OFF | Operation.REFUND:
            return _is_taken_off(payload.get("deducted_before"), Decimal(payload["amount"]), credit.deducted)
        case Operation.SET_PERMISSIONS | Operation.UNLINK:
            return None  # no figure shows permissions: `look_up` reads them


def _is_taken_off(before: str | None, amount: Decimal, deducted: Decimal) -> bool | None:
    if before is None:
        return False  # the figures are remembered before the order leaves: it never left
    if deducted == Decimal(before):
        return False
    return True if deducted == Decimal(before) - amount else None
