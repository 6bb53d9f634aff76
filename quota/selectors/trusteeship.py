"""What putting an account under a master, or ending that, would do and what forbids it: for the page that asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from quota.errors import missing_to_zero
from quota.models import CreditAccount
from uids import trusteeship
from uids.trusteeship import Obstacle

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount


@dataclass(frozen=True, slots=True)
class TrusteeshipPreview:
    """The dry run. Available Quota is whose money the account spends, before and after; None without quota."""

    account: LinkedAccount
    trustee: LinkedAccount | None
    effects: list[trusteeship.Effect]
    available_before: Decimal | None
    available_after: Decimal | None
    obstacles: list[Obstacle]


def preview_trusteeship(actor: Actor, account: LinkedAccount, trustee: LinkedAccount | None) -> TrusteeshipPreview:
    """Both accounts come with their trustee and partner. Nothing is written; three queries."""
    require(actor, Permission.CONTROL_VIEW)
    pks = {account.pk, account.trustee_id, trustee.pk if trustee else None} - {None}
    credits: dict[int, CreditAccount] = CreditAccount.objects.visible_to(actor).in_bulk(list(pks))
    before, after = credits.get(account.in_force.pk), credits.get((trustee or account).pk)
    return TrusteeshipPreview(
        account=account,
        trustee=trustee,
        effects=trusteeship.effects(account, account.trustee, trustee),
        available_before=before.available if before else None,
        available_after=after.available if after else None,
        obstacles=[*trusteeship.obstacles(account, trustee), *obstacles_of_money(account, trustee, credits)],
    )


def obstacles_of_money(
    account: LinkedAccount, trustee: LinkedAccount | None, credits: Mapping[int, CreditAccount]
) -> list[Obstacle]:
    """An account in arrears cannot join; a master without quota holds nothing; none leaves a master in arrears."""
    currency = account.partner.currency
    if trustee is None:
        master = account.trustee
        held = credits.get(master.pk) if master else None
        if master is None or held is None:
            return []
        found = []
        if held.available < 0:
            found.append(_owing("master_in_arrears", master, held.available, currency))
        if master.payg_stopped_at is not None:
            text = _("PAYG of its master %(uid)s is stopped by arrears. Settle them first.")
            found.append(Obstacle("master_stopped", text % {"uid": master.uid}))
        return found
    found = []
    own = credits.get(account.pk)
    if account.trustee_id is None and own is not None and own.available < 0:
        found.append(_owing("in_arrears", account, own.available, currency))
    if trustee.pk not in credits and trustee.trustee_id is None:
        text = _("UID %(uid)s has no quota here that another account could spend.")
        found.append(Obstacle("no_quota", text % {"uid": trustee.uid}))
    return found


def _owing(code: str, account: LinkedAccount, available: Decimal, currency: str) -> Obstacle:
    text = _("Available Quota of UID %(uid)s is below zero: it needs +%(missing)s %(currency)s first.")
    missing = f"{missing_to_zero(available):,.2f}"
    return Obstacle(code, text % {"uid": account.uid, "missing": missing, "currency": currency})
