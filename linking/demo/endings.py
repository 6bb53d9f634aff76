"""The demo's relationships that are ending or have ended: who asked, when, and how far it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from linking.endings import ANSWER_WITHIN, KEPT_FOR
from linking.models import Termination
from linking.states import Side, TerminationState
from uids.states import Relationship

if TYPE_CHECKING:
    from linking.demo.accounts import Book

T = TerminationState
STATES = {
    Relationship.TO_BE_CONFIRMED: T.TO_BE_CONFIRMED,
    Relationship.IN_PROCESS: T.IN_PROCESS,
    Relationship.TERMINATED: T.TERMINATED,
    Relationship.DELETED: T.TERMINATED,
}
REASONS = (
    "We close our office in this country.",
    "The contract ends with the year.",
    "We buy from the cloud directly.",
)


def fill(book: Book) -> None:
    """One request for each account that is on its way out; the customers asked for every other one."""
    now = timezone.now()
    for number, account in enumerate(one for one in book.accounts if one.relationship in STATES):
        state = STATES[Relationship(account.relationship)]
        is_over = state is T.TERMINATED
        is_kept = account.relationship == Relationship.TERMINATED
        asked_at = now - timedelta(days=3 + number % 6 if not is_over else 40 if is_kept else 150)
        ended_at = asked_at + timedelta(days=20) if is_over else None
        Termination.objects.create(
            account=account,
            side=(Side.CUSTOMER, Side.PARTNER)[number % 2],
            reason=REASONS[number % len(REASONS)],
            state=state,
            asked_at=asked_at,
            answer_due_at=asked_at + ANSWER_WITHIN,
            answered_at=None if state is T.TO_BE_CONFIRMED else asked_at + timedelta(days=1),
            ended_at=ended_at,
            delete_due_at=ended_at + KEPT_FOR if is_kept and ended_at else None,
        )
