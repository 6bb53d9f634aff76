"""What the demo's people have planned: a freeze that was announced, a ban for a week, another policy."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from partner_console.access.policy import Permission, allows
from quota.services.scheduling import Plan, plan_control
from uids.models import LinkedAccount
from uids.states import Control, PurchaseControl, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from linking.demo.accounts import Book


def fill(book: Book) -> None:
    """Three plans for a partner that has switches; none where fewer accounts are as they should be."""
    if not allows(book.actor, Permission.CONTROL_CHANGE):
        return
    plain = LinkedAccount.objects.visible_to(book.actor).filter(
        relationship=Relationship.NORMAL, payg_frozen=False, payg_stopped_at__isnull=True,
        purchase_control=PurchaseControl.NORMAL, shutdown_policy=ShutdownPolicy.IMMEDIATELY_STOP, trustee__isnull=True,
        sub_accounts__isnull=True,
    ).exclude(email="")  # fmt: skip
    for account, (wanted, reason) in zip(plain.order_by("-pk"), _wanted(book, plain), strict=False):
        plan_control(actor=book.actor, account_pk=account.pk, plan=wanted, reason=reason)


def _wanted(book: Book, accounts: Any) -> list[tuple[Plan, str]]:
    first = accounts.order_by("-pk").first()
    told = {"notice_hours": 72, "notice_email": first.email, "notice_language": "en"} if first else {}
    freeze = Plan(what=Control.PAYG_FREEZE, value="frozen", starts_at=_at(book, 2), ends_at=_at(book, 9), **told)
    ban = Plan(what=Control.PURCHASE_CONTROL, value="ban", starts_at=_at(book, 1), ends_at=_at(book, 8))
    policy = Plan(what=Control.SHUTDOWN_POLICY, value=ShutdownPolicy.DELAY_STOP, starts_at=_at(book, 5))
    return [
        (freeze, "Invoices of August and September unpaid; last reminder sent"),
        (ban, "Credit check under way"),
        (policy, "New contract with delayed shutdown begins"),
    ]


def _at(book: Book, days: int) -> datetime:
    """Ten in the morning at the partner's, so many days ahead."""
    zone = ZoneInfo(book.partner.time_zone)
    day = timezone.now().astimezone(zone).date() + timedelta(days=days)
    return datetime.combine(day, time(10), tzinfo=zone)
