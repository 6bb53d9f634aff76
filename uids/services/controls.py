"""One switch of one account: the partner's own freeze, purchase control or shutdown policy (seed 004 §2.2)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction

from uids.services import control_batches

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount
    from uids.states import Control


@transaction.atomic
def set_control(
    *,
    actor: Actor,
    account_pk: int,
    what: Control,
    value: str,
    reason: str,
    operation_id: uuid.UUID | None = None,
    overdraft: Decimal | None = None,
) -> LinkedAccount:
    """Freeze (`frozen`) or unfreeze (`normal`) PAYG, forbid (`ban`) or allow (`normal`) orders, or set the policy.

    It holds for the account and for the sub-accounts whose money it holds, who keep their own switch: each for which
    something changes gets its own record and entry, with the same reason and operation id. `overdraft` is what delayed
    shutdown allows, in the partner's currency. Repeating raises the switch's `AlreadySo` and writes nothing;
    `FollowsMaster` for the policy of a sub-account, `ReasonMissing`, `NotLive`. Money and second persons are
    `quota.services.controls`' business, which pages call.
    """
    batch = control_batches.set_controls(
        actor=actor,
        account_pks=[account_pk],
        what=what,
        value=value,
        reason=reason,
        operation_id=operation_id or uuid.uuid4(),
        overdrafts=None if overdraft is None else {account_pk: overdraft},
    )
    for _account, error in batch.refused:
        raise error
    return batch.changed[0]
