"""The inbox of warnings across all customers, and the feed that is silent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partner_console.access.policy import Permission, allows, require
from partner_console.errors import NotFound
from partner_console.web.keyset import bare, capped_count
from quota.models import SilentFeed, Warning, WarningLine, WarningSettings
from quota.selectors import finding
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

MOST_IN_NAV = 99
MOST_COUNTED = 10_000


class WarningState(TextChoices):
    """Where a warning stands for people; computed, never stored."""

    OPEN = "open", pgettext_lazy("warnings", "Open")
    ACKNOWLEDGED = "acknowledged", pgettext_lazy("warnings", "Acknowledged")
    SNOOZED = "snoozed", pgettext_lazy("warnings", "Snoozed")
    RESOLVED = "resolved", pgettext_lazy("warnings", "Resolved")


def state_of(warning: Warning) -> WarningState:
    if warning.recovered_at is not None:
        return WarningState.RESOLVED
    if warning.snoozed_until is not None and warning.snoozed_until > timezone.now():
        return WarningState.SNOOZED
    return WarningState.OPEN if warning.acknowledged_at is None else WarningState.ACKNOWLEDGED


def list_warnings(
    actor: Actor,
    *,
    state: str = "",
    q: str = "",
    kind: Sequence[str] = (),
    label: Sequence[str] = (),
    manager: str = "",
    older_than: str = "",
    in_arrears: bool = False,
) -> QuerySet[Warning]:
    """The partner's warnings in one state (open when empty), with account, lines and people; unordered.

    `older_than` is in days. The customers' own alerts are theirs and never here.
    """
    require(actor, Permission.QUOTA_VIEW)
    found = _is(WarningState(state or WarningState.OPEN))
    if q:
        accounts = LinkedAccount.objects.visible_to(actor).filter(finding.matches_search(q))
        found &= Q(credit__in=accounts.order_by().values("pk"))
    if kind:
        found &= Q(Exists(WarningLine.objects.filter(warning=OuterRef("pk"), kind__in=kind)))
    if label:
        labelled = LinkedAccount.labels.through.objects.filter(label_id__in=label)
        found &= Q(Exists(labelled.filter(linkedaccount_id=OuterRef("credit_id"))))
    if manager:
        found &= Q(credit__account__business_manager=manager)
    if older_than:
        found &= Q(fired_at__lte=timezone.now() - timedelta(days=int(older_than)))
    if in_arrears:
        found &= Q(credit__available__lt=0)
    rows: QuerySet[Warning] = (
        _ours(actor)
        .filter(found)
        .select_related("credit__account", "credit__partner", "partner", "acknowledged_by", "snoozed_by")
        .prefetch_related("lines")
    )
    return rows


def get_warning(actor: Actor, pk: int) -> Warning:
    """One warning with all that its page shows; `NotFound` when it is not the actor's to see."""
    require(actor, Permission.QUOTA_VIEW)
    rows = _ours(actor).select_related(
        "credit__account__trustee", "credit__partner", "partner", "acknowledged_by", "snoozed_by"
    )
    found: Warning | None = rows.prefetch_related("lines").filter(pk=pk).first()
    if found is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return found


def counts_by_state(actor: Actor) -> dict[WarningState, int]:
    """How many stand where. What is over is counted up to 10,000."""
    require(actor, Permission.QUOTA_VIEW)
    still = [state for state in WarningState if state is not WarningState.RESOLVED]
    counted = (
        _ours(actor)
        .filter(recovered_at__isnull=True)
        .aggregate(**{state.value: Count("pk", filter=_is(state)) for state in still})
    )
    over = capped_count(bare(_ours(actor).filter(_is(WarningState.RESOLVED))), MOST_COUNTED)
    return {state: counted[state.value] for state in still} | {WarningState.RESOLVED: over}


def count_for_nav(actor: Actor) -> int:
    """Open warnings nobody has yet, up to 99; 0 for who may not see them."""
    if not allows(actor, Permission.QUOTA_VIEW):
        return 0
    # Their keys, not their count: on every page, and Django is slow in putting a counting statement around another.
    return len(_ours(actor).filter(_is(WarningState.OPEN)).order_by().values_list("pk")[:MOST_IN_NAV])


def get_silent_feed(actor: Actor) -> SilentFeed | None:
    """The partner's feed while it is silent; for operators, the one that is so the longest."""
    if not allows(actor, Permission.QUOTA_VIEW):
        return None
    rows = SilentFeed.objects.visible_to(actor).filter(recovered_at__isnull=True).select_related("partner")
    return rows.order_by("since", "pk").first()


def get_mailing(actor: Actor) -> WarningSettings:
    """How the actor's partner has its warnings mailed; at once where nobody chose."""
    require(actor, Permission.QUOTA_VIEW)
    chosen = WarningSettings.objects.visible_to(actor).filter(partner=actor.partner_pk).first()
    return chosen or WarningSettings(partner_id=actor.partner_pk or 0)


def _ours(actor: Actor) -> QuerySet[Warning]:
    rows: QuerySet[Warning] = Warning.objects.visible_to(actor).filter(for_customer=False)
    return rows


def _is(state: WarningState) -> Q:
    if state is WarningState.RESOLVED:
        return Q(recovered_at__isnull=False)
    snoozed = Q(snoozed_until__isnull=False, snoozed_until__gt=timezone.now())
    if state is WarningState.SNOOZED:
        return Q(recovered_at__isnull=True) & snoozed
    return Q(recovered_at__isnull=True, acknowledged_at__isnull=state is WarningState.OPEN) & ~snoozed
