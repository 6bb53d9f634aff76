"""What the overview shows: everything that waits for somebody, over all three domains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils import timezone

from linking.models import Invitation
from linking.states import OPEN, WITH_CUSTOMER, InvitationState, Turn, turn
from partner_console.access.policy import Permission, allows
from partner_console.approvals.selectors import count_waiting_for
from quota.selectors import uids_to_count
from quota.selectors.exposure import get_exposure
from quota.selectors.plans import count_planned
from uids.models import LinkedAccount
from uids.states import LIVE, PaygStatus

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from quota.selectors.exposure import Exposure


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts for the tiles. `exposure` is None where the actor may not see quota (agencies)."""

    n_accounts: int
    n_frozen: int
    n_to_be_released: int
    n_planned: int
    n_to_be_confirmed: int
    n_customer: int
    n_cloud: int
    n_us: int
    n_second_person: int
    n_expiring: int
    n_approvals: int
    exposure: Exposure | None
    may_see_links: bool
    may_see_controls: bool


EXPIRES_SOON_DAYS = 3


def overview(actor: Actor) -> Overview:
    """Everything the actor may see, in a dozen queries whatever the number of accounts."""
    by_turn, has_controls = open_links_by_turn(actor), bool(allows(actor, Permission.CONTROL_VIEW))
    accounts = LinkedAccount.objects.visible_to(actor).live()
    counts = accounts.aggregate(
        n=Count("pk"),
        confirm=Count("pk", filter=Q(relationship="to_be_confirmed")),
    )
    soon = timezone.now() + timedelta(days=EXPIRES_SOON_DAYS)
    return Overview(
        n_accounts=counts["n"],
        n_frozen=_count(actor, payg=[PaygStatus.FROZEN]) if has_controls else 0,
        n_to_be_released=_count(actor, release="15") if has_controls else 0,
        n_planned=count_planned(actor) if has_controls else 0,
        n_to_be_confirmed=counts["confirm"],
        n_customer=by_turn[Turn.CUSTOMER],
        n_cloud=by_turn[Turn.CLOUD],
        n_us=by_turn[Turn.US],
        n_second_person=by_turn[Turn.SECOND_PERSON],
        n_expiring=Invitation.objects.visible_to(actor)
        .filter(state__in=WITH_CUSTOMER, expires_at__gt=timezone.now(), expires_at__lte=soon)
        .count(),
        n_approvals=count_waiting_for(actor),
        exposure=get_exposure(actor) if allows(actor, Permission.QUOTA_VIEW) else None,
        may_see_links=bool(allows(actor, Permission.LINK_VIEW)),
        may_see_controls=has_controls,
    )


def _count(actor: Actor, **filters: Any) -> int:
    """As many as the list shows with this filter, sub-accounts that follow their master included."""
    found: int = uids_to_count(actor, status=LIVE, **filters).count()
    return found


def open_links_by_turn(actor: Actor) -> dict[Turn, int]:
    """Open and failed invitations by whose turn it is. Expired ones that no worker has closed yet are nobody's."""
    rows = (
        Invitation.objects.visible_to(actor)
        .filter(state__in=[*OPEN, InvitationState.FAILED])
        .exclude(state__in=WITH_CUSTOMER, expires_at__lte=timezone.now())
        .values("state")
        .annotate(n=Count("pk"))
        .order_by()
    )
    counts = dict.fromkeys(Turn, 0)
    for row in rows:
        counts[turn(row["state"])] += row["n"]
    return counts
