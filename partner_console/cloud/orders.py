"""What each operation means at the port: how it is given, and how one sees that it is in force."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from partner_console.cloud.models import RELATIVE, CloudCommand, Operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_console.cloud.port import Cloud, Credit

_GIVEN: dict[Operation, Callable[[Cloud, str, dict[str, Any]], None]] = {
    Operation.SET_QUOTA: lambda cloud, uid, asked: cloud.set_quota(uid=uid, amount=Decimal(asked["amount"])),
    Operation.WRITE_OFF: lambda cloud, uid, asked: cloud.write_off(uid=uid, amount=Decimal(asked["amount"])),
    Operation.REFUND: lambda cloud, uid, asked: cloud.refund(uid=uid, amount=Decimal(asked["amount"])),
    Operation.SET_WARNING: lambda cloud, uid, asked: cloud.set_warning(uid=uid, percent=int(asked["percent"])),
    Operation.FREEZE: lambda cloud, uid, _asked: cloud.freeze(uid=uid),
    Operation.THAW: lambda cloud, uid, _asked: cloud.thaw(uid=uid),
    Operation.STOP_PAYG: lambda cloud, uid, _asked: cloud.stop_payg(uid=uid),
    Operation.RESUME_PAYG: lambda cloud, uid, _asked: cloud.resume_payg(uid=uid),
    Operation.SET_TRUSTEE: lambda cloud, uid, asked: cloud.set_trustee(uid=uid, trustee_uid=asked["trustee_uid"]),
    Operation.SET_PURCHASE_CONTROL: lambda cloud, uid, asked: cloud.set_purchase_control(
        uid=uid, control=asked["control"]
    ),
    Operation.SET_POLICY: lambda cloud, uid, asked: cloud.set_policy(uid=uid, policy=asked["policy"]),
    Operation.SET_PERMISSIONS: lambda cloud, uid, asked: cloud.set_permissions(uid=uid, scopes=asked["scopes"]),
}

# Of absolute orders whose value the cloud's figures show; permissions are in no figure, `look_up` reads them.
_SHOWN: dict[Operation, Callable[[Credit, dict[str, Any]], bool]] = {
    Operation.SET_QUOTA: lambda credit, asked: credit.amount == Decimal(asked["amount"]),
    Operation.SET_WARNING: lambda credit, asked: credit.warning_percent == int(asked["percent"]),
    Operation.FREEZE: lambda credit, _asked: credit.payg_frozen,
    Operation.THAW: lambda credit, _asked: not credit.payg_frozen,
    Operation.STOP_PAYG: lambda credit, _asked: credit.payg_stopped,
    Operation.RESUME_PAYG: lambda credit, _asked: not credit.payg_stopped,
    Operation.SET_TRUSTEE: lambda credit, asked: credit.trustee_uid == str(asked["trustee_uid"]),
    Operation.SET_PURCHASE_CONTROL: lambda credit, asked: credit.purchase_control == str(asked["control"]),
    Operation.SET_POLICY: lambda credit, asked: credit.shutdown_policy == str(asked["policy"]),
}


def perform(cloud: Cloud, command: CloudCommand) -> None:
    """Give the order. Raises what the port raises."""
    operation = Operation(command.operation)
    if operation is Operation.UNLINK:
        cloud.unlink(uid=command.uid, partner_uid=command.partner.master_uid)
    else:
        _GIVEN[operation](cloud, command.uid, command.payload)


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
    operation, payload = Operation(command.operation), command.payload
    if operation in RELATIVE:
        return _is_taken_off(payload.get("deducted_before"), Decimal(payload["amount"]), credit.deducted)
    is_shown = _SHOWN.get(operation)
    return is_shown(credit, payload) if is_shown else None


def _is_taken_off(before: str | None, amount: Decimal, deducted: Decimal) -> bool | None:
    if before is None:
        return False  # the figures are remembered before the order leaves: it never left
    if deducted == Decimal(before):
        return False
    return True if deducted == Decimal(before) - amount else None
