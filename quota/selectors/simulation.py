"""What the simulated cloud believes about an account it has not met: imported customers were linked elsewhere."""

from __future__ import annotations

from typing import Any

from partner_console.access.actor import system_actor
from uids.models import LinkedAccount
from uids.states import AccountType

PAY_THEMSELVES = (AccountType.AGENCY_END_USER, AccountType.T2_AGENCY)


def figures_for_simulation(uid: str) -> dict[str, Any] | None:
    """The live account of this UID as fields of `SimAccount`, with its figures from the ledger; None when unknown."""
    accounts = (
        LinkedAccount.objects.visible_to(system_actor("simulated-cloud")).live().select_related("partner", "credit")
    )
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
        "purchase_control": account.purchase_control,
        "shutdown_policy": account.shutdown_policy,
        "bill_to": "customer" if account.account_type in PAY_THEMSELVES else "partner",
        "first_billed_at": account.linked_at if credit and credit.deducted else None,
        **({name: getattr(credit, name) for name in figures} if credit else {}),
    }
