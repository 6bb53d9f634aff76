"""Taking up an ended link again: what it had is proposed, and what would be different is shown (design §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linking.models import Grant, Invitation, Termination
from linking.scopes import LEAST, complete
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from quota.models import CreditAccount
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from partner_console.access.actor import Actor

ENDED = (Relationship.TERMINATED, Relationship.DELETED)
# What is proposed and compared, in the order of the page; the names are Invitation's own.
PROPOSED = (
    "company", "email", "country", "account_type", "environment", "quota", "warning_percent", "shutdown_policy",
    "purchase_control", "business_manager", "remarks", "language", "crm_reference", "billing_expectation",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Earlier:
    """An ended link of the partner's, and what it had when it ended. `ended_at` is None when nobody recorded it."""

    account: LinkedAccount
    ended_at: datetime | None
    settings: dict[str, Any]
    scopes: list[str]
    template_pk: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """One setting then and now. `field` is Invitation's name of it, or `scopes`."""

    field: str
    then: Any
    now: Any


def earlier_link(actor: Actor, uid: str) -> Earlier | None:
    """The actor's partner's latest ended link to this UID; None when there never was one, or one is live."""
    require(actor, Permission.LINK_INVITE)
    account = ended_account(actor, uid) if uid else None
    return None if account is None else _describe(actor, account)


def ended_account(actor: Actor, uid: str) -> LinkedAccount | None:
    """The account of that link."""
    mine = list(LinkedAccount.objects.visible_to(actor).filter(uid=uid).order_by("-linked_at", "-pk"))
    is_live = any(one.is_live for one in mine)
    return None if is_live else next((one for one in mine if one.relationship in ENDED), None)


def earlier_of(actor: Actor, account_pk: int) -> Earlier:
    """The same for a known account; `NotFound` for another partner's."""
    require(actor, Permission.LINK_INVITE)
    return _describe(actor, get_visible_or_404(LinkedAccount, actor, pk=account_pk))


def changes(earlier: Earlier, values: Mapping[str, Any]) -> list[Change]:
    """What `values` (an invitation's, by name; `scopes` too) would make different from the earlier link."""
    before = {**earlier.settings, "scopes": earlier.scopes}
    return [
        Change(name, before[name], values[name])
        for name in (*PROPOSED, "scopes")
        if name in before and name in values and before[name] != values[name]
    ]


def _describe(actor: Actor, account: LinkedAccount) -> Earlier:
    settings: dict[str, Any] = {
        "company": account.nickname,
        "email": account.email,
        "country": account.country,
        "account_type": account.account_type,
        "environment": account.environment,
        "business_manager": account.business_manager,
        "remarks": account.remarks,
        "shutdown_policy": account.shutdown_policy,
        "purchase_control": account.purchase_control,
    }
    credit = CreditAccount.objects.visible_to(actor).filter(pk=account.pk).first()
    if credit is not None:
        settings |= {"quota": credit.amount, "warning_percent": credit.warning_percent}
    asked = Invitation.objects.visible_to(actor).filter(account=account).order_by("-pk").first()
    if asked is not None:
        names = ("language", "crm_reference", "billing_expectation")
        settings |= {name: getattr(asked, name) for name in names}
    grant = Grant.objects.visible_to(actor).filter(account=account).select_related("template_version").first()
    ended = Termination.objects.visible_to(actor).filter(account=account, ended_at__isnull=False).first()
    return Earlier(
        account=account,
        ended_at=ended.ended_at if ended else None,
        settings={name: value for name, value in settings.items() if value not in ("", None)},
        scopes=list(grant.scopes) if grant else complete(LEAST),
        template_pk=grant.template_version.template_id if grant and grant.template_version else None,
    )
