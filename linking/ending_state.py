"""How the end of a relationship stands, for the pages of either side: what is asked, what is in the way, what one may
do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linking import blockers
from linking.models import Termination
from linking.services.terminating import side_of
from linking.states import TERMINATING, Side, TerminationState
from partner_console.access.policy import Permission, Role, require
from partner_console.cloud.models import CommandState
from uids.states import Relationship

if TYPE_CHECKING:
    from linking.blockers import Blocker
    from partner_console.access.actor import Actor
    from partner_console.cloud.models import CloudCommand
    from uids.models import LinkedAccount

T = TerminationState


@dataclass(frozen=True, slots=True)
class Ending:
    """`current` is the request that is open, or the one that ended the relationship; None when there is neither.

    `blockers` are what forbids asking, or while it is in process what is left to settle. What one may do is about the
    state and the reader's side; permission is asked apart.
    """

    account: LinkedAccount
    side: Side
    current: Termination | None
    earlier: list[Termination]
    blockers: list[Blocker]
    requests_left: int

    @property
    def state(self) -> str:
        return self.current.state if self.current else ""

    @property
    def is_ours(self) -> bool:
        """The reader's own side asked."""
        return self.current is not None and self.current.side == self.side

    @property
    def is_outside(self) -> bool:
        """It is ending without a request of ours: in the cloud's own console, as an import said."""
        return self.current is None and self.account.is_live and self.account.relationship != Relationship.NORMAL

    @property
    def can_ask(self) -> bool:
        return self.current is None and not self.blockers and self.account.relationship == Relationship.NORMAL

    @property
    def can_answer(self) -> bool:
        """Confirm or reject."""
        return self.state == T.TO_BE_CONFIRMED and not self.is_ours

    @property
    def can_withdraw(self) -> bool:
        return self.state == T.TO_BE_CONFIRMED and self.is_ours

    @property
    def unlink(self) -> CloudCommand | None:
        return self.current.unlink if self.current else None

    @property
    def is_refused(self) -> bool:
        """The cloud does not unlink: people do it in its own console and say so."""
        return self.state == T.IN_PROCESS and self.unlink is not None and self.unlink.state == CommandState.REFUSED


def ending_of(actor: Actor, account: LinkedAccount) -> Ending:
    """For staff who may see the account, and for the customer whose account it is (`linking.contacts.own_accounts`).

    `account` comes with its partner and trustee loaded, through the reader's own door.
    """
    require(actor, Permission.LINK_OWN if actor.role is Role.CUSTOMER else Permission.LINK_VIEW)
    side = side_of(actor)
    rows = Termination.objects.filter(account_id=account.pk).select_related("unlink", "asked_by")
    found = list(rows.order_by("-asked_at", "-pk"))
    current = next((one for one in found if one.state in TERMINATING or one.state == T.TERMINATED), None)
    return Ending(
        account=account,
        side=side,
        current=current,
        earlier=[one for one in found if one is not current],
        blockers=_blockers(account, side, current),
        requests_left=blockers.requests_left(account, side),
    )


def _blockers(account: LinkedAccount, side: Side, current: Termination | None) -> list[Blocker]:
    if current is None:
        return blockers.to_ask(account, side) if account.relationship == Relationship.NORMAL else []
    return blockers.to_settle(account, side) if current.state == T.IN_PROCESS and current.unlink is None else []
