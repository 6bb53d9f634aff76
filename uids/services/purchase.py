"""Purchase control: the partner's own switch against new orders, its records, and the order to the cloud."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from uids import locks
from uids.errors import ReasonMissing, SameControl
from uids.models import ControlChange, LinkedAccount
from uids.states import Control, PurchaseControl

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def set_purchase_control(
    *, actor: Actor, account_pk: int, control: PurchaseControl, reason: str, operation_id: uuid.UUID | None = None
) -> LinkedAccount:
    """Forbid (`ban`) or allow again (`normal`) new orders of one account and of the sub-accounts whose money it holds.

    What runs goes on running. Sub-accounts keep their own switch; each whose effective control changes gets its own
    record and audit entry with the same reason and operation id. The cloud is told after commit. Repeating raises
    `SameControl` and writes nothing; `ReasonMissing`; `NotLive`.
    """
    require(actor, Permission.CONTROL_CHANGE)
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    account = locks.lock_live_account(actor, account_pk)
    control, former = PurchaseControl(control), PurchaseControl(account.purchase_control)
    if control is former:
        raise SameControl(account.uid)
    operation_id = operation_id or uuid.uuid4()
    account.purchase_control = control
    account.updated_at = timezone.now()
    account.save(update_fields=["purchase_control", "updated_at"])
    # Read under the master's lock, which `set_trustee` takes too; one that is banned itself does not notice.
    touched = account.sub_accounts.live().exclude(purchase_control=PurchaseControl.BAN).order_by("pk")
    _record(actor, account, list(touched), former=former, reason=reason, operation_id=operation_id)
    cloud.queue(
        actor=actor,
        partner_pk=account.partner_id,
        uid=account.uid,
        operation=Operation.SET_PURCHASE_CONTROL,
        payload={"control": control.value},
        reason=reason,
        operation_id=operation_id,
    )
    return account


def _record(
    actor: Actor,
    account: LinkedAccount,
    sub_accounts: list[LinkedAccount],
    *,
    former: PurchaseControl,
    reason: str,
    operation_id: uuid.UUID,
) -> None:
    """Control records and audit entries of the account and, in its name as cause, of the sub-accounts."""
    at, rows = timezone.now(), (account, *sub_accounts)
    ControlChange.objects.bulk_create(
        ControlChange(
            account=row,
            what=Control.PURCHASE_CONTROL,
            before=former,
            after=account.purchase_control,
            reason=reason,
            method=actor.channel,
            operator=actor.label,
            operator_uid=actor.operator_uid,
            operation_id=operation_id,
            cause=None if row is account else account,
            at=at,
        )
        for row in rows
    )
    changes = {"purchase_control": [former.value, str(account.purchase_control)]}
    audit.record_all(
        audit.entry(
            actor, Action.PURCHASE_CONTROL_CHANGED, row, changes=changes, note=reason, operation_id=operation_id
        )
        for row in rows
    )
