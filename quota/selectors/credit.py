"""Reads of one account's quota: the figures, how old they are, and what an edit would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.cloud.selectors import latest_commands
from partner_console.errors import NotFound
from partner_console.money import quantize
from partner_console.web.formats import MINUS
from partner_console.web.formats import amount as in_words
from quota.effects import policy_effect
from quota.errors import missing_to_zero
from quota.models import CreditAccount, UsageFeed, Warning
from quota.rules import ensure_own_quota
from quota.selectors.money import boost_in_force, orders_under_way, waiting_for
from quota.states import CreditStatus, credit_status
from uids import selectors as uids

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from partner_console.cloud.models import CloudCommand
    from quota.models import Boost
    from uids.models import LinkedAccount


@dataclass(frozen=True, slots=True)
class Balance:
    """The quota of one account as pages show it; for a sub-account under trusteeship, its master's.

    `credit` is None while no quota was opened. Amounts are in the partner's currency.
    """

    account: LinkedAccount
    credit: CreditAccount | None
    feed: UsageFeed | None
    warning: Warning | None
    quota_order: CloudCommand | None
    warning_order: CloudCommand | None
    waiting: list[Approval]
    boost: Boost | None
    money_orders: list[CloudCommand]

    @property
    def holder(self) -> LinkedAccount:
        """Whose money it is."""
        return self.account.in_force

    @property
    def is_held_by_master(self) -> bool:
        return self.account.trustee_id is not None

    @property
    def currency(self) -> str:
        return self.account.partner.currency

    @property
    def places(self) -> int:
        """Two, or six when a figure has more: one precision for all, so that the formula adds up on the page."""
        credit = self._own()
        exact = (credit.deducted, credit.undeducted, credit.available)
        return 2 if all(quantize(value) == value for value in exact) else 6

    @property
    def line(self) -> Decimal:
        """The amount the warning percentage means."""
        credit = self._own()
        return credit.amount * credit.warning_percent / 100

    @property
    def status(self) -> CreditStatus:
        return credit_status(
            available=self._own().available,
            policy=self.holder.shutdown_policy,
            overdraft=self.holder.overdraft,
            is_stopped=self.holder.payg_stopped_at is not None,
        )

    @property
    def effect(self) -> str:
        """What the shutdown policy does at these figures, in words."""
        return policy_effect(self.holder, self._own().available, self.currency)

    @property
    def missing(self) -> Decimal:
        """What it takes to leave arrears."""
        return missing_to_zero(self._own().available)

    @property
    def as_of(self) -> datetime | None:
        """When the figures were true at the cloud: a feed that reported nothing newer confirms the old ones."""
        known = [at for at in (self._own().as_of, self.feed.read_until if self.feed else None) if at is not None]
        return max(known, default=None)

    @property
    def formula(self) -> str:
        """Available Quota = Quota Amount − Deducted − Undeducted, with this account's numbers (acpn.md §6.1)."""
        credit = self._own()
        available, amount, deducted, undeducted = (
            in_words(value, self.places)
            for value in (credit.available, credit.amount, credit.deducted, credit.undeducted)
        )
        deducted = f"({deducted})" if credit.deducted < 0 else deducted
        undeducted = f"({undeducted})" if credit.undeducted < 0 else undeducted
        return f"{available} = {amount} {MINUS} {deducted} {MINUS} {undeducted}"

    @property
    def can_change(self) -> bool:
        """Whether the account's state lets its quota change at all."""
        return self.credit is not None and not self.is_held_by_master and self.account.is_live

    def _own(self) -> CreditAccount:
        if self.credit is None:
            msg = f"No quota was opened for {self.account.uid}."
            raise ValueError(msg)
        return self.credit


def get_balance(actor: Actor, uid: str) -> Balance:
    """The quota of a UID visible to the actor; `NotFound`, or `Forbidden` for who may see accounts but no quota."""
    account = uids.get_account(actor, uid)
    require(actor, Permission.QUOTA_VIEW)
    holder = account.in_force
    credit = (
        CreditAccount.objects.visible_to(actor)
        .select_related("account__trustee", "partner")
        .filter(pk=holder.pk)
        .first()
    )
    orders = latest_commands(actor, holder.uid)
    return Balance(
        account=account,
        credit=credit,
        feed=UsageFeed.objects.visible_to(actor).filter(partner_id=account.partner_id).first(),
        warning=_open_warning(actor, holder.pk),
        quota_order=orders.get("quota"),
        warning_order=orders.get("warning"),
        waiting=waiting_for(actor, holder.pk),
        boost=boost_in_force(actor, holder.pk),
        money_orders=orders_under_way(actor, holder.uid),
    )


def _open_warning(actor: Actor, credit_pk: int) -> Warning | None:
    """The partner's; the customer's own alert is the customer's business."""
    warnings = Warning.objects.visible_to(actor).filter(credit=credit_pk, for_customer=False)
    found: Warning | None = warnings.filter(recovered_at__isnull=True).order_by("-pk").first()
    return found


def get_balance_to_change(actor: Actor, uid: str) -> tuple[Balance, CreditAccount]:
    """The same for somebody about to change it: also needs that permission, a live account and money of its own."""
    balance = get_balance(actor, uid)
    require(actor, Permission.QUOTA_EDIT)
    ensure_own_quota(balance.account)
    if balance.credit is None:
        raise NotFound("no_quota", _("No quota was opened for UID %(uid)s yet.") % {"uid": uid})
    return balance, balance.credit
