"""What financial trusteeship changes for an account, and what forbids it (acpn.md §9). No queries but those named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from uids.controls import value_under
from uids.states import AccountType, Control, Relationship

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from uids.models import LinkedAccount

# Not a distributor's or virtual carrier's own account (acpn.md §9).
NO_PARTNERS = (AccountType.T2_AGENCY, AccountType.T2_RESELLER, AccountType.T2_AGENCY_RESELLER)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why it cannot be. `code` is stable; `text` says it to people."""

    code: str
    text: str | _StrPromise


@dataclass(frozen=True, slots=True)
class Effect:
    """One control of the account: what is in force now, and what will be. Overdrafts belong to the policy."""

    what: Control
    before: str
    after: str

    @property
    def is_same(self) -> bool:
        return self.before == self.after


def effects(account: LinkedAccount, former: LinkedAccount | None, trustee: LinkedAccount | None) -> list[Effect]:
    """All four controls under the former master and under the new one; None stands for the account itself."""
    return [Effect(what, value_under(account, former, what), value_under(account, trustee, what)) for what in Control]


def obstacles(account: LinkedAccount, trustee: LinkedAccount | None) -> list[Obstacle]:
    """Everything about the two that forbids it, all at once: one query. Money is not looked at here.

    `trustee` None: that the account leaves its master. `account` comes with its trustee.
    """
    if trustee is None:
        return [] if account.trustee_id else [_not_under_any(account)]
    found = []
    if account.trustee is not None and account.trustee_id != trustee.pk:
        text = _("UID %(uid)s has a master already, %(master)s. End that trusteeship first.")
        found.append(Obstacle("has_master", text % {"uid": account.uid, "master": account.trustee.uid}))
    if trustee.pk == account.pk:
        found.append(Obstacle("own_master", _("An account cannot be its own master.")))
    else:
        found += [one for row in (account, trustee) if (one := _not_normal(row))]
    if trustee.trustee_id is not None:
        text = _("UID %(uid)s is itself a sub-account: financial trusteeship has one level.")
        found.append(Obstacle("master_is_sub", text % {"uid": trustee.uid}))
    if account.sub_accounts.live().exists():
        text = _("UID %(uid)s has sub-accounts of its own: financial trusteeship has one level.")
        found.append(Obstacle("has_subs", text % {"uid": account.uid}))
    if account.account_type in NO_PARTNERS:
        text = _("UID %(uid)s is a partner of its own (%(type)s): its money cannot be held by another account.")
        found.append(Obstacle("is_partner", text % {"uid": account.uid, "type": account.get_account_type_display()}))
    # Under a master that is stopped its instances would stop too, and under one that is released be gone for good.
    text = _("PAYG of UID %(uid)s is stopped by arrears. Settle them first.")
    found += [
        Obstacle("stopped", text % {"uid": row.uid}) for row in dict.fromkeys((account, trustee)) if _is_stopped(row)
    ]
    return found


def _not_under_any(account: LinkedAccount) -> Obstacle:
    return Obstacle("no_master", _("UID %(uid)s is under no financial trusteeship.") % {"uid": account.uid})


def _not_normal(account: LinkedAccount) -> Obstacle | None:
    """A relationship that is ending takes no trusteeship up: it would have to end first."""
    if account.relationship == Relationship.NORMAL:
        return None
    text = _("UID %(uid)s is %(status)s: only a normal relationship can take part.")
    return Obstacle("not_normal", text % {"uid": account.uid, "status": account.get_relationship_display()})


def _is_stopped(account: LinkedAccount) -> bool:
    return account.payg_stopped_at is not None or account.payg_released_at is not None
