"""The three switches of an account as its page shows them: in force and why, asked, confirmed by the cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission, require
from partner_console.cloud.advice import advice
from partner_console.cloud.models import CommandState
from partner_console.cloud.selectors import confirmed_commands, latest_commands
from uids.models import ControlChange
from uids.states import Control, PaygStatus, PurchaseControl, ShutdownPolicy
from uids.wording import POLICY

if TYPE_CHECKING:
    from decimal import Decimal

    from django.utils.functional import Promise

    from partner_console.access.actor import Actor
    from partner_console.cloud.models import CloudCommand
    from uids.models import LinkedAccount


_NOT_CONFIRMED: dict[str, Promise] = {
    CommandState.QUEUED: gettext_lazy("Asked of the cloud, not confirmed yet."),
    CommandState.IN_FLIGHT: gettext_lazy("Asked of the cloud, not confirmed yet."),
    CommandState.UNKNOWN: gettext_lazy("The cloud did not answer: this may or may not be in force there."),
    CommandState.REFUSED: gettext_lazy("The cloud refused this change: nothing changed there."),
}


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked of the cloud last about one switch, and what the cloud confirmed last."""

    asked: CloudCommand | None
    confirmed: CloudCommand | None
    advice: str | Promise = ""

    @property
    def doubt(self) -> str:
        """Why what the page says may not be so at the cloud; "" when the cloud confirmed it or nothing was asked."""
        return str(_NOT_CONFIRMED.get(self.asked.state, "")) if self.asked else ""

    @property
    def can_retry(self) -> bool:
        return self.asked is not None and self.asked.state in (CommandState.REFUSED, CommandState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Switch:
    """`value` and `label` are what is in force; `reasons` say why; `last` is the newest record of the account's own."""

    key: str
    value: str
    label: str
    reasons: list[str]
    order: Order
    last: ControlChange | None = None


def list_switches(actor: Actor, account: LinkedAccount, *, available: Decimal | None) -> list[Switch]:
    """PAYG instance status, purchase control and shutdown policy of one account (load `trustee` with it).

    `available` is what the account may still spend, its master's for a sub-account; None when nobody knows.
    """
    require(actor, Permission.CONTROL_VIEW)
    asked = latest_commands(actor, account.uid)
    confirmed = confirmed_commands(actor, account.uid)
    last = _last_changes(actor, account)

    def order(topic: str) -> Order:
        command = asked.get(topic)
        words = advice(command.state, command.vendor_code) if command else ""
        return Order(command, confirmed.get(topic), words)

    payg = account.effective_payg_status
    reasons = _payg_reasons(account)
    if not reasons and not order("payg").doubt:
        reasons.append(_("PAYG instances run and can be bought."))
    purchase, why_purchase = _purchase(account, available)
    policy = ShutdownPolicy(account.in_force.shutdown_policy)
    return [
        Switch(
            Control.PAYG_FREEZE.value,
            payg.value,
            str(payg.label),
            reasons,
            order("payg"),
            last.get(Control.PAYG_FREEZE.value),
        ),
        Switch(
            Control.PURCHASE_CONTROL.value,
            purchase.value,
            str(purchase.label),
            why_purchase,
            order("purchase"),
            last.get(Control.PURCHASE_CONTROL.value),
        ),
        Switch(
            Control.SHUTDOWN_POLICY.value,
            policy.value,
            str(policy.label),
            _policy_reasons(account, policy),
            order("policy"),
            last.get(Control.SHUTDOWN_POLICY.value),
        ),
    ]


def _last_changes(actor: Actor, account: LinkedAccount) -> dict[str, ControlChange]:
    rows = ControlChange.objects.visible_to(actor).filter(account_id=account.pk).select_related("cause")
    return {change.what: change for change in rows.order_by("what", "-at", "-pk").distinct("what")}


def _payg_reasons(account: LinkedAccount) -> list[str]:
    master = account.in_force
    reasons = []
    if account.payg_frozen:
        reasons.append(_("You froze it. Only you can unfreeze it."))
    if master is not account and master.payg_frozen:
        reasons.append(
            _("Its master account %(uid)s is frozen: unfreeze that one to lift it here.") % {"uid": master.uid}
        )
    if master.payg_stopped_at:
        reasons.append(_("Stopped by arrears: it starts again when Available Quota is back at 0 or more."))
    if master.payg_released_at:
        reasons.append(_("Stopped for 15 days, so the instances are released. This cannot be undone."))
    return reasons


def _purchase(account: LinkedAccount, available: Decimal | None) -> tuple[PurchaseControl, list[str]]:
    """The switch in force. Arrears forbid purchases too but leave the switch alone (acpn.md §8.2): said beside it."""
    master = account.in_force
    reasons = []
    if account.purchase_control == PurchaseControl.BAN:
        reasons.append(_("Purchase control is disabled for this account: no new orders of any kind."))
    if master is not account and master.purchase_control == PurchaseControl.BAN:
        reasons.append(_("Its master account %(uid)s has purchase control disabled.") % {"uid": master.uid})
    banned = bool(reasons)
    if available is not None and available < 0:
        reasons.append(_("In arrears: nothing can be bought until Available Quota is above 0."))
    elif available is not None and available == 0:
        reasons.append(_("Available Quota is 0: nothing can be bought."))
    elif not reasons:
        reasons.append(_("New orders are allowed within Available Quota."))
    if account.effective_payg_status is not PaygStatus.NORMAL:
        reasons.append(_("Subscriptions only: PAYG is not running."))
    return (PurchaseControl.BAN if banned else PurchaseControl.NORMAL), reasons


def _policy_reasons(account: LinkedAccount, policy: ShutdownPolicy) -> list[str]:
    reasons = [str(POLICY[policy])]
    if account.trustee is not None:
        reasons.append(_("It follows its master account %(uid)s.") % {"uid": account.trustee.uid})
    return reasons
