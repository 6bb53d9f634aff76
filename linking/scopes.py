"""What a reseller may be allowed to do in a customer's account: scopes, their groups, and how far each reaches. Pure.

The words follow the seed ("view billing", "manage resources", "provision on behalf") and design §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Iterable


class ScopeGroup(TextChoices):
    BILLING = "billing", _("Billing")
    RESOURCES = "resources", _("Resources")
    BUYING = "buying", _("Buying")
    SUPPORT = "support", _("Support")


class Scope(TextChoices):
    """One thing a partner may do for the customer. Stored by value; never renamed, only added."""

    VIEW_BILLS = "view_bills", _("See bills")
    VIEW_RESOURCES = "view_resources", _("See resources")
    MANAGE_RESOURCES = "manage_resources", _("Create, change and stop resources")
    BUY = "buy", _("Buy for the customer")
    VIEW_SUPPORT = "view_support", _("See support tickets")
    MANAGE_SUPPORT = "manage_support", _("Open and answer support tickets")


GROUPS: dict[ScopeGroup, tuple[Scope, ...]] = {
    ScopeGroup.BILLING: (Scope.VIEW_BILLS,),
    ScopeGroup.RESOURCES: (Scope.VIEW_RESOURCES, Scope.MANAGE_RESOURCES),
    ScopeGroup.BUYING: (Scope.BUY,),
    ScopeGroup.SUPPORT: (Scope.VIEW_SUPPORT, Scope.MANAGE_SUPPORT),
}
# Least privilege (seed 000, "Permissions and Access"): what an invitation asks when nobody chose more.
LEAST = (Scope.VIEW_BILLS,)
VIEWING = frozenset({Scope.VIEW_BILLS, Scope.VIEW_RESOURCES, Scope.VIEW_SUPPORT})
# Whoever pays the cloud must see the bill; a customer may take back everything else at any time.
REQUIRED = frozenset({Scope.VIEW_BILLS})
# To do a thing one has to see it.
IMPLIES: dict[Scope, Scope] = {
    Scope.MANAGE_RESOURCES: Scope.VIEW_RESOURCES,
    Scope.MANAGE_SUPPORT: Scope.VIEW_SUPPORT,
}


def complete(scopes: Iterable[str]) -> list[str]:
    """The scopes with those they imply and the required ones, once each, in the order of `Scope`.

    Raises ValueError on a word that is no scope.
    """
    asked = {Scope(one) for one in scopes} | REQUIRED
    asked |= {IMPLIES[one] for one in asked if one in IMPLIES}
    return [one.value for one in Scope if one in asked]


def allows_more_than_viewing(scopes: Iterable[str]) -> bool:
    """Whether any of them lets the partner change something: such a link asks for a second person (design §5)."""
    return not {Scope(one) for one in scopes} <= VIEWING


def without(scopes: Iterable[str], taken_back: Iterable[str]) -> list[str]:
    """What is left of `scopes`: taking back "see" takes back "manage" with it; required ones stay."""
    gone = {Scope(one) for one in taken_back} - REQUIRED
    gone |= {one for one, seen in IMPLIES.items() if seen in gone}
    return [one for one in scopes if Scope(one) not in gone]
