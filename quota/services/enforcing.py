"""Arrears stop pay-as-you-go, and let it run again when they are gone (design §6.3, acpn.md §8).

The database says which accounts are due (`CreditAccount.stop_due`). Whoever moves figures wakes `quota.tasks.enforce`
for them after commit; a sweep finds the rest. Here alone PAYG is stopped by arrears and let run again. A partner's own
freeze is another fact, which is neither set nor lifted here; what more is billed after the stop changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_noop

from partner_console.access.actor import system_actor
from partner_console.cloud import services as cloud
from partner_console.cloud.models import Operation
from partner_console.waking import after_commit
from quota import locks, tasks
from quota.models import CreditAccount
from quota.services import stop_records
from quota.states import StopNews
from uids.models import LinkedAccount
from uids.states import PaygStatus

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Sequence

    from partner_console.access.actor import Actor
    from quota.services.stop_records import Moved

BATCH = 500
MOST_WOKEN = 100  # more accounts than that at once are one sweep

REASON_STOPPED = gettext_noop("Available Quota is below what the shutdown policy allows")
REASON_RESUMED = gettext_noop("Available Quota is no longer below what the shutdown policy allows")

# A stop begins now. What ends one forgets its release too, for new instances can be bought then: that there was one
# stays in the records. `a` is the linked account, `c` its credit.
_MOVE = stop_records.statement(
    judged=f"""
    SELECT a.id, a.partner_id, a.uid, a.nickname, c.available, coalesce(a.payg_stopped_at, %(now)s) AS stopped_at,
        CASE
            WHEN NOT c.is_stopped THEN '{PaygStatus.NORMAL}'
            WHEN a.payg_released_at IS NULL THEN '{PaygStatus.STOPPED}'
            ELSE '{PaygStatus.RELEASED}'
        END AS before,
        CASE WHEN c.is_stopped THEN '{PaygStatus.NORMAL}' ELSE '{PaygStatus.STOPPED}' END AS after,
        CASE WHEN c.is_stopped THEN '{StopNews.RESUMED}' ELSE '{StopNews.STOPPED}' END AS news,
        coalesce(%(reason)s, CASE WHEN c.is_stopped THEN '{REASON_RESUMED}' ELSE '{REASON_STOPPED}' END) AS reason,
        coalesce(%(operation_id)s::uuid, gen_random_uuid()) AS operation_id,
        c.is_stopped AS resumes
    FROM quota_creditaccount c JOIN uids_linkedaccount a ON a.id = c.account_id
    WHERE c.account_id = ANY(%(pks)s) AND a.relationship = ANY(%(live)s)
        AND (c.stop_due OR (%(is_new_policy)s AND c.is_stopped AND c.available >= c.stop_line))
    """,  # noqa: S608 constants of this module
    writes="""accounts AS (
    UPDATE uids_linkedaccount a
    SET payg_stopped_at = CASE WHEN NOT judged.resumes THEN judged.stopped_at END, payg_released_at = NULL,
        updated_at = now()
    FROM judged WHERE a.id = judged.id
), credits AS (
    UPDATE quota_creditaccount c SET is_stopped = NOT judged.resumes, updated_at = now()
    FROM judged WHERE c.account_id = judged.id
)""",
)


@dataclass(frozen=True, slots=True)
class Decided:
    """Somebody set the policy, or the trusteeship, anew: what follows for PAYG is part of that action, and a stop that
    would not come under the new policy ends (design §6.3)."""

    reason: str
    operation_id: uuid.UUID


def wake(account_pks: Iterable[int]) -> None:
    """Stop, or let run again, after commit what is due of these accounts: for whoever moved their figures."""
    pks = list(account_pks)
    if len(pks) > MOST_WOKEN:
        after_commit(tasks.sweep_stops)
        return
    for pk in pks:
        after_commit(tasks.enforce, pk)


def enforce(*, actor: Actor, account_pk: int) -> bool:
    """Bring one account to what its figures and policy demand; whether that changed anything. Again changes nothing.

    Waits for whoever has the account or its money in hand, and judges anew what is there then.
    """
    return bool(enforce_many(actor=actor, account_pks=[account_pk]))


def sweep(*, actor: Actor | None = None, batch: int = BATCH) -> int:
    """Enforce what nobody did, batch after batch; how many accounts that were.

    Every batch is its own transaction and a few statements, whatever its size; accounts in use are left for next time.
    """
    actor = actor or system_actor("payg-stops")
    due = CreditAccount.objects.visible_to(actor).filter(stop_due=True).order_by("pk")
    moved, after = 0, 0
    while pks := list(due.filter(pk__gt=after).values_list("pk", flat=True)[:batch]):
        moved += enforce_many(actor=actor, account_pks=pks, skip_locked=True)
        after = pks[-1]
    return moved


@transaction.atomic
def enforce_many(
    *, actor: Actor, account_pks: Sequence[int], skip_locked: bool = False, decided: Decided | None = None
) -> int:
    """The same for up to some hundred accounts, with their sub-accounts; how many of them changed.

    Accounts are locked, then their credit, both in the order of their pk; only then is anything judged. The facts, a
    record and an entry on the trail for the account and each live sub-account, one order to the cloud (which carries
    it through itself) and what is to be told are one transaction. `decided` says of which action it is a part.
    """
    pks = lock(actor, account_pks, skip_locked=skip_locked)
    if not pks:
        return 0
    values = {
        "pks": pks,
        "is_new_policy": decided is not None,
        "operation_id": decided.operation_id if decided else None,
        "reason": decided.reason if decided else None,
    }
    own = [one for one in stop_records.run(actor, _MOVE, values) if one.cause_pk is None]
    _order(actor, Operation.STOP_PAYG, [one for one in own if one.after == PaygStatus.STOPPED])
    _order(actor, Operation.RESUME_PAYG, [one for one in own if one.after == PaygStatus.NORMAL])
    return len(own)


def lock(actor: Actor, account_pks: Sequence[int], *, skip_locked: bool) -> list[int]:
    """Accounts, then their credit; the keys of those that could be locked, both."""
    accounts = LinkedAccount.objects.visible_to(actor).filter(pk__in=account_pks).order_by("pk")
    held = accounts.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
    return locks.lock_credit_pks(actor, list(held.values_list("pk", flat=True)), skip_locked=skip_locked)


def _order(actor: Actor, operation: Operation, moved: Sequence[Moved]) -> None:
    if moved:
        cloud.queue_many(
            actor=actor,
            operation=operation,
            orders=[(one.partner_pk, one.uid, {}) for one in moved],
            reason=moved[0].reason,
            operation_id=None,
            operation_ids={one.uid: one.operation_id for one in moved},
        )
