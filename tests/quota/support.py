"""Movements without a cloud, for tests that are about something else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from partner_console.access.actor import system_actor
from partner_console.approvals.models import ApprovalRule
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from quota import locks
from quota.services import change_control, ledger
from quota.services.ledger import Movement
from uids.states import Control

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner
    from quota.models import LedgerEntry
    from quota.states import EntryKind
    from uids.models import LinkedAccount


def never_ask(partner: Partner, *actions: Action) -> None:
    """This partner wants no second person for its money."""
    for action in actions or (Action.QUOTA_ADJUSTED,):
        ApprovalRule.objects.create(partner=partner, action=action, when=When.NEVER)


def set_payg(actor: Actor, account_pk: int, value: str, *, reason: str = "x") -> None:
    """Freeze (`frozen`) or unfreeze (`normal`), as the page does."""
    change_control(actor=actor, account_pk=account_pk, what=Control.PAYG_FREEZE, value=value, reason=reason)


@transaction.atomic
def move(account: LinkedAccount, kind: EntryKind, **deltas: str) -> LedgerEntry:
    actor = system_actor("test")
    credit = locks.lock_credit(actor, account.pk)
    movement = Movement(kind, **{name: Decimal(value) for name, value in deltas.items()})  # type: ignore[arg-type]
    return ledger.post(actor=actor, credit=credit, movement=movement)
