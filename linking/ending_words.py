"""The end of a relationship in words for staff: how it stands, the steps, and what each button does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from linking.endings import ANSWER_WITHIN, KEPT_FOR
from linking.states import Side, TerminationState
from partner_console.access.policy import PartnerKind
from partner_console.cloud.models import CommandState
from partner_console.web import formats
from uids.states import Relationship

if TYPE_CHECKING:
    from datetime import datetime

    from linking.ending_state import Ending
    from linking.models import Termination
    from uids.models import LinkedAccount

T = TerminationState


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way; `is_now` where it stands, `at` when it was or will be taken."""

    label: str
    means: str
    is_done: bool
    is_now: bool
    at: datetime | None = None


def customer_name(account: LinkedAccount) -> str:
    return account.nickname or account.login_name or _("the customer")


def how_it_stands(ending: Ending) -> str:
    """One or two sentences: whose turn it is and what comes next."""
    current, who = ending.current, customer_name(ending.account)
    if ending.is_outside:
        return _("It is ending in the cloud's own console: nobody asked for it here. Record how it came out.")
    if current is None and not ending.account.is_live:
        return _("It has ended. The account lives on without you; its records stay here.")
    if current is None:
        return _("Nobody has asked to end it. Either side may.")
    if current.state == T.TO_BE_CONFIRMED:
        until = formats.absolute(current.answer_due_at)
        if ending.is_ours:
            text = _(
                "You asked; %(who)s answers until %(until)s. Without an answer the relationship ends all the same."
            )
            return text % {"who": who, "until": until}
        return _("%(who)s asked. Answer until %(until)s; without your answer the relationship ends all the same.") % {
            "who": who, "until": until,
        }  # fmt: skip
    if current.state == T.TERMINATED:
        return _("It has ended. The account lives on without you; its records stay here.")
    return _undoing(ending) if current.is_undo else _in_process(ending)


def _in_process(ending: Ending) -> str:
    if ending.unlink is None:
        if ending.blockers:
            return _("Agreed. It ends by itself as soon as everything below is settled.")
        return _("Agreed and settled. The cloud is asked to unlink within a few minutes.")
    return _at_the_cloud(ending)


def _undoing(ending: Ending) -> str:
    return _at_the_cloud(ending) if ending.unlink else _("A wrong link is being undone.")


def _at_the_cloud(ending: Ending) -> str:
    if ending.is_refused:
        return _("Everything is settled, but the cloud did not unlink the account. You have to do it by hand.")
    if ending.unlink is not None and ending.unlink.state == CommandState.UNKNOWN:
        return _("The cloud did not answer whether it unlinked the account. It is asked again by itself.")
    return _("Everything is settled and the cloud is asked to unlink. This page shows its answer.")


def steps(ending: Ending) -> list[Step]:
    """The five statuses of the account, in order, for a request from its beginning to the end."""
    current, now = ending.current, Relationship(ending.account.relationship)
    order = [
        Relationship.NORMAL, Relationship.TO_BE_CONFIRMED, Relationship.IN_PROCESS, Relationship.TERMINATED,
        Relationship.DELETED,
    ]  # fmt: skip
    at = _times(current)
    means = _means(PartnerKind(ending.account.partner.kind))
    return [
        Step(str(one.label), means[one], order.index(one) < order.index(now), one is now, at.get(one))
        for one in order[1:]
    ]


def _times(current: Termination | None) -> dict[Relationship, datetime | None]:
    if current is None:
        return {}
    return {
        Relationship.TO_BE_CONFIRMED: None if current.is_undo else current.asked_at,
        Relationship.IN_PROCESS: current.asked_at if current.is_undo else current.answered_at,
        Relationship.TERMINATED: current.ended_at,
        Relationship.DELETED: current.delete_due_at,
    }


def _means(kind: PartnerKind) -> dict[Relationship, str]:
    settled = (
        _("No financial trusteeship is left and the cloud has answered every order.")
        if kind is PartnerKind.AGENCY
        else _("Nothing is owed, nothing consumed is undeducted, nothing is frozen, no financial trusteeship is left.")
    )
    return {
        Relationship.TO_BE_CONFIRMED: _(
            "The other side has 10 days to confirm or reject; without an answer it ends all the same."
        ),
        Relationship.IN_PROCESS: formats.sentences(settled, _("Then the cloud unlinks the account.")),
        Relationship.TERMINATED: _("You no longer see, manage or pay for the account. Nothing in it is deleted."),
        Relationship.DELETED: _("90 days later its contact data is deleted here. Records and the trail stay."),
    }


def effects_of_asking(account: LinkedAccount) -> list[str]:
    until = formats.absolute(timezone.now() + ANSWER_WITHIN)
    who = customer_name(account)
    lines = [
        _("%(who)s has until %(until)s to answer. Without an answer the relationship ends all the same.")
        % {"who": who, "until": until},
        _("Until it is confirmed you can take it back."),
        _("Once it is confirmed and settled, you no longer see, manage or pay for the account."),
        _("Nothing in the account is deleted; the customer keeps it."),
        _("%(days)d days later its contact data is deleted here.") % {"days": KEPT_FOR.days},
    ]
    if not account.email:
        lines.append(_("There is no e-mail address on record: tell the customer yourself. They cannot answer here."))
    return lines


def asked_by(termination: Termination) -> str:
    """Who asked, in words: the customer, or the colleague by name."""
    if termination.side == Side.CUSTOMER:
        return _("The customer")
    person = termination.asked_by
    return (person.name or person.email) if person else _("You")
