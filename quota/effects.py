"""What happens to an account whose available quota goes below zero, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.web.formats import exact_amount as in_words
from quota.states import CreditStatus, credit_status
from uids.states import ShutdownPolicy

if TYPE_CHECKING:
    from decimal import Decimal

    from uids.models import LinkedAccount


def effect_in_arrears(account: LinkedAccount, available: Decimal, currency: str) -> str:
    """One paragraph: available below zero, and what the account's shutdown policy does then (design §6.3)."""
    opening = _(
        "Available Quota becomes %(available)s %(currency)s: the account is in arrears and can buy nothing."
    ) % {
        "available": in_words(available),
        "currency": currency,
    }
    return f"{opening} {policy_effect(account, available, currency)}"


def policy_effect(account: LinkedAccount, available: Decimal, currency: str) -> str:
    """What the policy does with running pay-as-you-go instances at this available quota (acpn.md §8.2)."""
    status = credit_status(available=available, policy=account.shutdown_policy, overdraft=account.overdraft)
    overdraft = {"overdraft": in_words(account.overdraft), "currency": currency}
    if status is CreditStatus.NORMAL:
        return _("Nothing is stopped.")
    if account.shutdown_policy == ShutdownPolicy.IMMEDIATELY_STOP:
        return _(
            "Its policy is Immediate shutdown: pay-as-you-go instances stop at once and are released 15 days later."
        )
    if account.shutdown_policy == ShutdownPolicy.NO_STOP:
        return _("Its policy is No shutdown: instances keep running and the debt grows until somebody stops them.")
    if status is CreditStatus.SHUTDOWN:
        return (
            _(
                "Its policy is Delayed shutdown and the debt is above the overdraft of %(overdraft)s %(currency)s: "
                "pay-as-you-go instances stop at once and are released 15 days later."
            )
            % overdraft
        )
    return (
        _("Its policy is Delayed shutdown: instances keep running until the debt passes %(overdraft)s %(currency)s.")
        % overdraft
    )
