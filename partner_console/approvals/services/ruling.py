"""A partner's rules: when an action needs a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.locks import lock_partner
from partner_console.access.policy import Permission, allows, require
from partner_console.approvals import locks
from partner_console.approvals.models import ApprovalRule
from partner_console.approvals.registry import CheckedAction, get_checked
from partner_console.approvals.states import When
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor


@transaction.atomic
def set_rule(
    *,
    actor: Actor,
    action: str,
    version: int,
    when: str,
    amount_from: Decimal | None = None,
    is_for_sensitive: bool = False,
    is_for_sandbox: bool = False,
) -> ApprovalRule:
    """Set when `action` needs a second person, from now on; what waits already, waits on.

    `version` is the one the editor saw, 0 while the default held: a stale one is 409 with both values in `data`.
    """
    require(actor, Permission.PARTNER_EDIT)
    checked = get_checked(action)
    ensure_concerned(actor, checked)
    partner = lock_partner(actor, actor.partner_pk or 0)
    rule = locks.lock_rule(actor, Action(action))
    default = checked.default
    before = (
        rule.audit_state() if rule else ApprovalRule(partner=partner, action=action, **_fields(default)).audit_state()
    )
    if (rule.version if rule else 0) != version:
        raise Conflict(
            "stale_version",
            _("Somebody changed this rule while you were editing. Look at it and save again."),
            data={"theirs": before, "version": rule.version if rule else 0},
        )
    is_new = rule is None
    rule = rule or ApprovalRule(partner=partner, action=action, version=0)
    rule.when, rule.amount_from = when, amount_from if when == When.LIMITS else None
    rule.is_for_sensitive = is_for_sensitive and when == When.LIMITS
    rule.is_for_sandbox = is_for_sandbox and when != When.NEVER and checked.has_sandbox
    _validate(rule)
    rule.version += 1
    rule.updated_at = timezone.now()
    rule.save(force_insert=is_new)
    audit.record(actor, Action.APPROVAL_RULE_CHANGED, rule, before=before)
    return rule


def ensure_concerned(actor: Actor, checked: CheckedAction) -> None:
    """Partners of a kind that cannot do the action at all have no rule for it, and one that follows another's has none
    of its own."""
    if checked.rule_of is not None:
        raise NotFound("unknown_checked_action", _("No second person checks that."))
    verdict = allows(actor, checked.permission)
    if not verdict:
        raise Forbidden("not_permitted", verdict.reason)


def _fields(rule: object) -> dict[str, object]:
    return {name: getattr(rule, name) for name in ("when", "amount_from", "is_for_sensitive", "is_for_sandbox")}


def _validate(rule: ApprovalRule) -> None:
    if rule.when == When.LIMITS and rule.amount_from is None and not rule.is_for_sensitive:
        raise Invalid("no_limit", _("Name a limit, or choose “Never”."), field="when")
    try:
        rule.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], field=field) from error
