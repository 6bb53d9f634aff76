"""Row locks of linked accounts. Order everywhere: accounts by pk, then credit accounts, then cloud commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.errors import NotFound
from uids.errors import NotLive
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor


def lock_accounts(actor: Actor, pks: Iterable[int]) -> dict[int, LinkedAccount]:
    """The accounts by pk with their masters, locked in pk order; `NotFound` when one is not the actor's.

    NO KEY, so that rows which only refer to an account go on: a master's change writes records of its sub-accounts
    without holding them, and would otherwise meet whoever holds one of them and waits for the master.
    """
    wanted = set(pks)
    rows = LinkedAccount.objects.visible_to(actor).filter(pk__in=wanted).select_related("trustee").order_by("pk")
    found = {account.pk: account for account in rows.select_for_update(of=("self",), no_key=True)}
    if len(found) != len(wanted):
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return found


def lock_account(actor: Actor, pk: int) -> LinkedAccount:
    """One account, locked; `NotFound` when it is not the actor's."""
    return lock_accounts(actor, [pk])[pk]


def lock_live_account(actor: Actor, pk: int) -> LinkedAccount:
    """The same, refused with `NotLive` once the relationship has ended."""
    account = lock_account(actor, pk)
    if not account.is_live:
        raise NotLive(account)
    return account
