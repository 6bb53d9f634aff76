"""The wrong account was linked: stop what could be bought, document it, and undo it while nothing was used (seed 000).

Undoing is a termination that asks nobody: the cloud is asked to unlink at once, the customer is told when it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from linking import blockers, locks
from linking.endings import ensure_move
from linking.errors import CannotUndo, CloudAway, NotUnlinking
from linking.models import Termination
from linking.services.settling import order_unlink, read_figures
from linking.services.terminating import clean_reason, lock_termination
from linking.states import Side, TerminationState
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit.actions import Action
from partner_console.cloud import services as cloud
from quota.services import change_control
from uids.models import LinkedAccount
from uids.services import set_relationship
from uids.services.accounts import clean_text
from uids.states import Control, PurchaseControl, Relationship

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval

T = TerminationState


def hold(*, actor: Actor, account_pk: int, reason: str) -> LinkedAccount | Approval:
    """Forbid new orders until it is clear which account is meant: the purchase ban, with its own records and rules."""
    return _purchases(actor, account_pk, PurchaseControl.BAN, reason)


def release(*, actor: Actor, account_pk: int, reason: str) -> LinkedAccount | Approval:
    """The link was right after all: orders are allowed again."""
    return _purchases(actor, account_pk, PurchaseControl.NORMAL, reason)


def _purchases(actor: Actor, account_pk: int, control: PurchaseControl, reason: str) -> LinkedAccount | Approval:
    return change_control(
        actor=actor, account_pk=account_pk, what=Control.PURCHASE_CONTROL, value=control.value, reason=reason
    )


def undo(*, actor: Actor, account_pk: int, reason: str) -> Termination:
    """Unlink at once, while nothing was used by the cloud's own figures, which are read first.

    Raises `CannotUndo` with everything in the way, `CloudAway` (503) when nobody can know, `ReasonMissing`. Never
    called inside a transaction.
    """
    require(actor, Permission.LINK_TERMINATE)
    reason = clean_reason(reason)
    account = get_visible_or_404(LinkedAccount, actor, pk=account_pk)
    if account.is_live and not read_figures(account):
        raise CloudAway
    return _undo(actor, account_pk, reason)


@transaction.atomic
def _undo(actor: Actor, account_pk: int, reason: str) -> Termination:
    account = locks.lock_account(actor, account_pk)
    if found := blockers.to_undo(account):
        raise CannotUndo(found)
    now = timezone.now()
    termination = Termination.objects.create(
        account=account,
        side=Side.PARTNER,
        asked_by_id=actor.user_pk,
        reason=reason,
        state=T.IN_PROCESS,
        is_undo=True,
        asked_at=now,
        answer_due_at=now,
        answered_at=now,
    )
    set_relationship(actor=actor, account=account, to=Relationship.IN_PROCESS, action=Action.LINK_UNDONE, reason=reason)
    order_unlink(actor, termination)
    return termination


@transaction.atomic
def keep(*, actor: Actor, termination_pk: int, reason: str = "") -> Termination:
    """Give up undoing what the cloud refused to unlink: the relationship is *normal* again, as it is there.

    409 unless the cloud refused; its order cannot be retried afterwards.
    """
    require(actor, Permission.LINK_TERMINATE)
    termination = lock_termination(actor, termination_pk)
    if not termination.is_undo or termination.state != T.IN_PROCESS or termination.unlink is None:
        raise NotUnlinking
    ensure_move(termination.state, T.WITHDRAWN)
    cloud.give_up(actor=actor, command_pk=termination.unlink.pk)
    termination.state, termination.ended_at = T.WITHDRAWN, timezone.now()
    termination.answer_reason = clean_text(reason)[:500]
    termination.version += 1
    termination.save(update_fields=["state", "ended_at", "answer_reason", "version"])
    set_relationship(
        actor=actor,
        account=termination.account,
        to=Relationship.NORMAL,
        action=Action.LINK_KEPT,
        reason=termination.answer_reason,
    )
    return termination
