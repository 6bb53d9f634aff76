"""What the simulated cloud believes about an account it has not met: imported customers were linked elsewhere."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from partner_console.access.actor import system_actor
from partner_console.cloud.models import RELATIVE, CloudCommand, CommandState
from partner_console.errors import NotFound
from quota.selectors import orders
from uids.models import LinkedAccount
from uids.states import AccountType

PAY_THEMSELVES = (AccountType.AGENCY_END_USER, AccountType.T2_AGENCY)
ACTOR = system_actor("simulated-cloud")


def figures_for_simulation(uid: str) -> dict[str, Any] | None:
    """The live account of this UID as fields of `SimAccount`, with its figures from the ledger; None when unknown."""
    accounts = LinkedAccount.objects.visible_to(ACTOR).live().select_related("partner", "credit", "trustee")
    account = accounts.filter(uid=uid).first()
    if account is None:
        return None
    credit = getattr(account, "credit", None)
    figures = ("amount", "deducted", "undeducted", "warning_percent")
    return {
        "partner_uid": account.partner.master_uid,
        "login_name": account.login_name,
        "email": account.email,
        "mobile": account.mobile,
        "country": account.country,
        "account_type": account.account_type,
        "linked_at": account.linked_at,
        "payg_frozen": account.payg_frozen,
        "payg_stopped_at": account.payg_stopped_at,
        "trustee_uid": account.trustee.uid if account.trustee else "",
        "purchase_control": account.purchase_control,
        "shutdown_policy": account.shutdown_policy,
        "bill_to": "customer" if account.account_type in PAY_THEMSELVES else "partner",
        "first_billed_at": account.linked_at if credit and credit.deducted else None,
        **({name: getattr(credit, name) for name in figures} if credit else {}),
        **({"deducted": credit.deducted + _still_to_take_off(account)} if credit else {}),
    }


def judge_for_simulation(uid: str, kind: str, price: Decimal) -> tuple[bool, str]:
    """Whether the console lets a customer's order through, and in the reader's language why not."""
    try:
        verdict = orders.order_allowed(actor=ACTOR, uid=uid, kind=kind, price=price)
    except NotFound as unknown:
        return False, str(unknown)
    return verdict.allowed, verdict.reason


def _still_to_take_off(account: LinkedAccount) -> Decimal:
    """Write-offs and refunds that count here already and are still to be done there."""
    orders = CloudCommand.objects.filter(partner=account.partner_id, uid=account.uid, operation__in=RELATIVE)
    still = orders.filter(undone_at__isnull=True).exclude(state__in=(CommandState.CONFIRMED, CommandState.SUPERSEDED))
    return sum((Decimal(order.payload["amount"]) for order in still), Decimal(0))
