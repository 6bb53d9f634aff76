"""The words of bulk edits: their kinds, what they may set switches to, why an account was not changed. No queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from uids.controls import FROZEN, NORMAL
from uids.states import Control, PurchaseControl, ShutdownPolicy
from uids.wording import NOTICED

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MANAGER, LABELS, REMARKS = "manager", "labels", "remarks"
CONTROLS, UNDO = "controls", "undo"  # one switch of many accounts, and taking that back
TITLES: dict[str, _StrPromise] = {
    MANAGER: _("Change the business manager"),
    LABELS: _("Change labels"),
    REMARKS: _("Change remarks"),
    CONTROLS: _("Shutdown control"),
    UNDO: _("Take a change back"),
}

NOT_LIVE, TOO_LONG = "not_live", "too_long"
IN_ARREARS, FOLLOWS_MASTER, CHANGED_SINCE = "in_arrears", "follows_master", "changed_since"
REASONS: dict[str, _StrPromise] = {
    NOT_LIVE: _("The relationship has ended: the record no longer changes."),
    TOO_LONG: _("With this text the remarks would be longer than 3000 bytes."),
    IN_ARREARS: _("In arrears: it cannot be unfrozen before it has money."),
    FOLLOWS_MASTER: _("It follows the shutdown policy of its master. Change it there."),
    CHANGED_SINCE: _("Somebody changed it again since then."),
}

# What many accounts can be set to at once, in the order of the form.
SWITCHES: dict[tuple[str, str], _StrPromise] = {
    (Control.PAYG_FREEZE, FROZEN): _("Freeze PAYG"),
    (Control.PAYG_FREEZE, NORMAL): _("Unfreeze PAYG"),
    (Control.PURCHASE_CONTROL, PurchaseControl.BAN): _("Disable purchases"),
    (Control.PURCHASE_CONTROL, PurchaseControl.NORMAL): _("Enable purchases"),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.IMMEDIATELY_STOP): _("Set the policy: Immediate shutdown"),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.DELAY_STOP): _("Set the policy: Delayed shutdown"),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.NO_STOP): _("Set the policy: No shutdown"),
}
POLICY_BACK = _("Each account gets back the shutdown policy and the overdraft it had.")


def in_words(code: str, detail: str = "") -> str:
    """Why an account was not changed, and what is missing. A code that a later version forgot stands for itself."""
    words = str(REASONS[code]) if code in REASONS else code
    return f"{words} ({detail})" if detail else words


def title_of(kind: str, what: str = "", value: str = "") -> str:
    """What a bulk edit does: of a switch, what it is set to."""
    return str(SWITCHES[what, value] if (what, value) in SWITCHES else TITLES.get(kind, ""))


def effect_of(what: str, value: str) -> str:
    """What customers notice. Without a value each account goes back to its own policy."""
    return str(NOTICED[Control(what), value] if value else POLICY_BACK)
