"""Shutdown and re-open of pay-as-you-go, where the switch meets the money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quota.services.controls import change_control
from uids.controls import FROZEN, NORMAL
from uids.states import Control

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from uids.models import LinkedAccount


def freeze_payg(*, actor: Actor, account_pk: int, reason: str) -> LinkedAccount | Approval:
    """Freeze PAYG of an account and its trusteeship sub-accounts; see `change_control`."""
    return change_control(actor=actor, account_pk=account_pk, what=Control.PAYG_FREEZE, value=FROZEN, reason=reason)


def unfreeze_payg(*, actor: Actor, account_pk: int, reason: str) -> LinkedAccount | Approval:
    """Lift the partner's freeze; see `change_control`."""
    return change_control(actor=actor, account_pk=account_pk, what=Control.PAYG_FREEZE, value=NORMAL, reason=reason)
