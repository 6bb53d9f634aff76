"""Reads of planned changes: of one account, of one partner, and what planning one would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.approvals.selectors import waiting_about
from partner_console.audit.actions import Action
from partner_console.errors import NotFound
from quota import schedules
from quota.models import CustomerAlert
from quota.selectors import finding
from quota.selectors.switches import SUBJECT
from quota.services import controls
from quota.services.scheduling import Plan, clean_edit, clean_plan
from uids.controls import judge
from uids.models import ScheduledControl
from uids.models.scheduled import SCHEDULE_CHANGES, SCHEDULE_OPEN
from uids.previews import count_accounts
from uids.states import Control

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from partner_console.approvals.rules import Need
    from uids.models import LinkedAccount

CLOSED_SHOWN = 20
LANGUAGE_OF = {"JP": "ja", "CN": "zh-hans"}


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """What a plan comes to. Times are UTC, after quiet hours; `notice_at` None: nobody is told. `n_accounts` are the
    account and the sub-accounts that follow it now."""

    plan: Plan
    begins: datetime
    ends: datetime | None
    notice_at: datetime | None
    n_accounts: int
    need: Need | None

    @property
    def title(self) -> str:
        return str(SCHEDULE_CHANGES[Control(self.plan.what), self.plan.value])

    @property
    def noticed(self) -> list[str]:
        return [str(one) for one in schedules.NOTICED[Control(self.plan.what), self.plan.value]]

    @property
    def is_begin_moved(self) -> bool:
        return self.begins > self.plan.starts_at

    @property
    def is_end_moved(self) -> bool:
        return self.ends is not None and self.plan.ends_at is not None and self.ends > self.plan.ends_at


def preview_plan(
    actor: Actor, account: LinkedAccount, plan: Plan, *, edits: ScheduledControl | None = None
) -> PlanPreview:
    """The dry run of `plan_control` and `edit_plan`: raises what they would refuse. `account` comes with its partner
    and trustee."""
    require(actor, Permission.CONTROL_CHANGE)
    what = Control(plan.what)
    if edits is None:
        plan = clean_plan(account, plan)
        if error := judge(account, what, plan.value):
            raise error
    else:
        plan = clean_edit(edits, account, plan)
    begins = schedules.step_at(account.partner, plan.value, plan.starts_at)
    back = (edits.before if edits else "") or schedules.opposite(plan.what, plan.value)
    n_accounts = count_accounts(actor, account, what)
    return PlanPreview(
        plan=plan,
        begins=begins,
        ends=schedules.step_at(account.partner, back, plan.ends_at) if plan.ends_at else None,
        notice_at=schedules.notice_at(begins, plan.notice_hours),
        n_accounts=n_accounts,
        need=controls.needs_second_person(actor, account, what, n_accounts=n_accounts),
    )


def open_plans(actor: Actor, account_pk: int) -> list[ScheduledControl]:
    """What is ahead for one account, next step first."""
    require(actor, Permission.CONTROL_VIEW)
    rows = ScheduledControl.objects.visible_to(actor).filter(account_id=account_pk, state__in=SCHEDULE_OPEN)
    return list(rows.select_related("account", "asked_by").order_by("due_at", "pk"))


def closed_plans(actor: Actor, account_pk: int) -> list[ScheduledControl]:
    """The newest that are over."""
    require(actor, Permission.CONTROL_VIEW)
    rows = ScheduledControl.objects.visible_to(actor).filter(account_id=account_pk).exclude(state__in=SCHEDULE_OPEN)
    return list(rows.select_related("account", "asked_by").order_by("-created_at", "-pk")[:CLOSED_SHOWN])


def waiting_plans(actor: Actor, account_pk: int) -> list[Approval]:
    """Requests to plan something for this account that wait for a second person, oldest first."""
    require(actor, Permission.CONTROL_VIEW)
    return list(waiting_about(actor, SUBJECT, account_pk).filter(action=Action.CONTROL_PLANNED))


def get_open_plan(actor: Actor, uid: str, pk: int) -> ScheduledControl:
    """One that can still be edited or called off; `NotFound` for any other."""
    require(actor, Permission.CONTROL_VIEW)
    rows = ScheduledControl.objects.visible_to(actor).select_related("account__partner", "account__trustee", "partner")
    found: ScheduledControl | None = rows.filter(pk=pk, account__uid=uid, state__in=SCHEDULE_OPEN).first()
    if found is None:
        raise NotFound("not_found", _("It does not exist, or nothing of it is ahead any more."))
    return found


def list_plans(
    actor: Actor, *, q: str = "", state: Collection[str] = (), what: Collection[str] = ()
) -> QuerySet[ScheduledControl]:
    """Every plan the actor may see, unordered; without a wish for states, those that are ahead."""
    require(actor, Permission.CONTROL_VIEW)
    rows = ScheduledControl.objects.visible_to(actor).select_related("account", "asked_by")
    found = Q(state__in=state or SCHEDULE_OPEN)
    if what:
        found &= Q(what__in=what)
    if q:
        uid = finding.exact_uid(q)
        found &= Q(account__uid=uid) if uid else Q(account__nickname__icontains=q)
    return rows.filter(found)


def count_planned(actor: Actor) -> int:
    """How many changes are ahead, for a tile."""
    return ScheduledControl.objects.visible_to(actor).filter(state__in=SCHEDULE_OPEN).count()


def language_of_customer(account: LinkedAccount) -> str:
    """What a notice is written in unless somebody chooses: what the customer chose for their alert, else the language
    of their country, else the partner's."""
    chosen = CustomerAlert.objects.filter(credit_id=account.pk).values_list("language", flat=True).first()
    return chosen or LANGUAGE_OF.get(account.country, str(account.partner.language))
