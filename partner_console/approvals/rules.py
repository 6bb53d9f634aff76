"""Whether an action needs a second person: the partner's rule, or the action's own default."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from partner_console.web import formats

from .models import ApprovalRule
from .registry import Rule, get_checked
from .states import Cause, When

if TYPE_CHECKING:
    from partner_console.access.models import Partner
    from partner_console.audit.actions import Action


@dataclass(frozen=True, slots=True)
class Need:
    """Why a second person is needed. `str()` says it to the user, in the active language."""

    action: str
    cause: Cause
    limit: Decimal | None = None
    currency: str = ""

    def __str__(self) -> str:
        if self.cause == Cause.AMOUNT and self.limit is not None:
            return _("Your rules ask for a second person from %(amount)s %(currency)s.") % {
                "amount": formats.amount(self.limit),
                "currency": self.currency,
            }
        if self.cause == Cause.SENSITIVE and (words := get_checked(self.action).sensitive_cause):
            return str(words)
        return str(self.cause.label)

    def as_json(self) -> dict[str, str]:
        limit = "" if self.limit is None else str(self.limit)
        return {"action": self.action, "cause": self.cause.value, "limit": limit, "currency": self.currency}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Need | None:
        """None for a request that carries no cause."""
        if not data:
            return None
        limit = Decimal(data["limit"]) if data["limit"] else None
        return cls(data["action"], Cause(data["cause"]), limit, data["currency"])


def rule_of(row: ApprovalRule | None, action: str) -> Rule:
    """The stored rule, or the action's default when the partner never set one."""
    if row is None:
        return get_checked(action).default
    return Rule(When(row.when), row.amount_from, row.is_for_sensitive, row.is_for_sandbox)


def needs_check(
    *, partner: Partner, action: Action, amount: Decimal | None, is_sensitive: bool, is_production: bool
) -> Need | None:
    """Why this needs a second person by the partner's rule, or None when it does not.

    `amount` is in the partner's currency, None where the action has none. Reads; asks nobody (that is `ask`).
    """
    row = ApprovalRule.objects.filter(partner=partner, action=action).first()
    cause = apply(rule_of(row, action), amount=amount, is_sensitive=is_sensitive, is_production=is_production)
    if cause is None:
        return None
    limit = rule_of(row, action).amount_from if cause == Cause.AMOUNT else None
    return Need(action.value, cause, limit, partner.currency)


def apply(rule: Rule, *, amount: Decimal | None, is_sensitive: bool, is_production: bool) -> Cause | None:
    """Which part of a rule asks for a second person. Pure."""
    if rule.when == When.NEVER or not (is_production or rule.is_for_sandbox):
        return None
    if rule.when == When.ALWAYS:
        return Cause.ALWAYS
    if amount is not None and rule.amount_from is not None and amount >= rule.amount_from:
        return Cause.AMOUNT
    return Cause.SENSITIVE if is_sensitive and rule.is_for_sensitive else None
