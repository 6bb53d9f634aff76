"""Everything the panel “Permissions and checks” shows about one account (design §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linking.check_words import Shown, in_words, scope_names
from linking.effective import Section, preview
from linking.models import LinkCheck
from linking.onboarding import Checklist, checklist_of
from linking.rights import grant_in_force
from linking.scopes import LEAST, Scope
from linking.states import CheckKind
from partner_console.access.policy import Permission, require
from partner_console.cloud.models import CloudCommand, CommandState
from uids.selectors import get_account

if TYPE_CHECKING:
    from linking.models import Grant
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount


@dataclass(frozen=True, slots=True)
class Validation:
    """`grant` is None where nothing was granted here; `order` is the last order about permissions, if any."""

    account: LinkedAccount
    grant: Grant | None
    order: CloudCommand | None
    checks: tuple[Shown, ...]
    checklist: Checklist

    @property
    def scopes(self) -> list[tuple[str, str]]:
        return [(one, str(Scope(one).label)) for one in self.grant.scopes] if self.grant else []

    @property
    def withdrawn(self) -> str:
        return scope_names(self.grant.withdrawn) if self.grant else ""

    @property
    def is_pending(self) -> bool:
        """A worker is about to ask: the panel looks again by itself."""
        return any(check.is_pending for check in self.checks)

    @property
    def can_send(self) -> bool:
        """Something drifts, and no order about it is on its way already."""
        is_under_way = self.order is not None and self.order.state in (CommandState.QUEUED, CommandState.IN_FLIGHT)
        return self.grant is not None and not is_under_way and any(check.can_send for check in self.checks)

    @property
    def sections(self) -> list[Section]:
        """Who can do what, with what is in force."""
        return preview(self.account.partner.kind, self.grant.scopes if self.grant else LEAST)


def get_validation(actor: Actor, uid: str) -> Validation:
    """The panel's facts; `NotFound` for an account that is not visible. Five queries."""
    require(actor, Permission.LINK_VIEW)
    account = get_account(actor, uid)
    checks = {check.kind: check for check in LinkCheck.objects.visible_to(actor).filter(account=account)}
    orders = CloudCommand.objects.visible_to(actor).filter(uid=account.uid, topic="permissions")
    return Validation(
        account=account,
        grant=grant_in_force(account),
        order=orders.filter(partner_id=account.partner_id).order_by("-pk").first(),
        checks=tuple(in_words(checks[kind]) for kind in CheckKind.values if kind in checks),
        checklist=checklist_of(actor, account),
    )
