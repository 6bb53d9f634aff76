"""The three switches of an account as its page shows them: in force and why, asked, confirmed by the cloud, and what
one can press."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission, require
from partner_console.cloud.advice import advice
from partner_console.cloud.models import CommandState
from partner_console.cloud.selectors import confirmed_commands, latest_commands
from uids.controls import own_value
from uids.models import ControlChange
from uids.previews import is_one_of_many, why_not_undo
from uids.states import Control, PaygStatus, PurchaseControl, ShutdownPolicy
from uids.switch_words import FLIPS
from uids.wording import POLICY

if TYPE_CHECKING:
    from decimal import Decimal

    from django.db.models import TextChoices
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

    asked: CloudCommand
    confirmed: CloudCommand | None
    advice: str | Promise = ""

    @property
    def doubt(self) -> str:
        """Why what the page says may not be so at the cloud; "" when the cloud confirmed it."""
        return str(_NOT_CONFIRMED.get(self.asked.state, ""))

    @property
    def can_retry(self) -> bool:
        return self.asked.state in (CommandState.REFUSED, CommandState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Button:
    label: str | Promise
    url: str
    icon: str
    css: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """`value` and `label` are what is in force; `reasons` say why. `orders` are those about it, the one that somebody
    asked for first. `last` is the newest record; `undo_url` takes the account's own newest change back."""

    key: str
    title: str | Promise
    value: str
    label: str
    reasons: list[str]
    orders: list[Order]
    button: Button | None = None
    last: ControlChange | None = None
    undo_url: str = ""

    @property
    def doubt(self) -> str:
        return next((order.doubt for order in self.orders if order.doubt), "")


def list_switches(actor: Actor, account: LinkedAccount, *, available: Decimal | None) -> list[Switch]:
    """PAYG instance status, purchase control and shutdown policy of one account (load `trustee` with it).

    `available` is what the account may still spend, its master's for a sub-account; None when nobody knows.
    """
    require(actor, Permission.CONTROL_VIEW)
    asked = latest_commands(actor, account.uid)
    confirmed = confirmed_commands(actor, account.uid)
    last, own = _last_changes(actor, account)

    def orders(*topics: str) -> list[Order]:
        return [
            Order(command, confirmed.get(topic), advice(command.state, command.vendor_code))
            for topic in topics
            if (command := asked.get(topic))
        ]

    def switch(what: Control, title: Promise, value: TextChoices, reasons: list[str], *topics: str) -> Switch:
        return Switch(
            key=what.value,
            title=title,
            value=value.value,
            label=str(value.label),
            reasons=reasons,
            orders=orders(*topics),
            button=_button(account, what),
            last=_newest(last.get(what), last.get(Control.PAYG_SHUTDOWN) if what is Control.PAYG_FREEZE else None),
            undo_url=_undo_url(actor, account, own.get(what)),
        )

    payg = _payg_reasons(account) or [_("PAYG instances run and can be bought.")]
    purchase, why_purchase = _purchase(account, available)
    policy = ShutdownPolicy(account.in_force.shutdown_policy)
    return [
        switch(
            Control.PAYG_FREEZE, gettext_lazy("PAYG instance status"), account.effective_payg_status, payg,
            "payg", "stop",
        ),
        switch(
            Control.PURCHASE_CONTROL, gettext_lazy("Purchase control"), purchase, why_purchase, "purchase",
        ),
        switch(
            Control.SHUTDOWN_POLICY, gettext_lazy("Shutdown policy"), policy, _policy_reasons(account, policy),
            "policy",
        ),
    ]  # fmt: skip


def _last_changes(actor: Actor, account: LinkedAccount) -> tuple[dict[str, ControlChange], dict[str, ControlChange]]:
    """By kind, the newest record of all, and the newest of the account's own switch."""
    rows = ControlChange.objects.visible_to(actor).filter(account_id=account.pk).select_related("cause")
    last = rows.order_by("what", "-at", "-pk").distinct("what")
    own = rows.filter(cause__isnull=True).order_by("what", "-pk").distinct("what")
    return {change.what: change for change in last}, {change.what: change for change in own}


def _newest(*changes: ControlChange | None) -> ControlChange | None:
    return max((change for change in changes if change), key=lambda change: (change.at, change.pk), default=None)


def _button(account: LinkedAccount, what: Control) -> Button | None:
    """What its own switch can be set to; nothing for an ended link, and for a policy that follows the master's."""
    if not account.is_live or (what is Control.SHUTDOWN_POLICY and account.trustee_id is not None):
        return None
    if what is Control.SHUTDOWN_POLICY:
        return Button(gettext_lazy("Change"), reverse("uids:account_policy", args=[account.uid]), "timer")
    flip = next(flip for flip in FLIPS.values() if flip.what is what and flip.value != own_value(account, what))
    return Button(
        flip.label,
        reverse(flip.url_name, args=[account.uid]),
        flip.icon,
        "btn-outline-danger" if flip.is_danger else "",
    )


def undo_urls(actor: Actor, account: LinkedAccount) -> dict[int, str]:
    """By change, where each of the account's own newest changes is taken back; nothing for those that cannot be."""
    return {
        change.pk: url
        for change in _last_changes(actor, account)[1].values()
        if (url := _undo_url(actor, account, change))
    }


def _undo_url(actor: Actor, account: LinkedAccount, change: ControlChange | None) -> str:
    if change is None or change.what == Control.PAYG_SHUTDOWN:
        return ""
    if why_not_undo(actor, account, change, change) or is_one_of_many(actor, change):
        return ""
    return reverse("uids:control_undo", args=[account.uid, change.operation_id])


def _payg_reasons(account: LinkedAccount) -> list[str]:
    master = account.in_force
    reasons = []
    if account.payg_frozen:
        reasons.append(_("You froze it. Only you can unfreeze it."))
    if master is not account and master.payg_frozen:
        reasons.append(
            _("Its master account %(uid)s is frozen: unfreeze that one to lift it here.") % {"uid": master.uid}
        )
    if master.payg_released_at:
        reasons.append(_("Stopped for 15 days, so the instances are released. This cannot be undone."))
    elif master.payg_stopped_at:
        reasons.append(_("Stopped by arrears: it starts again when Available Quota is back at 0 or more."))
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
    if account.effective_payg_status is not PaygStatus.NORMAL and not banned and (available is None or available > 0):
        reasons.append(_("Subscriptions only: PAYG is not running."))
    return (PurchaseControl.BAN if banned else PurchaseControl.NORMAL), reasons


def _policy_reasons(account: LinkedAccount, policy: ShutdownPolicy) -> list[str]:
    reasons = [str(POLICY[policy])]
    if account.trustee is not None:
        reasons.append(_("It follows its master account %(uid)s.") % {"uid": account.trustee.uid})
    return reasons
