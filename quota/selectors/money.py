"""Reads of what people have under way with an account's money: requests, orders to write off or refund, a boost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.approvals.selectors import waiting_about
from partner_console.cloud.models import RELATIVE, CloudCommand, CommandState
from partner_console.cloud.services.sending import NOT_OFFERED
from partner_console.errors import NotFound
from quota.models import Boost, BoostState

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from quota.selectors.credit import Balance

SUBJECT = "quota.creditaccount"
SHOWN_FOR = timedelta(days=7)
MOST_SHOWN = 5


def waiting_for(actor: Actor, credit_pk: int) -> list[Approval]:
    """Requests about this account's money that wait for a second person, oldest first."""
    require(actor, Permission.QUOTA_VIEW)
    return list(waiting_about(actor, SUBJECT, credit_pk))


def boost_in_force(actor: Actor, credit_pk: int) -> Boost | None:
    """The account's temporary boost, with its money; None when there is none."""
    require(actor, Permission.QUOTA_VIEW)
    boosts = Boost.objects.visible_to(actor).select_related("credit__account", "credit__partner", "asked_by")
    found: Boost | None = boosts.filter(credit=credit_pk, state=BoostState.IN_FORCE).first()
    return found


def orders_under_way(actor: Actor, uid: str) -> list[CloudCommand]:
    """Write-offs and refunds that are not done at the cloud, newest first: open ones, and those it lately refused."""
    require(actor, Permission.QUOTA_VIEW)
    orders = CloudCommand.objects.visible_to(actor).filter(uid=uid, operation__in=RELATIVE)
    lately = Q(undone_at__gte=timezone.now() - SHOWN_FOR)
    done = (CommandState.CONFIRMED, CommandState.SUPERSEDED)
    return list(orders.filter(Q(undone_at__isnull=True) | lately).exclude(state__in=done).order_by("-pk")[:MOST_SHOWN])


def may_be_taken_back(order: CloudCommand) -> bool:
    """Whether a person has to decide what becomes of this write-off or refund: nothing more comes of it by itself."""
    is_open = order.undone_at is None and order.operation in RELATIVE and order.finished_at is not None
    is_by_hand = order.state == CommandState.REFUSED and order.vendor_code == NOT_OFFERED
    return is_open and (is_by_hand or order.state == CommandState.UNKNOWN)


def get_order_to_take_back(actor: Actor, balance: Balance, pk: int) -> CloudCommand:
    """One of the account's orders that a person has to decide about; `NotFound` for any other."""
    for order in orders_under_way(actor, balance.holder.uid):
        if order.pk == pk and may_be_taken_back(order):
            return order
    raise NotFound("nothing_to_take_back", _("There is no such order to take back: look at the account again."))
