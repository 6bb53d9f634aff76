"""What the panels of UID Details show: those the partner's kind and the actor's role have, and no others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse

from partner_console.access.policy import KIND_MAY, PartnerKind, Permission, allows
from partner_console.audit.selectors import timeline
from partner_console.cloud import clock
from partner_console.web.countries import country_name
from quota.effects import state_table
from quota.rules import overdraft_for
from quota.selectors.credit import get_balance
from quota.selectors.plans import open_plans, waiting_plans
from quota.selectors.switches import waiting_switches
from uids import selectors
from uids.states import Relationship, ShutdownPolicy
from uids.switches import list_switches
from uids.wording import CONTROLS_WARNING, EFFECTS, POLICY, RELATIONSHIP

if TYPE_CHECKING:
    from django.http import HttpRequest

    from partner_console.access.actor import Actor
    from quota.effects import StateRow
    from quota.selectors.credit import Balance
    from uids.models import LinkedAccount

SUB_ACCOUNTS_SHOWN = 8


def origin_of(request: HttpRequest) -> str:
    """The list one came from, as the query to hang on links to this account's pages: "" or `?from=…`."""
    query = request.GET.get("from", "")
    return f"?{urlencode({'from': query})}" if query else ""


def account_url(request: HttpRequest, uid: str) -> str:
    """Back to the account's page, with the list one came from."""
    return reverse("uids:account_detail", args=[uid]) + origin_of(request)


def has(actor: Actor, account: LinkedAccount, permission: Permission) -> bool:
    """Whether the account's partner has such a thing at all, and the actor may see it."""
    return permission in KIND_MAY[PartnerKind(account.partner.kind)] and bool(allows(actor, permission))


def detail_context(actor: Actor, account: LinkedAccount) -> dict[str, Any]:
    """The whole page. `switches` and `balance` are absent (None) where the partner's kind has none."""
    has_controls = has(actor, account, Permission.CONTROL_VIEW)
    balance = get_balance(actor, account.uid) if has(actor, account, Permission.QUOTA_VIEW) else None
    return {
        "account": account,
        "meaning": RELATIONSHIP[account.relationship],
        "meanings": [(status.value, status.label, RELATIONSHIP[status]) for status in Relationship],
        "country": country_name(account.country) if account.country else "",
        "has_controls": has_controls,
        "balance": balance,
        "timeline": timeline(actor, account),
        **(_controls(actor, account, balance) if has_controls else {}),
    }


def _controls(actor: Actor, account: LinkedAccount, balance: Balance | None) -> dict[str, Any]:
    credit = balance.credit if balance else None
    sub_accounts = selectors.list_sub_accounts(actor, account)
    return {
        "switches": list_switches(actor, account, available=credit.available if credit else None),
        "warning": CONTROLS_WARNING,
        "effects": EFFECTS,
        "sub_accounts": list(sub_accounts[:SUB_ACCOUNTS_SHOWN]),
        "n_sub_accounts": sub_accounts.count(),
        "change": allows(actor, Permission.CONTROL_CHANGE),
        "waiting": waiting_switches(actor, account.pk),
        "plans": open_plans(actor, account.pk),
        "waiting_plans": waiting_plans(actor, account.pk),
        "release": _release(account),
        "states": states_of(balance),
    }


def _release(account: LinkedAccount) -> dict[str, Any] | None:
    """When what arrears have stopped is gone for good, by the cloud's clock; None when nothing is to be released."""
    at = account.release_at
    return {"at": at, "days": max((at - clock.now()).days, 0)} if at else None


def policy_choices(actor: Actor, account: LinkedAccount) -> list[dict[str, Any]]:
    """Every shutdown policy with what it means, and what it would do now."""
    now = {row.policy: row.now for row in states_of(get_balance(actor, account.uid))}
    current = account.in_force.shutdown_policy
    return [
        {
            "value": policy.value,
            "label": policy.label,
            "means": POLICY[policy],
            "now": now.get(policy, ""),
            "is_current": policy == current,
        }
        for policy in ShutdownPolicy
    ]


def states_of(balance: Balance | None) -> list[StateRow]:
    """What each policy makes of the account's figures; nothing where no quota was opened."""
    if balance is None or balance.credit is None:
        return []
    credit = balance.credit
    overdraft = overdraft_for(credit.daily_use)
    return state_table(balance.holder, credit.available, balance.currency, overdraft=overdraft)
