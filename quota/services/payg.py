"""Shutdown and re-open of pay-as-you-go, where the switch meets the money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from partner_console.access.policy import Permission, require
from quota import locks
from quota.errors import InArrears
from uids import services as uids

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount


def freeze_payg(*, actor: Actor, account_pk: int, reason: str) -> LinkedAccount:
    """Freeze PAYG of an account and its trusteeship sub-accounts at once; see `uids.services.set_payg_freeze`."""
    return uids.set_payg_freeze(actor=actor, account_pk=account_pk, frozen=True, reason=reason)


@transaction.atomic
def unfreeze_payg(*, actor: Actor, account_pk: int, reason: str) -> LinkedAccount:
    """Lift the partner's freeze. Refused in arrears with what is missing (`InArrears`, design §6.5).

    Whose arrears: of the account that holds the money, so of the master for a sub-account under trusteeship. The
    switch is set before the money is looked at, because accounts are locked before credit accounts; a refusal takes
    everything back.
    """
    require(actor, Permission.CONTROL_CHANGE)
    account = uids.set_payg_freeze(actor=actor, account_pk=account_pk, frozen=False, reason=reason)
    credit = locks.lock_credit(actor, account.trustee_id or account.pk)
    if credit.available < 0:
        raise InArrears(available=credit.available, currency=credit.partner.currency)
    return account
