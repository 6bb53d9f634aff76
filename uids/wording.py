"""What the words on an account's page mean, and what comes next (seed 004 §2; acpn.md §7, §8). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.utils.translation import gettext_lazy as _

from uids.states import Relationship, ShutdownPolicy

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

# The seed's warning, word for word where it is about the freeze.
FREEZE_WARNING = _(
    "Setting an EU to PAYG Freeze instantly suspends its PAYG instances and blocks new PAYG purchases for both the "
    "current account and its financial trusteeship sub-accounts. Please proceed with caution."
)
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
EFFECTS = (
    FREEZE_EFFECT,
    Effect(
        _("Purchase Control"),
        (_("No new orders of any kind, neither PAYG nor subscription."),),
        (_("No new orders of any kind, neither PAYG nor subscription."),),
    ),
    Effect(
        _("Change the Shutdown Policy"),
        (_("The shutdown policy changes."),),
        (_("They follow the master account's shutdown policy."),),
    ),
)
