"""Reads of what waits for a second person, and of who may be one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Membership
from partner_console.access.policy import (
    ALLOWED,
    KIND_MAY,
    MEMBER_ROLES,
    ROLE_MAY,
    Permission,
    Verdict,
    allows,
    require,
)
from partner_console.access.scoping import get_visible_or_404

from .models import Approval, ApprovalRule
from .registry import CHECKED, CheckedAction, Rule, get_checked
from .rules import rule_of
from .states import ApprovalState, Waits, When

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor


@dataclass(frozen=True, slots=True)
class RuleInWords:
    """One line of the settings page."""

    action: str
    checked: CheckedAction
    rule: Rule
    is_default: bool

    @property
    def has_amount(self) -> bool:
        return self.rule.when == When.LIMITS and bool(self.checked.amount_label) and self.rule.amount_from is not None


DECIDING_ROLES = [role.value for role in MEMBER_ROLES if Permission.APPROVAL_DECIDE in ROLE_MAY[role]]


def get_approval(actor: Actor, pk: int) -> Approval:
    """One request with the people in it; `NotFound` when it is not the actor's."""
    require(actor, Permission.APPROVAL_VIEW)
    get_visible_or_404(Approval, actor, pk=pk)
    found: Approval = Approval.objects.visible_to(actor).select_related("partner", "asked_by", "decided_by").get(pk=pk)
    return found


def list_waiting_for(actor: Actor) -> QuerySet[Approval]:
    """What this person may decide, the one that expires first on top: never what they had a hand in."""
    require(actor, Permission.APPROVAL_VIEW)
    rows = Approval.objects.visible_to(actor).waiting().select_related("asked_by", "decided_by")
    if not allows(actor, Permission.APPROVAL_DECIDE) or actor.user_pk is None:
        return rows.none()
    return rows.exclude(involved__contains=[actor.user_pk]).order_by("expires_at", "asked_at", "pk")


def waiting_about(actor: Actor, subject_type: str, subject_pk: int) -> QuerySet[Approval]:
    """Requests about one thing that wait for a second person, oldest first. Its own page asks: whoever may see that may
    see them."""
    rows: QuerySet[Approval] = Approval.objects.visible_to(actor).waiting().select_related("asked_by")
    return rows.filter(subject_type=subject_type, subject_pk=subject_pk).order_by("pk")


def count_waiting_for(actor: Actor) -> int:
    """How many requests wait for this person."""
    return list_waiting_for(actor).count()


def list_approvals(
    actor: Actor, *, q: str = "", waits: Sequence[str] = (), state: Sequence[str] = (), action: Sequence[str] = ()
) -> QuerySet[Approval]:
    """Requests of the actor's partner that match everything asked for, unordered.

    States are those pages show: EXPIRED counts from the moment the time is over. `q` finds every word in what it is
    about and in who asked.
    """
    require(actor, Permission.APPROVAL_VIEW)
    rows = Approval.objects.visible_to(actor).with_shown_state()
    if waits:
        mine = list_waiting_for(actor).order_by().values("pk")
        wanted = Q(pk__in=mine) if Waits.ME in waits else Q()
        if Waits.OTHERS in waits:
            wanted |= Q(shown=ApprovalState.WAITING) & ~Q(pk__in=mine)
        rows = rows.filter(wanted)
    if state:
        rows = rows.filter(shown__in=state)
    if action:
        rows = rows.filter(action__in=action)
    for word in q.split():
        rows = rows.filter(
            Q(subject_label__icontains=word) | Q(asked_label__icontains=word) | Q(asked_by__name__icontains=word)
        )
    return rows.select_related("asked_by", "decided_by")


def second_people(actor: Actor, approval: Approval) -> list[Membership]:
    """Active members who may decide this request: never one who had a hand in it, nor the same RAM account again."""
    rows = (
        Membership.objects.visible_to(actor)
        .active()
        .filter(partner_id=approval.partner_id, role__in=DECIDING_ROLES)
        .exclude(user_id__in=approval.involved)
        .select_related("user", "partner")
        .order_by("pk")
    )
    taken = ram_uids_of(approval)
    return [one for one in rows if one.ram_uid not in taken]


def ram_uids_of(approval: Approval) -> set[str]:
    """RAM accounts of everybody who had a hand in the request: the same account under two logins is one person."""
    rows = Membership.objects.filter(partner_id=approval.partner_id, user_id__in=approval.involved)
    return set(rows.exclude(ram_uid="").values_list("ram_uid", flat=True))


def rules_by_action(actor: Actor) -> dict[str, ApprovalRule]:
    """The partner's own rules; an action that is missing has its default."""
    require(actor, Permission.APPROVAL_VIEW)
    return {rule.action: rule for rule in ApprovalRule.objects.visible_to(actor).filter(partner_id=actor.partner_pk)}


def list_rules(actor: Actor) -> list[RuleInWords]:
    """Every action the actor's kind of partner can do and a second person may check, with its rule."""
    own, kind = rules_by_action(actor), actor.partner_kind
    return [
        RuleInWords(action.value, get_checked(action), rule_of(own.get(action), action), is_default=action not in own)
        for action in CHECKED
        if kind is not None and get_checked(action).permission in KIND_MAY[kind] and not get_checked(action).rule_of
    ]


def may_decide(actor: Actor, approval: Approval) -> Verdict:
    """Whether this person may decide this request now, with the reason when not."""
    verdict = allows(actor, Permission.APPROVAL_DECIDE)
    if not verdict:
        return verdict
    if actor.user_pk in approval.involved:
        return Verdict(allowed=False, reason=_("You had a hand in this request yourself. Somebody else has to decide."))
    if not any(one.user_id == actor.user_pk for one in second_people(actor, approval)):
        return Verdict(
            allowed=False, reason=_("You share a RAM account with whoever asked. Somebody else has to decide.")
        )
    return ALLOWED


def may_decide_alone(actor: Actor, approval: Approval) -> bool:
    """Whether this person may decide and nobody may as a second one: then they may break the glass."""
    return bool(allows(actor, Permission.APPROVAL_DECIDE)) and not second_people(actor, approval)


def may_withdraw(actor: Actor, approval: Approval) -> bool:
    """Whoever asked, and everybody who may decide."""
    is_own = actor.user_pk is not None and actor.user_pk == approval.asked_by_id
    return is_own or bool(allows(actor, Permission.APPROVAL_DECIDE))
