"""What stands in the way of ending a relationship: all of it at once, each with what clears it (acpn.md §7).

Read in the caller's transaction, under the account's lock where it decides something. Words for whichever side reads
them; to a customer nothing is said that is only their partner's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.endings import MOST_REQUESTS, REQUESTS_WITHIN
from linking.models import Termination
from linking.states import Side
from partner_console.access.policy import PartnerKind
from partner_console.approvals.models import Approval
from partner_console.approvals.registry import get_checked
from partner_console.cloud.models import CloudCommand, CommandState
from partner_console.web import formats
from quota.errors import missing_to_zero
from quota.models import CreditAccount, LedgerEntry
from uids.models import ScheduledControl
from uids.models.scheduled import SCHEDULE_OPEN
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uids.models import LinkedAccount

UNANSWERED = (CommandState.QUEUED, CommandState.IN_FLIGHT, CommandState.UNKNOWN)
NAMED = 5  # sub-accounts that are called by their UID; of more only how many there are


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing in the way. `url` is where staff clear it, "" when it clears by itself or elsewhere."""

    code: str
    reason: str
    clears: str
    url: str = ""


def to_ask(account: LinkedAccount, side: Side) -> list[Blocker]:
    """What forbids asking: it has begun or ended already, too many requests, and what would have to be put right first.

    Consumption that is not deducted yet does not: it is settled after both agreed.
    """
    return [*_standing(account), *_requests(account, side), *_arrears(account, side), *_switches(account, side)]


def to_settle(account: LinkedAccount, side: Side = Side.PARTNER) -> list[Blocker]:
    """What is left to settle before the cloud is asked to unlink."""
    return [
        *_arrears(account, side),
        *_undeducted(account, side),
        *_switches(account, side),
        *_ahead(account, side),
        *_unanswered(account, side),
    ]


def to_undo(account: LinkedAccount) -> list[Blocker]:
    """What forbids undoing a wrong link: that it is ending anyway, that something was used, financial trusteeship.

    An agency's customers pay the cloud themselves: there is no use of ours to look at.
    """
    return [*_standing(account), *_used(account), *_trusteeship(account, Side.PARTNER)]


def to_record(account: LinkedAccount) -> list[Blocker]:
    """What forbids recording an end that ran elsewhere: nobody's money may be left with an account that is gone."""
    return list(_trusteeship(account, Side.PARTNER))


def requests_left(account: LinkedAccount, side: Side) -> int:
    """How often this side may still ask within 90 days."""
    return max(MOST_REQUESTS - len(_recent(account, side)), 0)


def _recent(account: LinkedAccount, side: Side) -> list[Termination]:
    since = timezone.now() - REQUESTS_WITHIN
    mine = Termination.objects.filter(account_id=account.pk, side=side, is_undo=False, asked_at__gt=since)
    return list(mine.order_by("asked_at", "pk"))


def _standing(account: LinkedAccount) -> Iterator[Blocker]:
    if account.relationship == Relationship.NORMAL:
        return
    status = account.get_relationship_display()
    if account.is_live:
        reason = _("The relationship is %(status)s: ending it was asked for already.") % {"status": status}
        yield Blocker("already_ending", reason, _("Answer that request, or take it back."))
    else:
        reason = _("The relationship is %(status)s.") % {"status": status}
        yield Blocker("already_ended", reason, _("There is nothing left to do."))


def _requests(account: LinkedAccount, side: Side) -> Iterator[Blocker]:
    recent = _recent(account, side)
    if len(recent) < MOST_REQUESTS:
        return
    again = formats.absolute(recent[-MOST_REQUESTS].asked_at + REQUESTS_WITHIN)
    yield Blocker(
        "too_many_requests",
        _("Ending it was asked for %(count)d times within 90 days, the most there may be.") % {"count": len(recent)},
        _("Ask again from %(at)s on, or talk to the other side.") % {"at": again},
    )


def _arrears(account: LinkedAccount, side: Side) -> Iterator[Blocker]:
    credit = _credit(account)
    if credit is None or credit.available >= 0:
        return
    owed = f"{missing_to_zero(credit.available):,.2f} {account.partner.currency}"
    if side is Side.CUSTOMER:
        yield Blocker(
            "in_arrears",
            _("%(owed)s more was used than %(partner)s granted.") % {"owed": owed, "partner": account.partner.name},
            _("Settle it with %(partner)s.") % {"partner": account.partner.name},
        )
        return
    yield Blocker(
        "in_arrears",
        _("Available Quota is below 0: %(owed)s are missing.") % {"owed": owed},
        _("Once the customer has paid, raise the quota or write off what was deducted."),
        reverse("quota:account_quota", args=[account.uid]),
    )


def _undeducted(account: LinkedAccount, side: Side) -> Iterator[Blocker]:
    credit = _credit(account)
    if credit is None or credit.undeducted == 0:
        return
    value = f"{formats.exact_amount(credit.undeducted)} {account.partner.currency}"
    if side is Side.CUSTOMER:
        clears = _("The cloud settles it by itself. What still runs adds to it: stop what you no longer need.")
    else:
        clears = _("The cloud deducts it by itself. What still runs adds to it: ask the customer to stop it.")
    reason = _("%(value)s of consumption is not deducted yet.") % {"value": value}
    yield Blocker("undeducted", reason, clears)


