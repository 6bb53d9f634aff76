"""When a change of money needs a second person, and asking for one (design §5; issue 4).

What happens when they agree is in `agreed`. A request keeps what its asker decided on: how it stood, so that nothing is
carried out on figures that nobody looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from partner_console.approvals import services as approvals
from partner_console.approvals.rules import Need, needs_check
from partner_console.audit.actions import Action
from quota.selectors.money import SUBJECT as SUBJECT
from quota.states import EntryKind
from uids.states import Environment

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from quota.models import CreditAccount

TAKING_OFF = {EntryKind.WRITE_OFF: Action.QUOTA_WRITTEN_OFF, EntryKind.REFUND: Action.QUOTA_REFUNDED}


def needs_second_person(actor: Actor, credit: CreditAccount, before: Decimal, after: Decimal) -> Need | None:
    """Why setting the total from `before` to `after` needs a second person by the partner's rule, or None.

    The rule's limit is about an increase, to a total of at least so much; “always” is about every change. What our own
    programs do by themselves was decided by people before. Needs `credit` with its account and partner.
    """
    return needs_for(actor, credit, Action.QUOTA_ADJUSTED, after if after > before else None)


def needs_for(actor: Actor, credit: CreditAccount, action: Action, amount: Decimal | None) -> Need | None:
    """The same for any of the checked actions on money."""
    if actor.is_system:
        return None
    return needs_check(
        partner=credit.partner,
        action=action,
        amount=amount,
        is_sensitive=False,
        is_production=credit.account.environment == Environment.PRODUCTION,
    )


def ask(*, actor: Actor, credit: CreditAccount, need: Need, payload: dict[str, Any], reason: str) -> Approval:
    """Make it a request instead; 409 `already_asked` while one of the kind waits for this account.

    In the caller's transaction, with the row held and everything judged. `payload` is what `agreed` carries out.
    """
    account = credit.account
    return approvals.ask(
        actor=actor,
        action=Action(need.action),
        subject=credit,
        subject_label=f"{account.uid} {account.nickname}".strip(),
        payload=payload,
        reason=reason,
        because=need,
    )
