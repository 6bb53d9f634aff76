"""The three switches a partner sets, as values: what an account's own says, what forbids a change. No queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partner_console.errors import Invalid
from uids.errors import AlreadyFrozen, FollowsMaster, NotFrozen, NotLive, SameControl, SamePolicy
from uids.states import Control, PaygStatus, PurchaseControl, ShutdownPolicy, payg_status

if TYPE_CHECKING:
    from partner_console.errors import DomainError
    from uids.models import LinkedAccount

FROZEN, NORMAL = PaygStatus.FROZEN.value, PaygStatus.NORMAL.value
# Values of each switch, as records keep them.
VALUES: dict[Control, tuple[str, ...]] = {
    Control.PAYG_FREEZE: (NORMAL, FROZEN),
    Control.PURCHASE_CONTROL: tuple(PurchaseControl.values),
    Control.SHUTDOWN_POLICY: tuple(ShutdownPolicy.values),
}

# A sub-account that says this by its own switch does not notice what its master's says.
STRICT: dict[Control, str] = {
    Control.PAYG_FREEZE: FROZEN,
    Control.PURCHASE_CONTROL: PurchaseControl.BAN.value,
}


def clean_switch(what: Control | str, value: str) -> Control:
    """The switch, if it has such a value; `Invalid` otherwise. PAYG shutdown is no switch: arrears decide it."""
    if what not in VALUES or value not in VALUES[Control(what)]:
        raise Invalid("unknown_value", _("There is no such switch or value."), field="value")
    return Control(what)


def own_value(account: LinkedAccount, what: Control) -> str:
    """What this account's own switch says, whatever its master's does."""
    if what is Control.PAYG_FREEZE:
        return FROZEN if account.payg_frozen else NORMAL
    return str(account.purchase_control if what is Control.PURCHASE_CONTROL else account.shutdown_policy)


def value_in_force(account: LinkedAccount, what: Control) -> str:
    """What is in force for it now (load `trustee`)."""
    return value_under(account, account.trustee, what)


def value_under(account: LinkedAccount, master: LinkedAccount | None, what: Control) -> str:
    """What is in force for an account whose money `master` holds, or nobody: of a freeze or a ban the stricter of both,
    of policy and shutdown the master's (design §4)."""
    holder = master or account
    if what is Control.PAYG_SHUTDOWN:
        stopped, released = holder.payg_stopped_at is not None, holder.payg_released_at is not None
        return payg_status(frozen=False, stopped=stopped, released=released).value
    if what in STRICT:
        return stricter(what, own_value(account, what), own_value(holder, what))
    return own_value(holder, what)


def stricter(what: Control, own: str, masters: str) -> str:
    """Of a freeze or a purchase control: one of them is enough to forbid."""
    return STRICT[what] if STRICT[what] in (own, masters) else own


def held(what: Control) -> Q:
    """Sub-accounts for which a change of their master's changes nothing: their own switch is the stricter one."""
    if what is Control.PAYG_FREEZE:
        return Q(payg_frozen=True)
    return Q(purchase_control=PurchaseControl.BAN) if what is Control.PURCHASE_CONTROL else Q(pk__in=[])


# The same in the database, of a sub-account called `sub`. Change both or neither.
HELD_SQL: dict[Control, str] = {
    Control.PAYG_FREEZE: "sub.payg_frozen",
    Control.PURCHASE_CONTROL: f"sub.purchase_control = '{PurchaseControl.BAN.value}'",
    Control.SHUTDOWN_POLICY: "FALSE",
}


def judge(account: LinkedAccount, what: Control, value: str) -> DomainError | None:
    """Why this account's own switch cannot be set to this; None when it can (load `trustee`)."""
    if not account.is_live:
        return NotLive(account)
    if what is Control.SHUTDOWN_POLICY and account.trustee_id is not None:
        return FollowsMaster(account)
    if own_value(account, what) != value:
        return None
    if what is Control.PAYG_FREEZE:
        return AlreadyFrozen(account.uid) if value == FROZEN else NotFrozen(account.uid)
    return SameControl(account.uid) if what is Control.PURCHASE_CONTROL else SamePolicy(account.uid)
