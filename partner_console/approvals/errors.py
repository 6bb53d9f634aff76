"""Why a request cannot be asked for or decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Conflict, Forbidden, Invalid

from .states import ApprovalState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from partner_console.errors import Message

    from .blind import Mark
    from .models import Approval


class AlreadyAsked(Conflict):
    def __init__(self) -> None:
        super().__init__("already_asked", _("This waits for a second person already."))


class NotWaiting(Conflict):
    """Somebody was faster, it was taken back, or its time is over."""

    def __init__(self, approval: Approval) -> None:
        words: dict[ApprovalState, str | _StrPromise] = {
            ApprovalState.APPROVED: _("%(who)s approved this already."),
            ApprovalState.REJECTED: _("%(who)s rejected this already."),
            ApprovalState.WITHDRAWN: _("This was withdrawn; there is nothing left to decide."),
            ApprovalState.EXPIRED: _("Nobody decided in time. Ask again."),
        }
        state = approval.shown_state
        text = words[state] % {"who": approval.decided_by or ""}
        super().__init__("not_waiting", text, data={"state": state.value})


class FirstPerson(Forbidden):
    """The one rule everything here is for (design §5)."""

    def __init__(self, reason: Message) -> None:
        super().__init__("first_person", reason)


class NotAPerson(Forbidden):
    def __init__(self) -> None:
        super().__init__("not_a_person", _("A person decides this, not a program."))


class SomebodyElseCan(Conflict):
    """Deciding alone is for partners where nobody else may decide."""

    def __init__(self) -> None:
        super().__init__(
            "somebody_else_can", _("Somebody else may decide this. Deciding alone is only for when nobody can.")
        )


class EntryDiffers(Invalid):
    """The blind entry is not the answer. `data` has the marks, and how many tries this person has left."""

    def __init__(self, marks: list[Mark], left: int) -> None:
        super().__init__(
            "entry_differs",
            _("What you typed is not what was asked for. Compare the marked places with the customer's own papers."),
            field="typed",
            data={"marks": marks, "left": left},
        )


class NoTriesLeft(Conflict):
    """A person who keeps trying would learn the answer from the marks."""

    def __init__(self) -> None:
        super().__init__(
            "no_tries_left",
            _("You typed it wrong too often. Reject the request, or let somebody else check it."),
            field="typed",
        )
