"""Financial trusteeship: a master account holds the money of its sub-accounts. One level (acpn.md §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import NotFound
from uids import locks
from uids.errors import NotLive, TrusteeshipImpossible

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount


@transaction.atomic
def set_trustee(*, actor: Actor, account_pk: int, trustee_pk: int | None, reason: str) -> LinkedAccount:
    """Record that `trustee_pk` holds this account's money, or with None that nobody does any more.

    The customers arrange it among themselves; we record what the cloud or an import says. The account's own switches
    stay as they are, so that undoing is exact (design §4). Repeating changes nothing. Raises `TrusteeshipImpossible`,
    `NotLive`, and `NotFound` for a master the actor may not see.
    """
    require(actor, Permission.UID_IMPORT)
    rows = locks.lock_accounts(actor, {account_pk} if trustee_pk is None else {account_pk, trustee_pk})
    account = rows[account_pk]
    if account.trustee_id == trustee_pk:
        return account
    if not account.is_live:
        raise NotLive(account)
    if trustee_pk is not None:
        _ensure_possible(account, rows[trustee_pk])
    before = account.audit_state()
    account.trustee_id = trustee_pk
    account.updated_at = timezone.now()
    account.save(update_fields=["trustee", "updated_at"])
    audit.record(actor, Action.ACCOUNT_TRUSTEESHIP_SET, account, before=before, note=reason)
    return account


def _ensure_possible(account: LinkedAccount, trustee: LinkedAccount) -> None:
    if trustee.partner_id != account.partner_id:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    if trustee.pk == account.pk:
        raise TrusteeshipImpossible(_("An account cannot be its own master."))
    if not trustee.is_live:
        raise NotLive(trustee)
    if trustee.trustee_id is not None:
        raise TrusteeshipImpossible(
            _("UID %(uid)s is itself a sub-account: financial trusteeship has one level.") % {"uid": trustee.uid}
        )
    if account.sub_accounts.exists():
        raise TrusteeshipImpossible(
            _("UID %(uid)s has sub-accounts of its own: financial trusteeship has one level.") % {"uid": account.uid}
        )
