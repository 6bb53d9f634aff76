"""What can need a second person: one `CheckedAction` per action, found by name. They live in the app they are about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Protocol

from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from partner_console.audit.actions import Action
from partner_console.errors import NotFound

from .states import When

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from django.utils.functional import _StrPromise

    from partner_console.access.actor import Actor
    from partner_console.access.policy import Permission

    from .models import Approval

# Dotted names, so that the kernel imports no app and nothing registers itself by being imported.
CHECKED: dict[Action, str] = {
    Action.LINK_INVITED: "linking.services.checking.INVITING",
    Action.QUOTA_ADJUSTED: "quota.services.agreed.ADJUSTING",
    Action.QUOTA_WRITTEN_OFF: "quota.services.agreed.WRITING_OFF",
    Action.QUOTA_REFUNDED: "quota.services.agreed.REFUNDING",
    Action.QUOTA_BATCH_STARTED: "quota.services.batches.deciding.MANY",
    Action.ACCOUNT_FROZEN: "quota.services.agreed_controls.FREEZING",
    Action.PURCHASE_CONTROL_CHANGED: "quota.services.agreed_controls.CONTROLLING_PURCHASES",
    Action.CONTROL_PLANNED: "quota.services.agreed_plans.PLANNING",
    Action.SHUTDOWN_POLICY_CHANGED: "quota.services.agreed_controls.SETTING_POLICY",
    Action.BULK_STARTED: "quota.services.bulk.deciding.MANY",
}


class Hook(Protocol):
    def __call__(self, *, actor: Actor, approval: Approval) -> None: ...


class Describe(Protocol):
    def __call__(self, *, actor: Actor, approval: Approval) -> Description: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """When an action needs a second person. Amounts are in the partner's currency; `amount_from` is included."""

    when: When = When.NEVER
    amount_from: Decimal | None = None
    is_for_sensitive: bool = False
    is_for_sandbox: bool = False


@dataclass(frozen=True, slots=True)
class Description:
    """What the second person reads: facts in words, what approving and rejecting do, where the subject's page is.

    None of it may hold the blind answer.
    """

    facts: Sequence[tuple[str | _StrPromise, str]]
    effect: str | _StrPromise
    refusal: str | _StrPromise
    url: str = ""
    blind_label: str | _StrPromise = ""
    blind_help: str | _StrPromise = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedAction:
    """How one action asks for, and is carried out by, a second person.

    `execute` does it and `refuse` cleans up after a rejection, a withdrawal or an expiry; both run inside the deciding
    transaction with the approval locked, and lock what they change after it. `execute` raises a `DomainError` when
    the world has moved on: the request then stays as it was and whoever decided reads why. `refuse` never raises one.
    `permission` is what somebody needs to do the action at all: kinds of partners without it have no rule for it.
    `rule_of` names the action whose rule decides whether this one is checked: it has none of its own.
    `amount_label` empty: the action has no amount; `sensitive_label` empty: it is never more sensitive than usual.
    """

    title: str | _StrPromise
    permission: Permission
    execute: Hook
    refuse: Hook
    describe: Describe
    default: Rule
    rule_of: Action | None = None
    amount_label: str | _StrPromise = ""
    amount_permission: Permission | None = None
    sensitive_label: str | _StrPromise = ""
    sensitive_cause: str | _StrPromise = ""
    has_sandbox: bool = False


@cache
def get_checked(action: str) -> CheckedAction:
    """What is known of this action; `NotFound` for one that no second person ever checks."""
    if action not in CHECKED:
        raise NotFound("unknown_checked_action", _("No second person checks that."))
    found: CheckedAction = import_string(CHECKED[Action(action)])
    return found
