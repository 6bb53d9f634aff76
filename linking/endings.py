"""How a relationship ends: the moves of a termination, its periods, and what the account is called meanwhile. Pure.

asked → to be confirmed ─(other side confirms, or says nothing for 10 days)→ in process ─(settled, unlinked)→
terminated ─(90 days)→ deleted; rejected or withdrawn → normal (design §5, acpn.md §7)
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils.translation import gettext_lazy as _

from linking.states import Side, TerminationState
from partner_console.errors import Conflict
from uids.states import Relationship

ANSWER_WITHIN: Final = timedelta(days=10)
REMIND_BEFORE: Final = timedelta(days=3)
KEPT_FOR: Final = timedelta(days=90)
# Per side, so that neither can use up the other's (acpn.md §7: 3 requests per 3 months per party).
MOST_REQUESTS: Final = 3
REQUESTS_WITHIN: Final = timedelta(days=90)

T = TerminationState

MOVES: Final[dict[TerminationState, frozenset[TerminationState]]] = {
    T.TO_BE_CONFIRMED: frozenset({T.IN_PROCESS, T.REJECTED, T.WITHDRAWN}),
    # Withdrawn from here only when a wrong link could not be undone: see `linking.services.wrong_link`.
    T.IN_PROCESS: frozenset({T.TERMINATED, T.WITHDRAWN}),
    T.TERMINATED: frozenset(),
    T.REJECTED: frozenset(),
    T.WITHDRAWN: frozenset(),
}
RELATIONSHIP: Final[dict[TerminationState, Relationship]] = {
    T.TO_BE_CONFIRMED: Relationship.TO_BE_CONFIRMED,
    T.IN_PROCESS: Relationship.IN_PROCESS,
    T.TERMINATED: Relationship.TERMINATED,
    T.REJECTED: Relationship.NORMAL,
    T.WITHDRAWN: Relationship.NORMAL,
}


def other(side: str) -> Side:
    return Side.CUSTOMER if side == Side.PARTNER else Side.PARTNER


def ensure_move(current: str, target: TerminationState) -> None:
    """Raise `Conflict` when there is no such move; a finished move repeated is a conflict too."""
    if target not in MOVES[TerminationState(current)]:
        raise Conflict(
            "termination_not_movable",
            _("This request is “%(current)s”; it cannot become “%(target)s”.")
            % {"current": TerminationState(current).label, "target": target.label},
            data={"state": current},
        )
