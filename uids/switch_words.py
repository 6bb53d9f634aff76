"""What each button of the three switches is called, where it leads and what is said when it is done. No queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from uids.controls import FROZEN, NORMAL
from uids.states import Control, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from django.utils.functional import Promise


class Flip(NamedTuple):
    """One value of one switch, as something to press. `title` takes the account, `done` its UID."""

    what: Control
    value: str
    url_name: str
    label: Promise
    title: Promise
    submit: Promise
    done: Promise
    icon: str
    is_danger: bool = False


# The seed prints “Confim Freeze” on both its dialogs: the second is an evident slip (acpn.md §5.2).
FREEZE = Flip(
    Control.PAYG_FREEZE, FROZEN, "uids:account_freeze",
    _("Freeze"), _("Freeze PAYG of %(account)s?"), _("Confirm Freeze"),
    _("PAYG of UID %(uid)s is frozen. The cloud's confirmation shows on the page."),
    "snowflake", is_danger=True,
)  # fmt: skip
UNFREEZE = Flip(
    Control.PAYG_FREEZE, NORMAL, "uids:account_unfreeze",
    _("Unfreeze"), _("Unfreeze PAYG of %(account)s?"), _("Confirm Unfreeze"),
    _("PAYG of UID %(uid)s is no longer frozen. The cloud's confirmation shows on the page."),
    "power",
)  # fmt: skip
BAN = Flip(
    Control.PURCHASE_CONTROL, PurchaseControl.BAN.value, "uids:purchases_disable",
    _("Disable"), _("Disable purchases of %(account)s?"), _("Confirm Disable"),
    _("UID %(uid)s can no longer order anything. The cloud's confirmation shows on the page."),
    "ban", is_danger=True,
)  # fmt: skip
OPEN = Flip(
    Control.PURCHASE_CONTROL, PurchaseControl.NORMAL.value, "uids:purchases_enable",
    _("Enable"), _("Enable purchases of %(account)s?"), _("Confirm Enable"),
    _("UID %(uid)s can order again. The cloud's confirmation shows on the page."),
    "circle-check",
)  # fmt: skip
FLIPS = {(flip.what, flip.value): flip for flip in (FREEZE, UNFREEZE, BAN, OPEN)}

_POLICY_TITLES = {
    ShutdownPolicy.IMMEDIATELY_STOP: _("Change the shutdown policy of %(account)s to Immediate shutdown?"),
    ShutdownPolicy.DELAY_STOP: _("Change the shutdown policy of %(account)s to Delayed shutdown?"),
    ShutdownPolicy.NO_STOP: _("Change the shutdown policy of %(account)s to No shutdown?"),
}
_UNDO_TITLES: dict[tuple[Control, str], Promise] = {
    (Control.PAYG_FREEZE, FROZEN): _("Take the unfreeze of %(account)s back?"),
    (Control.PAYG_FREEZE, NORMAL): _("Take the freeze of %(account)s back?"),
    (Control.PURCHASE_CONTROL, PurchaseControl.BAN.value): _("Disable purchases of %(account)s again?"),
    (Control.PURCHASE_CONTROL, PurchaseControl.NORMAL.value): _("Take the purchase ban of %(account)s back?"),
}


def policy_flip(policy: ShutdownPolicy) -> Flip:
    return Flip(
        Control.SHUTDOWN_POLICY, policy.value, "uids:account_policy",
        _("Change"), _POLICY_TITLES[policy], _("Confirm Change"),
        _("The shutdown policy of UID %(uid)s is changed. The cloud's confirmation shows on the page."),
        "timer", is_danger=True,
    )  # fmt: skip


def flip_of(what: Control, value: str) -> Flip:
    return FLIPS.get((what, value)) or policy_flip(ShutdownPolicy(value))


def confirm_url(flip: Flip, uid: str) -> str:
    """Where one confirms it; of the policies one is named in the query."""
    url = reverse(flip.url_name, args=[uid])
    return f"{url}?value={flip.value}" if flip.what is Control.SHUTDOWN_POLICY else url


def undo_flip(what: Control, value: str) -> Flip:
    """Back to `value`, as the taking back of what changed it."""
    flip = flip_of(what, value)
    return flip._replace(
        label=_("Undo"),
        title=_UNDO_TITLES.get((what, value), flip.title),
        submit=_("Confirm Undo"),
        done=_("UID %(uid)s is as it was before. The cloud's confirmation shows on the page."),
        icon="undo-2",
    )
