"""The Linked User ID list: accounts with the quota that is in force for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q

from partner_console.access.policy import Permission, require
from partner_console.web.keyset import bare
from quota.selectors import finding
from quota.selectors.finding import Part
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Collection
    from decimal import Decimal

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

# Filters on what is in force, of a master or of oneself.
IN_FORCE = frozenset({"payg", "purchase", "policy", "credit", "in_warning", "release"})


def list_uids_with_quota(
    actor: Actor,
    *,
    q: str = "",
    status: Collection[str] = (),
    payg: Collection[str] = (),
    purchase: str = "",
    policy: Collection[str] = (),
    credit: Collection[str] = (),
    account_type: Collection[int | str] = (),
    manager: str = "",
    no_manager: bool = False,
    label: Collection[int | str] = (),
    environment: str = "",
    country: str = "",
    available_min: Decimal | None = None,
    available_max: Decimal | None = None,
    in_warning: bool = False,
    release: str = "",
    trustee: str = "",
    part: Part = Part.ALL,
) -> QuerySet[LinkedAccount]:
    """The actor's accounts with credit, master and the master's credit, unordered.

    States are the effective ones: what a master's switches, policy and quota make of its sub-accounts (design §4). The
    range of available quota is about accounts with a quota of their own: sub-accounts spend their master's.
    """
    require(actor, Permission.UID_VIEW)
    rows = LinkedAccount.objects.visible_to(actor).select_related("credit", "trustee", "trustee__credit")
    plain = {
        "relationship__in": status,
        "account_type__in": account_type,
        "business_manager": manager,
        "environment": environment,
        "country": country,
        "trustee__uid": trustee,
    }
    found = Q(**{name: value for name, value in plain.items() if value})
    if q:
        found &= finding.matches_search(q)
    if no_manager:
        found &= Q(business_manager="")
    if label:
        found &= finding.has_label(label)
    effective = (
        (payg, finding.payg_is),
        ((purchase,) if purchase else (), finding.purchase_is),
        (policy, finding.policy_is),
        (credit, finding.credit_is),
        ((release,) if release else (), finding.is_released_within),
    )
    for wanted, meaning in effective:
        if wanted:
            found &= meaning(actor, wanted, part)
    if in_warning:
        found &= finding.is_in_warning(actor, part)
    if available_min is not None:
        found &= Q(credit__available__gte=available_min)
    if available_max is not None:
        found &= Q(credit__available__lte=available_max)
    if part is not Part.ALL:
        found &= Q(trustee__isnull=part is Part.OWN)
    return rows.filter(found)


def uids_to_count(actor: Actor, **filters: Any) -> QuerySet[LinkedAccount]:
    """As many rows as `list_uids_with_quota` has, with nothing in them, in the form that is cheapest to count."""
    if not IN_FORCE & filters.keys():
        return bare(list_uids_with_quota(actor, **filters))
    own, held = (bare(list_uids_with_quota(actor, part=part, **filters)) for part in (Part.OWN, Part.HELD))
    return own.union(held, all=True)


def accounts_with_uid(actor: Actor, needle: str, **filters: object) -> list[LinkedAccount]:
    """The exact hit of a search: every record with this very UID that the other filters leave, live ones first."""
    uid = finding.exact_uid(needle)
    if not uid:
        return []
    rows = list(list_uids_with_quota(actor, **filters).filter(uid=uid)[:10])  # type: ignore[arg-type]
    return sorted(rows, key=lambda row: (not row.is_live, -row.pk))
