"""What linking changes for the customer, row by row: now and after (design §5). Words only; nothing is decided here.

An agency's customers go on paying the cloud themselves; a reseller's or distributor's pay the partner (acpn.md §2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.access.policy import PartnerKind
from partner_console.web.formats import amount
from uids.states import PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from linking.models import Invitation


@dataclass(frozen=True, slots=True)
class Row:
    question: str
    now: str
    after: str


def meaning(invitation: Invitation) -> str:
    """Two sentences: what linking is."""
    names = {"partner": invitation.partner.name}
    if invitation.partner.kind == PartnerKind.AGENCY:
        return (
            _("%(partner)s becomes the partner who advises and supports your account, and sees it in its list.") % names
            + " "
            + _("You go on paying the cloud yourself, and your account, sign-in and resources stay yours.")
        )
    return (
        _("%(partner)s becomes the reseller of your account: it pays the cloud for what you use and bills you.") % names
        + " "
        + _("Your account, your sign-in and your resources stay yours.")
    )


def sheet(invitation: Invitation) -> list[Row]:
    """Who pays, who sees bills, who can stop services, what does not change, how to leave."""
    names = {"partner": invitation.partner.name}
    if invitation.partner.kind == PartnerKind.AGENCY:
        money = _agency_rows(names)
    else:
        money = [*_reseller_rows(names), _limit_row(invitation), _stop_row(invitation)]
    return [
        *money,
        Row(
            _("Who uses and manages the resources?"),
            _("You."),
            _("You. Sign-in, users, resources, data and addresses do not change."),
        ),
        Row(
            _("How do I leave?"),
            _("There is nothing to leave."),
            _("Ask %(partner)s to end the link. Open bills are settled first; your account stays yours.") % names,
        ),
    ]


def _agency_rows(names: dict[str, str]) -> list[Row]:
    return [
        Row(_("Who pays the cloud?"), _("You."), _("You, as before.")),
        Row(
            _("Who sees the bills?"),
            _("You."),
            _("You. %(partner)s sees that you are its customer and what it earns from that.") % names,
        ),
        Row(_("Who can stop services?"), _("You and the cloud."), _("You and the cloud, as before.")),
    ]


def _reseller_rows(names: dict[str, str]) -> list[Row]:
    return [
        Row(
            _("Who pays the cloud?"),
            _("You."),
            _("%(partner)s. You pay %(partner)s as agreed between you.") % names,
        ),
        Row(_("Who sees the bills?"), _("You."), _("You and %(partner)s.") % names),
    ]


def _limit_row(invitation: Invitation) -> Row:
    names = {
        "partner": invitation.partner.name,
        "amount": amount(invitation.quota),
        "currency": invitation.partner.currency,
    }
    after = _("Yes: %(amount)s %(currency)s at the start. %(partner)s can raise or lower it.") % names
    if invitation.purchase_control == PurchaseControl.BAN:
        after += " " + _("New orders are blocked at first.")
    return Row(_("Is there a spending limit?"), _("What you agreed with the cloud."), after)


def _stop_row(invitation: Invitation) -> Row:
    names = {"partner": invitation.partner.name}
    who = _("You, the cloud and %(partner)s, which can pause pay-as-you-go services and new orders.") % names
    limit = {
        ShutdownPolicy.IMMEDIATELY_STOP: _("When the limit is used up, pay-as-you-go services stop at once."),
        ShutdownPolicy.DELAY_STOP: _(
            "When the limit is used up, pay-as-you-go services run on for a while, then stop."
        ),
        ShutdownPolicy.NO_STOP: _("When the limit is used up, services run on; new orders wait."),
    }[ShutdownPolicy(invitation.shutdown_policy)]
    return Row(_("Who can stop services?"), _("You and the cloud."), f"{who} {limit}")