def _used(account: LinkedAccount) -> Iterator[Blocker]:
    """Consumption now, or ever: what was refunded since was used all the same."""
    moved = ~Q(deducted_delta=0) | ~Q(undeducted_delta=0)
    first = LedgerEntry.objects.filter(moved, credit_id=account.pk).order_by("at", "pk").first()
    if first is None:
        return
    yield Blocker(
        "used",
        _("Something was used: first on %(at)s.") % {"at": formats.absolute(first.at)},
        _("End the relationship the regular way, and settle it with the customer."),
        reverse("linking:termination", args=[account.uid]),
    )


def _switches(account: LinkedAccount, side: Side) -> Iterator[Blocker]:
    if account.payg_frozen:
        if side is Side.CUSTOMER:
            partner = account.partner.name
            yield Blocker(
                "frozen",
                _("%(partner)s has frozen pay-as-you-go.") % {"partner": partner},
                _("Ask %(partner)s to unfreeze it.") % {"partner": partner},
            )
        else:
            url = reverse("uids:account_unfreeze", args=[account.uid])
            yield Blocker("frozen", _("PAYG is frozen by you."), _("Unfreeze it."), url)
    yield from _stopped(account, side)
    yield from _trusteeship(account, side)


def _stopped(account: LinkedAccount, side: Side) -> Iterator[Blocker]:
    """While arrears last they are what is in the way; afterwards the stop still has to lift."""
    credit = _credit(account)
    if account.payg_stopped_at is None or credit is None or credit.available < 0:
        return
    reason = (
        _("Pay-as-you-go is still stopped, although nothing is owed any more.")
        if side is Side.CUSTOMER
        else _("PAYG is still stopped by arrears, although they are settled.")
    )
    yield Blocker("stopped", reason, _("It runs again by itself within minutes; nothing to do."))


def _ahead(account: LinkedAccount, side: Side) -> Iterator[Blocker]:
    """What was decided and has not happened yet: plans, and what waits for a second person. The customer is not told
    what it is: a partner tells them in its own time."""
    plans = list(ScheduledControl.objects.filter(account_id=account.pk, state__in=SCHEDULE_OPEN).order_by("due_at"))
    own = Q(subject_type="uids.linkedaccount") | Q(subject_type="quota.creditaccount")
    asked = Approval.objects.waiting().filter(own, partner_id=account.partner_id, subject_pk=account.pk)
    if side is Side.CUSTOMER:
        if plans or asked.exists():
            partner = {"partner": account.partner.name}
            reason = _("%(partner)s still has a change of this account under way.") % partner
            yield Blocker("under_way", reason, _("Ask %(partner)s about it.") % partner)
        return
    for plan in plans:
        words = {"what": plan.get_what_display(), "at": formats.absolute(plan.due_at)}
        reason = _("A change is planned for %(at)s: %(what)s.") % words
        yield Blocker("planned", reason, _("Call it off."), reverse("quota:schedule", args=[account.uid]))
    for approval in asked.order_by("pk"):
        reason = _("A change waits for a second person: %(what)s.") % {"what": get_checked(approval.action).title}
        url = reverse("approvals:approval_detail", args=[approval.pk])
        yield Blocker("second_person", reason, _("Decide about it, or take it back."), url)


def _trusteeship(account: LinkedAccount, side: Side) -> Iterator[Blocker]:
    # An agency has no page of trusteeship, nor has a customer.
    is_shown = side is Side.PARTNER and account.partner.kind != PartnerKind.AGENCY
    url = reverse("uids:account_trusteeship", args=[account.uid]) if is_shown else ""
    if side is Side.CUSTOMER:
        clears = _("End the financial trusteeship in the cloud's own console.")
    else:
        clears = _("The customer ends the financial trusteeship in the cloud's own console; then record it here.")
    if account.trustee_id is not None and account.trustee is not None:
        reason = _("UID %(uid)s holds its money in financial trusteeship.") % {"uid": account.trustee.uid}
        yield Blocker("held_by_master", reason, clears, url)
    uids = list(account.sub_accounts.live().order_by("uid").values_list("uid", flat=True))
    if uids:
        words = ngettext(
            "It holds the money of %(n)s other account: %(uids)s.",
            "It holds the money of %(n)s other accounts: %(uids)s.",
            len(uids),
        )
        named = ", ".join(uids[:NAMED]) + (" …" if len(uids) > NAMED else "")
        yield Blocker("holds_sub_accounts", words % {"n": len(uids), "uids": named}, clears, url)


def _unanswered(account: LinkedAccount, side: Side) -> Iterator[Blocker]:
    orders = CloudCommand.objects.filter(Q(state__in=UNANSWERED), partner_id=account.partner_id, uid=account.uid)
    n_orders = orders.count()
    if not n_orders:
        return
    reason = ngettext(
        "The cloud has not answered %(n)s order about this account.",
        "The cloud has not answered %(n)s orders about this account.",
        n_orders,
    ) % {"n": n_orders}
    if side is Side.CUSTOMER:
        yield Blocker("orders_open", reason, _("It clears by itself; nothing to do."))
        return
    # An agency has no page of orders.
    url = "" if account.partner.kind == PartnerKind.AGENCY else f"{reverse('cloud:command_list')}?q={account.uid}"
    yield Blocker("orders_open", reason, _("Wait for the answer; an order of unknown outcome needs you."), url)


def _credit(account: LinkedAccount) -> CreditAccount | None:
    """Its own money only: a sub-account's is its master's, and is named as such."""
    if account.trustee_id is not None:
        return None
    return CreditAccount.objects.filter(pk=account.pk).first()
