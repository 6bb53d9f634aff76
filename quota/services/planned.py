"""Doing what was planned: the begin, the end, and each of them exactly once, whoever is told to (issue 5).

The account's lock decides between two workers; the plan's state says what is left to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from partner_console.access.actor import system_actor
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import DomainError
from quota import tasks
from quota.schedules import step_at
from quota.services import controls, plan_mails
from quota.services.scheduling import close, lock_plan, tell_anew
from uids.controls import own_value
from uids.models import ScheduledControl, ScheduleState
from uids.states import Control

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount

BATCH = 500


def sweep() -> int:
    """As beat runs it: wake a task for every step and every notice that is due; how many. At most `BATCH` of each."""
    actor, now = system_actor("planned-changes"), timezone.now()
    plans = ScheduledControl.objects.visible_to(actor)
    steps = plans.filter(due_at__lte=now).order_by("due_at", "pk")
    notices = plans.filter(state=ScheduleState.PLANNED, notice_at__lte=now, noticed_at__isnull=True)
    woken = 0
    for task, rows in ((tasks.send_control_notice, notices.order_by("notice_at", "pk")), (tasks.take_step, steps)):
        for pk in list(rows.values_list("pk", flat=True)[:BATCH]):
            task.delay(pk)
            woken += 1
    return woken


@transaction.atomic
def take_step(*, actor: Actor, plan_pk: int) -> bool:
    """Begin or end one that is due; False when somebody was faster, it was moved, or quiet hours put it off.

    A change that is refused is closed as failed with the cause, and whoever planned it is mailed.
    """
    require(actor, Permission.CONTROL_CHANGE)
    plan, account = lock_plan(actor, plan_pk)
    if plan.due_at is None or plan.due_at > timezone.now():
        return False
    is_begin = plan.state == ScheduleState.PLANNED
    due_at = step_at(plan.partner, plan.value if is_begin else plan.before, timezone.now())
    if due_at > timezone.now():
        plan.due_at = due_at
        if is_begin:
            tell_anew(plan)
        plan.save(update_fields=["due_at", "notice_at", "noticed_at"])
        return False
    actor = system_actor(actor.label, partner=plan.partner)
    with translation.override(plan.partner.language):
        refusal = _begin(actor, plan, account) if is_begin else _end(actor, plan, account)
        if refusal is not None:
            _fail(actor, plan, account, refusal)
    return refusal is None


def _begin(actor: Actor, plan: ScheduledControl, account: LinkedAccount) -> DomainError | None:
    before = own_value(account, Control(plan.what))
    try:
        with transaction.atomic():
            controls.change_control(
                actor=actor,
                account_pk=account.pk,
                what=plan.what,
                value=plan.value,
                reason=_signed(plan),
                operation_id=plan.operation_id,
            )
    except DomainError as error:
        return error
    plan.before, plan.done_at, plan.notice_at = before, timezone.now(), None
    if plan.ends_at is None:
        plan.state, plan.due_at, plan.closed_at = ScheduleState.DONE, None, plan.done_at
    else:
        plan.state, plan.due_at = ScheduleState.IN_FORCE, step_at(plan.partner, before, plan.ends_at)
    plan.version += 1
    plan.save(update_fields=["before", "state", "due_at", "notice_at", "done_at", "closed_at", "version"])
    return None


def _end(actor: Actor, plan: ScheduledControl, account: LinkedAccount) -> DomainError | None:
    """Back to exactly what was before, with the sub-accounts, unless somebody changed it since."""
    if account.is_live and own_value(account, Control(plan.what)) == plan.before:
        close(plan, ScheduleState.ENDED, cause=_("Somebody had set it back earlier: there was nothing left to do."))
        return None
    try:
        with transaction.atomic():
            controls.undo(actor=actor, operation_id=plan.operation_id, reason=_signed(plan))
    except DomainError as error:
        return error
    close(plan, ScheduleState.ENDED)
    return None


def _fail(actor: Actor, plan: ScheduledControl, account: LinkedAccount, error: DomainError) -> None:
    is_begin = plan.state == ScheduleState.PLANNED
    close(plan, ScheduleState.FAILED, cause=str(error.message))
    changes = {"set_to": [None, plan.value if is_begin else plan.before]}
    audit.record(
        actor,
        Action.CONTROL_PLAN_FAILED,
        account,
        changes=changes,
        note=plan.cause,
        operation_id=plan.operation_id,
    )
    plan_mails.tell_failed(plan, account, is_begin=is_begin)


def _signed(plan: ScheduledControl) -> str:
    """The reason, with who planned it: the records' operator is the console itself."""
    return f"{plan.reason} ({plan.operator})"
