"""Row locks of quota. The credit account's row is the lock of everything about its money (docs/locking.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

from django.utils.translation import gettext_lazy as _

from partner_console.errors import NotFound
from quota.models import CreditAccount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor
    from partner_console.access.scoping import ScopedQuerySet

# A credit account whose row this transaction holds. Only this module makes one, so the type checker refuses
# a ledger entry for a row nobody locked.
LockedCredit = NewType("LockedCredit", CreditAccount)


def lock_credit(actor: Actor, account_pk: int) -> LockedCredit:
    """The credit account with its account, trustee and partner, locked until the transaction ends.

    `NotFound` when the actor may not see it. Raises outside a transaction.
    """
    try:
        return LockedCredit(_locked(actor).get(pk=account_pk))
    except CreditAccount.DoesNotExist as error:
        raise NotFound("not_found", _("It does not exist, or you may not see it.")) from error


def lock_credits(actor: Actor, account_pks: Iterable[int], *, skip_locked: bool = False) -> list[LockedCredit]:
    """Several, locked in the order of their pk; those the actor may not see are left out.

    With `skip_locked`, rows held by somebody else are left out too: for sweeps, which come round again.
    """
    found = _locked(actor, skip_locked=skip_locked).filter(pk__in=list(account_pks)).order_by("pk")
    return [LockedCredit(credit) for credit in found]


def _locked(actor: Actor, *, skip_locked: bool = False) -> ScopedQuerySet:
    # NO KEY: inserts that only refer to the row (ledger entries, warnings of others) need not wait for us.
    return (
        CreditAccount.objects.visible_to(actor)
        .select_related("account__trustee", "partner")
        .select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
    )
