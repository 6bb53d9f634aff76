"""Financial trusteeship, where it meets the money: nobody takes debts along, and nobody leaves them behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from partner_console.access.policy import Permission, require
from quota import locks
from quota.selectors.trusteeship import obstacles_of_money
from uids import services as uids
from uids.errors import TrusteeshipImpossible
from uids.models import LinkedAccount
from uids.trusteeship import obstacles

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def set_trustee(*, actor: Actor, account_pk: int, trustee_pk: int | None, reason: str) -> LinkedAccount:
    """Put an account under a master, or with None end that; see `uids.services.set_trustee`.

    Raises `TrusteeshipImpossible` with everything in the way at once, money included: an account in arrears cannot
    join, and none leaves a master in arrears (acpn.md §9). Accounts are locked before credit accounts.
    """
    require(actor, Permission.CONTROL_CHANGE)
    former = LinkedAccount.objects.visible_to(actor).filter(pk=account_pk).values_list("trustee_id", flat=True).first()
    pks = {pk for pk in (account_pk, trustee_pk, former) if pk is not None}
    rows = locks.lock_accounts(actor, pks)
    credits = {credit.pk: credit for credit in locks.lock_credits(actor, pks)}
    account, trustee = rows.get(account_pk), rows.get(trustee_pk or 0)
    if account is not None and account.is_live and account.trustee_id != trustee_pk:
        found = [*obstacles(account, trustee), *obstacles_of_money(account, trustee, credits)]
        if found and (trustee_pk is None or trustee is not None):
            raise TrusteeshipImpossible(found)
    return uids.set_trustee(actor=actor, account_pk=account_pk, trustee_pk=trustee_pk, reason=reason)
