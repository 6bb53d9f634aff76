"""What can be wrong with a quota."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Conflict, Forbidden, Invalid
from partner_console.money import QUOTA_PLACES

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from uids.models import LinkedAccount, ScheduledControl


class NoQuotaForAgency(Forbidden):
    """An agency's customers pay the cloud themselves (seed 004 §1, acpn.md §2)."""

    def __init__(self) -> None:
        super().__init__("no_quota_for_agency", _("An agency's customers have no quota here."))


class UnderTrusteeship(Conflict):
    """The master holds the money (design §4)."""

    def __init__(self, account: LinkedAccount) -> None:
        master = account.trustee.uid if account.trustee else ""
        super().__init__(
            "under_trusteeship",
            _("UID %(uid)s spends the quota of its master %(master)s. Change it there.")
            % {"uid": account.uid, "master": master},
            data={"master": master},
        )


class NoAlertHere(Conflict):
    """A customer's alert watches money of the account's own, while it is linked."""

    def __init__(self) -> None:
        super().__init__("no_alert_here", _("This account has no limit of its own here, so there is nothing to watch."))


class NothingToChange(Invalid):
    """The value is already that; recording a change that is none would be noise."""

    def __init__(self, message: str | _StrPromise, *, field: str) -> None:
        super().__init__("nothing_to_change", message, field=field)


class WouldBeInArrears(Conflict):
    """Allowed, but only by somebody who has read what happens then (design §6.1)."""

    def __init__(self, effect: str | _StrPromise, *, available: Decimal) -> None:
        super().__init__(
            "would_be_in_arrears",
            effect,
            field="accept_arrears",
            data={"available": str(available)},
        )


class MovedOn(Conflict):
    """The quota changed since a second person was asked: nobody has looked at what would happen now."""

    def __init__(self, *, before: Decimal, now: Decimal, currency: str) -> None:
        super().__init__(
            "moved_on",
            _(
                "The quota was %(before)s %(currency)s when this was asked for and is %(now)s %(currency)s now. "
                "Nothing was changed: reject this, so that it can be asked for anew."
            )
            % {"before": f"{before:,.2f}", "now": f"{now:,.2f}", "currency": currency},
            data={"before": str(before), "now": str(now)},
        )


class TakenOffMeanwhile(Conflict):
    """Somebody wrote off or refunded since a second person was asked: the same money may be meant."""

    def __init__(self, *, before: Decimal, now: Decimal, currency: str) -> None:
        super().__init__(
            "taken_off_meanwhile",
            _(
                "%(before)s %(currency)s were deducted when this was asked for, and %(now)s %(currency)s are now: "
                "somebody has written off or refunded since. Nothing was changed: reject this."
            )
            % {"before": f"{before:,.2f}", "now": f"{now:,.2f}", "currency": currency},
            data={"before": str(before), "now": str(now)},
        )


class NothingToTakeBack(Conflict):
    """Confirmed, taken back already, or still on its way."""

    def __init__(self) -> None:
        super().__init__(
            "nothing_to_take_back", _("There is nothing to take back: open the page again to see how it stands.")
        )


class BoostInForce(Conflict):
    def __init__(self) -> None:
        super().__init__(
            "boost_in_force", _("A temporary boost is in force already. Give it another end, or end it first.")
        )


class NoBoostInForce(Conflict):
    def __init__(self) -> None:
        super().__init__("no_boost_in_force", _("No temporary boost is in force: it has ended meanwhile."))


class AskerMayNot(Conflict):
    """What a second person agrees to is done with the rights of whoever asked."""

    def __init__(self) -> None:
        super().__init__(
            "asker_may_not",
            _("Whoever asked for this may no longer do it. Nothing was changed: reject it."),
        )


class CascadeMoved(Conflict):
    """More or fewer sub-accounts follow than somebody confirmed: they have not looked at what would happen now."""

    def __init__(self, *, confirmed: int, n_accounts: int) -> None:
        super().__init__(
            "cascade_moved",
            _(
                "This changes %(count)s accounts, and %(confirmed)s were confirmed. Nothing was changed: "
                "look at the accounts again."
            )
            % {"count": f"{n_accounts:,}", "confirmed": f"{confirmed:,}"},
            field="confirmed",
            data={"n_accounts": n_accounts},
        )


class ManyAtOnce(Conflict):
    """An action over many accounts is taken back where it was done, account by account."""

    def __init__(self) -> None:
        super().__init__(
            "many_at_once", _("This was done to many accounts at once. Take it back on the page of that bulk change.")
        )


class InArrears(Conflict):
    """Unfreezing cannot help an account without money (design §6.5; acpn.md §6.8)."""

    def __init__(self, *, available: Decimal, currency: str) -> None:
        missing = missing_to_zero(available)
        super().__init__(
            "in_arrears",
            _("Available Quota is below zero: it needs +%(missing)s %(currency)s first.")
            % {"missing": f"{missing:,.2f}", "currency": currency},
            data={"missing": str(missing)},
        )


def missing_to_zero(available: Decimal) -> Decimal:
    """What to add so that available is not below zero, in whole cents: a quota has no smaller ones."""
    return max(-available, Decimal(0)).quantize(QUOTA_PLACES, rounding=ROUND_UP)


class AlreadyPlanned(Conflict):
    """One plan for each switch of an account: two would leave nobody sure of what is going to be."""

    def __init__(self) -> None:
        super().__init__(
            "already_planned", _("A change of this switch is planned already. Edit that one, or call it off first.")
        )


class PlanClosed(Conflict):
    """Nothing of it is ahead any more."""

    def __init__(self, plan: ScheduledControl) -> None:
        super().__init__(
            "plan_closed",
            _("This planned change is “%(state)s” by now. Nothing was changed.") % {"state": plan.get_state_display()},
            data={"state": plan.state},
        )


class PlanMoved(Conflict):
    """It began, or somebody edited it, since a second person was asked."""

    def __init__(self) -> None:
        super().__init__(
            "plan_moved", _("The planned change is no longer as it was when this was asked. Nothing was changed.")
        )
