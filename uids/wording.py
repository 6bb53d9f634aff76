"""What the words on an account's page mean, and what comes next (seed 004 §2; acpn.md §7, §8). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from uids.controls import FROZEN, NORMAL
from uids.states import Control, PurchaseControl, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from django.utils.functional import Promise


class Meaning(NamedTuple):
    means: Promise
    comes_next: Promise


RELATIONSHIP: dict[str, Meaning] = {
    Relationship.NORMAL: Meaning(
        _("Linked and working."),
        _("Nothing to do. Either side may ask to end the relationship."),
    ),
    Relationship.TO_BE_CONFIRMED: Meaning(
        _("One side asked to end the relationship; the other has not answered yet."),
        _(
            "The other side has 10 days to confirm. Without an answer it goes on; "
            "if withdrawn or rejected, it is Normal again."
        ),
    ),
    Relationship.IN_PROCESS: Meaning(
        _("Both sides agreed to end the relationship; it is being settled."),
        _("It ends once Available Quota is not below 0, nothing consumed is undeducted, and PAYG is not frozen."),
    ),
    Relationship.TERMINATED: Meaning(
        _("The relationship has ended. The account lives on without you."),
        _("After 90 days the record becomes Deleted. It can be linked again by a new invitation."),
    ),
    Relationship.DELETED: Meaning(
        _("The record is kept for the books, without the customer's contact data."),
        _("Nothing. The record stays as it is."),
    ),
}

POLICY: dict[str, Promise] = {
    ShutdownPolicy.IMMEDIATELY_STOP: _(
        "When Available Quota falls below 0, PAYG instances stop at once. 15 days later they are released for good."
    ),
    ShutdownPolicy.DELAY_STOP: _(
        "When Available Quota falls below 0, PAYG instances keep running until the debt passes the overdraft, "
        "about 15 days of use. Then they stop, and 15 days later they are released for good."
    ),
    ShutdownPolicy.NO_STOP: _(
        "Nothing stops by itself when Available Quota falls below 0: the debt grows until you freeze PAYG by hand."
    ),
}

# The seed's warning, word for word; beside each switch the part that is about it.
FREEZE_WARNING = _(
    "Setting an EU to PAYG Freeze instantly suspends its PAYG instances and blocks new PAYG purchases for both the "
    "current account and its financial trusteeship sub-accounts. Please proceed with caution."
)
PURCHASE_WARNING = _(
    "Setting Purchase Control to disabled prevents all new orders for both the current account and its financial "
    "trusteeship sub-accounts. Please proceed with caution."
)
POLICY_WARNING = _(
    "Updating the shutdown policy affects the current account and its financial trusteeship sub-accounts. Please "
    "proceed with caution."
)
WARNINGS: dict[Control, Promise] = {
    Control.PAYG_FREEZE: FREEZE_WARNING,
    Control.PURCHASE_CONTROL: PURCHASE_WARNING,
    Control.SHUTDOWN_POLICY: POLICY_WARNING,
}
CONTROLS_WARNING = _(
    "Setting an EU to PAYG Freeze instantly suspends its PAYG instances and blocks new PAYG purchases for both the "
    "current account and its financial trusteeship sub-accounts; setting Purchase Control to disabled prevents all new "
    "orders for both the current account and its financial trusteeship sub-accounts; updating the shutdown policy "
    "affects the current account and its financial trusteeship sub-accounts. Please proceed with caution."
)


class Effect(NamedTuple):
    """One row of the seed's effect table."""

    operation: Promise
    account: tuple[Promise, ...]
    sub_accounts: tuple[Promise, ...]


FREEZE_EFFECT = Effect(
    _("PAYG Freeze"),
    (
        _("PAYG instances are shut down."),
        _("Subscription instances stay in normal status."),
        _("No new PAYG instances can be created."),
        _("New subscription instances can be bought with the remaining Available Quota."),
    ),
    (
        _("PAYG instances are shut down."),
        _("Subscription instances stay in normal status."),
        _("No new PAYG instances can be created."),
        _("New subscription instances can be bought with the master account's remaining Available Quota."),
    ),
)
_THAWED = (
    _("PAYG instances can run again; the customer may have to start them."),
    _("New PAYG instances can be created."),
)
_BANNED = (_("No new orders of any kind, neither PAYG nor subscription."), _("What runs goes on running."))
PURCHASE_EFFECT = Effect(_("Purchase Control"), _BANNED[:1], _BANNED[:1])
POLICY_EFFECT = Effect(
    _("Change the Shutdown Policy"),
    (_("The shutdown policy changes."),),
    (_("They follow the master account's shutdown policy."),),
)
EFFECTS = (FREEZE_EFFECT, PURCHASE_EFFECT, POLICY_EFFECT)

# What one value of one switch does; a policy's own effect is in POLICY.
EFFECT_OF: dict[tuple[Control, str], Effect] = {
    (Control.PAYG_FREEZE, FROZEN): FREEZE_EFFECT,
    (Control.PAYG_FREEZE, NORMAL): Effect(
        _("PAYG Unfreeze"), _THAWED, (*_THAWED, _("One that is frozen by its own switch stays frozen."))
    ),
    (Control.PURCHASE_CONTROL, PurchaseControl.BAN.value): Effect(_("Purchase Control"), _BANNED, _BANNED),
    (Control.PURCHASE_CONTROL, PurchaseControl.NORMAL.value): Effect(
        _("Purchase Control"),
        (_("New orders are possible again within Available Quota."),),
        (
            _("New orders are possible again within the master account's Available Quota."),
            _("One whose own purchase control is disabled stays so."),
        ),
    ),
    **{
        (Control.SHUTDOWN_POLICY, policy.value): Effect(
            _("Change the Shutdown Policy"), (POLICY[policy],), POLICY_EFFECT.sub_accounts
        )
        for policy in ShutdownPolicy
    },
}

# What the customer notices, in the words one would use on the telephone.
NOTICED: dict[tuple[Control, str], Promise] = {
    (Control.PAYG_FREEZE, FROZEN): _(
        "At once: servers, databases and other services paid by use stop, and what runs on them cannot be reached. "
        "Subscriptions go on. New services can be bought by subscription only."
    ),
    (Control.PAYG_FREEZE, NORMAL): _(
        "Services paid by use can be started and bought again. What does not start by itself, the customer starts."
    ),
    (Control.PURCHASE_CONTROL, PurchaseControl.BAN.value): _(
        "Every new order is refused in the cloud's console, also renewals and upgrades by hand. What runs goes on."
    ),
    (Control.PURCHASE_CONTROL, PurchaseControl.NORMAL.value): _("The customer can order again."),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.IMMEDIATELY_STOP.value): _(
        "As soon as Available Quota is below 0, services paid by use stop. 15 days later they are gone for good."
    ),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.DELAY_STOP.value): _(
        "Below 0 nothing new can be bought, and services paid by use go on for about 15 days of use before they stop."
    ),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.NO_STOP.value): _(
        "Below 0 nothing new can be bought, and everything that runs goes on."
    ),
}
