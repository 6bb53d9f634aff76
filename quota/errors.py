"""What can be wrong with a quota."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.errors import Conflict, Forbidden, Invalid
from partner_console.money import QUOTA_PLACES

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from uids.models import LinkedAccount


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
