"""The PAYG freeze: the partner's own switch, its records, and the order to the cloud."""

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
from uids.errors import AlreadyFrozen, NotFrozen, ReasonMissing
from uids.models import ControlChange, LinkedAccount
from uids.states import Control, PaygStatus

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def set_payg_freeze(
    *, actor: Actor, account_pk: int, frozen: bool, reason: str, operation_id: uuid.UUID | None = None
) -> LinkedAccount:
    """Freeze or unfreeze PAYG of one account and of the sub-accounts whose money it holds (seed 004 §2.2).

    Sub-accounts keep their own switch; each whose effective state changes gets its own record and audit entry with
    the same reason and operation id. The cloud is told after commit and carries it through to sub-accounts itself.
    Repeating raises `AlreadyFrozen` / `NotFrozen` and writes nothing; `ReasonMissing`; `NotLive`. Whether arrears
    forbid unfreezing is `quota.services.unfreeze_payg`'s question, which calls this.
    """
    require(actor, Permission.CONTROL_CHANGE)
    reason = reason.strip()
    if not reason:
        raise ReasonMissing
    account = locks.lock_live_account(actor, account_pk)
    if account.payg_frozen is frozen:
        raise AlreadyFrozen(account.uid) if frozen else NotFrozen(account.uid)
    operation_id = operation_id or uuid.uuid4()
    before, touched = account.audit_state(), _touched_sub_accounts(account)
    account.payg_frozen = frozen
    account.updated_at = timezone.now()
    account.save(update_fields=["payg_frozen", "updated_at"])
    action = Action.ACCOUNT_FROZEN if frozen else Action.ACCOUNT_UNFROZEN
    audit.record(actor, action, account, before=before, note=reason, operation_id=operation_id)
    _record_changes(actor, account, touched, reason=reason, operation_id=operation_id, action=action)
    cloud.queue(
        actor=actor,
        partner_pk=account.partner_id,
        uid=account.uid,
        operation=Operation.FREEZE if frozen else Operation.THAW,
        payload={},
        reason=reason,
        operation_id=operation_id,
    )
    return account


def _touched_sub_accounts(account: LinkedAccount) -> list[LinkedAccount]:
    """Live sub-accounts that are not frozen by their own switch: for the others nothing changes. One list, read under
    the master's lock, which `set_trustee` takes too."""
    return list(account.sub_accounts.live().filter(payg_frozen=False).order_by("pk"))


def _record_changes(
    actor: Actor,
    account: LinkedAccount,
    sub_accounts: list[LinkedAccount],
    *,
    reason: str,
    operation_id: uuid.UUID,
    action: Action,
) -> None:
    """Control records of the account and, in its name as cause, of the sub-accounts; audit entries of the latter."""
    frozen = action is Action.ACCOUNT_FROZEN
    words = (PaygStatus.NORMAL, PaygStatus.FROZEN) if frozen else (PaygStatus.FROZEN, PaygStatus.NORMAL)
    at = timezone.now()
    ControlChange.objects.bulk_create(
        ControlChange(
            account=row,
            what=Control.PAYG_FREEZE,
            before=words[0],
            after=words[1],
            reason=reason,
            method=actor.channel,
            operator=actor.label,
            operator_uid=actor.operator_uid,
            operation_id=operation_id,
            cause=None if row is account else account,
            at=at,
        )
        for row in (account, *sub_accounts)
    )
    audit.record_all(
        audit.entry(
            actor,
            action,
            row,
            changes={"frozen_by_master": [not frozen, frozen]},
            note=reason,
            operation_id=operation_id,
        )
        for row in sub_accounts
    )
