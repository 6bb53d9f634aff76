"""What a change of money does to an account beside its figures, in words. Pure."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.money import ZERO
from partner_console.web.formats import exact_amount as in_words
from partner_console.web.formats import listed, sentences
from quota.rules import LEAST_OVERDRAFT
from quota.states import PARTNER_BITS, PARTNER_KINDS, CreditStatus, LineKind, credit_status, lines_below
from quota.warning_words import line_in_short
from uids.states import ShutdownPolicy

if TYPE_CHECKING:
    from quota.models import CreditAccount
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
    is_stopped = account.payg_stopped_at is not None
    status = credit_status(
        available=available, policy=account.shutdown_policy, overdraft=account.overdraft, is_stopped=is_stopped
    )
    overdraft = {"overdraft": in_words(account.overdraft), "currency": currency}
    if status is CreditStatus.NORMAL:
        return _("Nothing is stopped.")
    if is_stopped:
        return sentences(
            _("Pay-as-you-go instances stay stopped until Available Quota is 0 or more."), release_warning()
        )
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


def figures_after(credit: CreditAccount, *, amount: Decimal, available: Decimal) -> CreditAccount:
    """The account with its figures as they would be."""
    then = copy(credit)
    then.amount, then.available = amount, available
    return then


def lines_crossed(credit: CreditAccount, after: CreditAccount, currency: str) -> str:
    """The partner's lines that these figures would cross, for which mails would go out: “20 %, 500.00 USD”."""
    new = lines_below(after) & PARTNER_BITS & ~credit.alarms
    values = {
        LineKind.PERCENT: Decimal(credit.warning_percent),
        LineKind.AMOUNT: credit.warning_amount or ZERO,
        LineKind.DAYS: Decimal(credit.warning_days or 0),
    }
    return listed(line_in_short(kind, values[kind], currency) for kind in PARTNER_KINDS if new & kind)


@dataclass(frozen=True, slots=True)
class StateRow:
    """One shutdown policy at an account's own figures (acpn.md §8.2). `now` is what happens with running PAYG instances
    under it, `status` the credit control status it gives; `is_current` marks the policy that is in force."""

    policy: ShutdownPolicy
    status: CreditStatus
    now: str
    is_current: bool

    @property
    def label(self) -> str:
        return str(self.policy.label)


def state_table(
    account: LinkedAccount, available: Decimal, currency: str, *, overdraft: Decimal | None = None
) -> list[StateRow]:
    """What each policy makes of this account now. `account` is the one whose policy is in force, `available` its own.

    `overdraft` is what delayed shutdown would allow where it is not in force (`quota.rules.overdraft_for`).
    """
    rows = []
    for policy in ShutdownPolicy:
        is_current = policy == account.shutdown_policy
        allowed = account.overdraft if is_current else max(overdraft or LEAST_OVERDRAFT, LEAST_OVERDRAFT)
        is_stopped = account.payg_stopped_at is not None
        status = credit_status(
            available=available, policy=policy, overdraft=allowed, is_stopped=is_stopped and is_current
        )
        opening = _("Available %(available)s %(currency)s:") % {"available": in_words(available), "currency": currency}
        then = _runs(policy, available, allowed, currency, is_current=is_current, is_stopped=is_stopped)
        if status is CreditStatus.SHUTDOWN:
            then = _stops(is_current=is_current, is_stopped=is_stopped)
        rows.append(StateRow(policy, status, sentences(opening, then), is_current))
    return rows


def release_warning() -> str:
    """What becomes of what arrears have stopped, wherever somebody decides about it (design §6.3)."""
    return _(
        "After 15 days stopped by arrears, the cloud releases pay-as-you-go instances with their data. "
        "That cannot be undone."
    )


def _stops(*, is_current: bool, is_stopped: bool) -> str:
    if is_stopped:
        return _("is stopped.") if is_current else _("would stay stopped.")
    return _("is being stopped now.") if is_current else _("would be stopped now.")


def _runs(
    policy: ShutdownPolicy, available: Decimal, overdraft: Decimal, currency: str, *, is_current: bool, is_stopped: bool
) -> str:
    if available >= 0:
        return _("runs, not in arrears.") if is_current else _("would run, not in arrears.")
    left = {"left": in_words(available + overdraft), "overdraft": in_words(overdraft), "currency": currency}
    if policy == ShutdownPolicy.DELAY_STOP:
        if is_current:
            return (
                _("runs on %(left)s %(currency)s, what is left of the overdraft of %(overdraft)s %(currency)s.") % left
            )
        if is_stopped:
            return (
                _("would run again, with %(left)s %(currency)s left of an overdraft of %(overdraft)s %(currency)s.")
                % left
            )
        return _("would run, with %(left)s %(currency)s left of an overdraft of %(overdraft)s %(currency)s.") % left
    if is_current:
        return _("runs while the debt grows, until somebody freezes it.")
    return _("would run again while the debt grows.") if is_stopped else _("would run while the debt grows.")
