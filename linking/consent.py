"""What linking changes for the customer, row by row: now and after (design §5). Words only; nothing is decided here.

An agency's customers go on paying the cloud themselves; a reseller's or distributor's pay the partner (acpn.md §2).
What stands here is what the customer agrees to: the receipt keeps it word by word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from linking.scopes import LEAST, Scope, complete
from partner_console.access.policy import PartnerKind
from partner_console.web.formats import amount, sentences
from uids.states import AccountType, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linking.models import Invitation

SECOND_TIER = (AccountType.T2_AGENCY, AccountType.T2_RESELLER, AccountType.T2_AGENCY_RESELLER)
PERMISSION_TEXTS = {
    Scope.VIEW_BILLS: gettext_lazy("See your bills and how much you use"),
    Scope.VIEW_RESOURCES: gettext_lazy("See your servers, storage and other resources"),
    Scope.MANAGE_RESOURCES: gettext_lazy("Create, change and stop your resources"),
    Scope.BUY: gettext_lazy("Place orders for you"),
    Scope.VIEW_SUPPORT: gettext_lazy("See your support tickets"),
    Scope.MANAGE_SUPPORT: gettext_lazy("Open and answer support tickets for you"),
}


@dataclass(frozen=True, slots=True)
class Row:
    question: str
    now: str
    after: str


def scopes_of(invitation: Invitation) -> list[str]:
    """What will be granted: what is asked, the least where nobody chose, and what goes with it (design §5)."""
    return complete(invitation.scopes or LEAST)


def may(scopes: Iterable[str]) -> list[str]:
    """What the partner may do, as the customer reads it."""
    given = set(scopes)
    return [str(PERMISSION_TEXTS[one]) for one in Scope if one.value in given]


def may_not(scopes: Iterable[str]) -> list[str]:
    """The rest: what the partner may not do."""
    given = set(scopes)
    return [str(PERMISSION_TEXTS[one]) for one in Scope if one.value not in given]


def permissions_end(invitation: Invitation) -> str:
    """When the permissions end by themselves; "" when they do not."""
    days = invitation.template_version.days if invitation.template_version else None
    if days is None:
        return ""
    return ngettext(
        "Everything but seeing the bills ends by itself %(days)d day after linking.",
        "Everything but seeing the bills ends by itself %(days)d days after linking.",
        days,
    ) % {"days": days}


def meaning(invitation: Invitation) -> str:
    """Two sentences: what linking is."""
    names = {"partner": invitation.partner.name}
    if invitation.renews:
        return sentences(
            _("Your account is linked to %(partner)s already. It asks you for other permissions.") % names,
            _("Only what you allow here changes; everything else stays as it is."),
        )
    if invitation.partner.kind == PartnerKind.AGENCY:
        return sentences(
            _("%(partner)s becomes the partner who advises and supports your account, and sees it in its list.")
            % names,
            _("You go on paying the cloud yourself, and your account, sign-in and resources stay yours."),
        )
    if invitation.account_type in SECOND_TIER:
        return sentences(
            _("%(partner)s becomes the distributor of your reseller account: it gives you a limit and bills you.")
            % names,
            _("Your customers stay yours alone: %(partner)s sees sums, not who they are.") % names,
        )
    return sentences(
        _("%(partner)s becomes the reseller of your account: it pays the cloud for what you use and bills you.")
        % names,
        _("Your account, your sign-in and your resources stay yours."),
    )


def title(invitation: Invitation) -> str:
    """What the partner asks, as a heading."""
    names = {"partner": invitation.partner.name}
    if invitation.renews:
        return _("%(partner)s asks for other permissions") % names
    if invitation.learns_uid:
        return _("%(partner)s asks to link your new cloud account") % names
    return _("%(partner)s asks to link your cloud account") % names


def question(invitation: Invitation) -> str:
    """What the customer answers, as a heading."""
    names = {"partner": invitation.partner.name}
    if invitation.renews:
        return _("Allow this to %(partner)s?") % names
    return _("Link your account to %(partner)s?") % names


def statement(invitation: Invitation) -> str:
    """What the customer says by approving; the first words of the receipt."""
    names = {"partner": invitation.partner.name}
    if invitation.renews:
        return _("I allow %(partner)s in my account what is described here.") % names
    return _("I approve linking my account to %(partner)s as described here.") % names


def context(invitation: Invitation) -> dict[str, Any]:
    """All of it as the pages show it."""
    scopes = scopes_of(invitation)
    return {
        "title": title(invitation),
        "question": question(invitation),
        "meaning": meaning(invitation),
        "sheet": sheet(invitation),
        "may": may(scopes),
        "may_not": may_not(scopes),
        "permissions_end": permissions_end(invitation),
    }


def sheet(invitation: Invitation) -> list[Row]:
    """Who pays, who sees bills, who can stop services, what does not change, how to leave."""
    names = {"partner": invitation.partner.name}
    scopes = scopes_of(invitation)
    if invitation.renews:
        return [
            Row(_("Who pays, and is there a spending limit?"), _("As agreed."), _("As before.")),
            _resources_row(names, scopes),
        ]
    if invitation.partner.kind == PartnerKind.AGENCY:
        money = _agency_rows(names)
    else:
        money = [*_reseller_rows(names), _limit_row(invitation), _stop_row(invitation)]
    return [
        *money,
        _resources_row(names, scopes),
        Row(
            _("How do I leave?"),
            _("There is nothing to leave."),
            _(
                "You end the link on your own page here, or ask %(partner)s. Open bills are settled first; your "
                "account stays yours."
            )
            % names,
        ),
    ]


def _agency_rows(names: dict[str, str]) -> list[Row]:
    return [
        Row(_("Who pays the cloud?"), _("You."), _("You, as before.")),
        Row(_("Who sees the bills?"), _("You."), _("You and %(partner)s.") % names),
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


def _resources_row(names: dict[str, str], scopes: list[str]) -> Row:
    if Scope.MANAGE_RESOURCES in scopes:
        after = _(
            "You, and %(partner)s, which may create, change and stop them. Sign-in, users and data stay under your "
            "control."
        )
    else:
        after = _("You. Sign-in, users, resources, data and addresses do not change.")
    return Row(_("Who uses and manages the resources?"), _("You."), after % names)


def _limit_row(invitation: Invitation) -> Row:
    names = {
        "partner": invitation.partner.name,
        "amount": amount(invitation.quota),
        "currency": invitation.partner.currency,
    }
    after = _("Yes: %(amount)s %(currency)s at the start. %(partner)s can raise or lower it.") % names
    if invitation.purchase_control == PurchaseControl.BAN:
        after = sentences(after, _("New orders are blocked at first."))
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
    return Row(_("Who can stop services?"), _("You and the cloud."), sentences(who, limit))
