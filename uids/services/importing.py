"""Linked accounts come in by the thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from partner_console.access.models import Partner
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.copying import copy_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount


@transaction.atomic
def create_accounts(*, actor: Actor, partner_pk: int, accounts: Sequence[LinkedAccount], note: str = "") -> None:
    """Insert unsaved accounts of one partner, set-based, in the caller's transaction; they get their pks.

    One audit entry each. The caller has judged and cleaned the values (`create_account` does both for one); the
    database still holds digits, words and one live link per UID, and raises IntegrityError for all of them. Inserted
    in the order of the UIDs, so that two imports of the same ids wait for each other instead of blocking each other.
    """
    require(actor, Permission.UID_IMPORT)
    partner = get_visible_or_404(Partner, actor, pk=partner_pk)
    ordered = sorted(accounts, key=lambda account: account.uid)
    for account in ordered:
        account.partner = partner
    copy_in(ordered)
    audit.record_all(
        audit.entry(actor, Action.ACCOUNT_IMPORTED, account, changes=_filled(account), note=note) for account in ordered
    )


def _filled(account: LinkedAccount) -> dict[str, list[object]]:
    return audit.difference(
        {}, {name: value for name, value in account.audit_state().items() if value not in ("", None, False)}
    )
