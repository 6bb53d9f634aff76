"""Planned changes of switches: planned, edited and called off by people (issue 5; design §6). Doing them is `planned`.

The linked account's row is the lock of its plans.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.approvals import services as approvals
from partner_console.approvals.services.asking import WAITS
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import NotFound
from quota.errors import AlreadyPlanned, CascadeMoved, NothingToChange, PlanClosed
from quota.rules import clean_reason
from quota.schedules import clean_end, clean_notice, clean_start, notice_at, step_at, to_minute
from quota.services import controls, plan_mails
from uids.controls import clean_switch, judge, own_value
from uids.errors import StaleVersion
from uids.models import ScheduledControl, ScheduleState
from uids.models.scheduled import SCHEDULE_OPEN
from uids.previews import count_accounts
from uids.states import Control

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from partner_console.approvals.rules import Need
    from uids.models import LinkedAccount


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What somebody wants to happen when. Times are aware; `notice_hours` None tells the customer nothing."""

    what: str
    value: str
    starts_at: datetime
    ends_at: datetime | None = None
    notice_hours: int | None = None
    notice_email: str = ""
    notice_language: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "what": self.what,
            "value": self.value,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat() if self.ends_at else "",
            "notice_hours": self.notice_hours,
            "notice_email": self.notice_email,
            "notice_language": self.notice_language,
        }

    @classmethod
    def of(cls, approval: Approval) -> Plan:
        data: dict[str, Any] = dict(approval.payload["plan"])
        ends_at = datetime.fromisoformat(data["ends_at"]) if data["ends_at"] else None
        return cls(**data | {"starts_at": datetime.fromisoformat(data["starts_at"]), "ends_at": ends_at})


@transaction.atomic
def plan_control(
    *, actor: Actor, account_pk: int, plan: Plan, reason: str, confirmed: int | None = None
) -> ScheduledControl | Approval:
    """Set one switch at a moment to come, and back at another if wanted.

    The request when the partner's rules want a second person for that switch. `confirmed` is the number of accounts
    somebody typed, the account included (`CascadeMoved` when it is another by now). One plan for each switch of an
    account: `AlreadyPlanned`. Raises `Invalid` naming the field, and whatever forbids the change now: what is so
    already cannot be planned.
    """
    require(actor, Permission.CONTROL_CHANGE)
    reason = clean_reason(reason)
    account = controls.lock_account(actor, account_pk)
    plan = clean_plan(account, plan)
    what = Control(plan.what)
    if error := judge(account, what, plan.value):
        raise error
    ensure_free(account, what)
    n_accounts = count_accounts(actor, account, what)
    if confirmed is not None and confirmed != n_accounts:
        raise CascadeMoved(confirmed=confirmed, n_accounts=n_accounts)
    if need := controls.needs_second_person(actor, account, what, n_accounts=n_accounts):
        return _ask(actor, account, plan, need, reason)
    return begin(actor=actor, account=account, plan=plan, reason=reason)


def begin(*, actor: Actor, account: LinkedAccount, plan: Plan, reason: str) -> ScheduledControl:
    """Write it down. Checks nothing: the caller has, and holds the account."""
    made = ScheduledControl(
        account=account,
        partner_id=account.partner_id,
        reason=reason,
        asked_by_id=actor.user_pk,
        operator=actor.label[:254],
        operation_id=uuid.uuid4(),
    )
    _take_over(made, account, plan)
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError as error:  # the constraint decided: one open plan of a switch
        raise AlreadyPlanned from error
    audit.record(
        actor,
        Action.CONTROL_PLANNED,
        account,
        changes=audit.difference({}, made.audit_state()),
        note=reason,
        operation_id=made.operation_id,
    )
    return made


@transaction.atomic
def edit_plan(*, actor: Actor, plan_pk: int, version: int, plan: Plan, reason: str) -> ScheduledControl | Approval:
    """Other times, or another notice; of one in force only its end. Judged, and checked by a second person, as when it
    was planned.

    Raises `PlanClosed`, `StaleVersion`, `NothingToChange`, `Invalid` naming the field. A customer who was told of the
    former time is told of the new one.
    """
    require(actor, Permission.CONTROL_CHANGE)
    reason = clean_reason(reason)
    made, account = lock_plan(actor, plan_pk)
    ensure_open(made)
    if made.version != version:
        raise StaleVersion(yours=plan.as_json(), theirs=made.audit_state(), version=made.version)
    plan = clean_edit(made, account, plan)
    what = Control(made.what)
    n_accounts = count_accounts(actor, account, what)
    if need := controls.needs_second_person(actor, account, what, n_accounts=n_accounts):
        return _ask(actor, account, plan, need, reason, edits=made)
    return change(actor=actor, made=made, account=account, plan=plan, reason=reason)


def clean_edit(made: ScheduledControl, account: LinkedAccount, plan: Plan) -> Plan:
    """The new times of an open plan; what is in force already began when it began."""
    if made.state == ScheduleState.IN_FORCE:
        ends_at = clean_end(plan.ends_at, begins=made.starts_at)
        cleaned = Plan(what=made.what, value=made.value, starts_at=made.starts_at, ends_at=ends_at)
        is_same = ends_at == made.ends_at
    else:
        if made.noticed_of is not None and plan.notice_hours is None:  # who was told is told of every change
            plan = replace(plan, notice_hours=made.notice_hours, notice_email=made.notice_email)
        cleaned = clean_plan(account, plan, begins_now_too=made.starts_at)
        new = (cleaned.starts_at, cleaned.ends_at, cleaned.notice_hours, cleaned.notice_email, cleaned.notice_language)
        old = (made.starts_at, made.ends_at, made.notice_hours, made.notice_email, made.notice_language)
        is_same = new == old
    if is_same:
        raise NothingToChange(_("It is planned like that already."), field="starts_at")
    return cleaned


def change(
    *, actor: Actor, made: ScheduledControl, account: LinkedAccount, plan: Plan, reason: str
) -> ScheduledControl:
    """Take the new times over. Checks nothing: the caller has, and holds the account."""
    before = made.audit_state()
    if made.state == ScheduleState.IN_FORCE:
        made.ends_at = plan.ends_at
        made.due_at = step_at(account.partner, made.before, plan.ends_at) if plan.ends_at else None
        if plan.ends_at is None:  # nothing is ahead: it stays as it is
            made.state, made.closed_at = ScheduleState.DONE, timezone.now()
    else:
        _take_over(made, account, plan)
    made.reason, made.version = reason, made.version + 1
    made.full_clean(exclude=["account", "partner", "asked_by"], validate_unique=False, validate_constraints=False)
    made.save()
    changes = audit.difference(before, made.audit_state())
    audit.record(
        actor, Action.CONTROL_PLAN_EDITED, account, changes=changes, note=reason, operation_id=made.operation_id
    )
    return made


@transaction.atomic
def cancel_plan(*, actor: Actor, plan_pk: int, reason: str) -> ScheduledControl:
    """Call off what has not begun; what is in force stays, without its end. `PlanClosed` when nothing is ahead."""
    require(actor, Permission.CONTROL_CHANGE)
    reason = clean_reason(reason)
    made, account = lock_plan(actor, plan_pk)
    ensure_open(made)
    state = ScheduleState.CANCELLED if made.state == ScheduleState.PLANNED else ScheduleState.DONE
    close(made, state, cause=reason)
    audit.record(
        actor,
        Action.CONTROL_PLAN_CANCELLED,
        account,
        changes={"switch": [made.what, None]},
        note=reason,
        operation_id=made.operation_id,
    )
    return made


def cancel_all(*, actor: Actor, account: LinkedAccount, cause: str) -> int:
    """Call off whatever is ahead for an account whose relationship ends; how many. The account's row is held, in the
    caller's transaction; on repeat there is nothing."""
    require(actor, Permission.CONTROL_CHANGE)
    ahead = list(ScheduledControl.objects.filter(account=account, state__in=SCHEDULE_OPEN).order_by("pk"))
    for made in ahead:
        close(made, ScheduleState.CANCELLED, cause=cause)
        changes = {"switch": [made.what, None]}
        audit.record(
            actor, Action.CONTROL_PLAN_CANCELLED, account, changes=changes, note=cause, operation_id=made.operation_id
        )
    return len(ahead)


def close(made: ScheduledControl, state: ScheduleState, *, cause: str = "") -> None:
    """Nothing is ahead any more. A customer who was told of something that does not come is told so."""
    is_off = made.state == ScheduleState.PLANNED and made.noticed_of is not None
    made.state, made.cause, made.closed_at = state, cause, timezone.now()
    made.due_at = made.notice_at = None
    made.version += 1
    made.save(update_fields=["state", "cause", "closed_at", "due_at", "notice_at", "version"])
    if is_off and state != ScheduleState.DONE:
        plan_mails.tell_called_off(made)


def lock_plan(actor: Actor, plan_pk: int) -> tuple[ScheduledControl, LinkedAccount]:
    """The plan as it is under its account's lock; `NotFound` when it is not the actor's."""
    found = ScheduledControl.objects.visible_to(actor).filter(pk=plan_pk).first()
    if found is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    account = controls.lock_account(actor, found.account_id)
    made: ScheduledControl = ScheduledControl.objects.visible_to(actor).select_related("partner").get(pk=plan_pk)
    return made, account


def ensure_open(made: ScheduledControl) -> None:
    if not made.is_open:
        raise PlanClosed(made)


def ensure_free(account: LinkedAccount, what: Control) -> None:
    if ScheduledControl.objects.filter(account=account, what=what, state__in=SCHEDULE_OPEN).exists():
        raise AlreadyPlanned


def clean_plan(account: LinkedAccount, plan: Plan, *, begins_now_too: datetime | None = None) -> Plan:
    """The plan with its times to the minute; `Invalid` names the field. A start that stays may be a moment ago."""
    what = clean_switch(plan.what, plan.value)
    starts_at = to_minute(plan.starts_at)
    if starts_at != begins_now_too:
        starts_at = clean_start(starts_at)
    ends_at = clean_end(plan.ends_at, begins=step_at(account.partner, plan.value, starts_at))
    hours, email = clean_notice(plan.notice_hours, plan.notice_email)
    language = (plan.notice_language or account.partner.language) if hours else ""
    return Plan(
        what=what.value,
        value=plan.value,
        starts_at=starts_at,
        ends_at=ends_at,
        notice_hours=hours,
        notice_email=email,
        notice_language=language,
    )


def _take_over(made: ScheduledControl, account: LinkedAccount, plan: Plan) -> None:
    """The plan's values, and when its next steps are due."""
    for name in ("what", "value", "starts_at", "ends_at", "notice_hours", "notice_email", "notice_language"):
        setattr(made, name, getattr(plan, name))
    made.before = own_value(account, Control(plan.what))
    made.due_at = step_at(account.partner, plan.value, plan.starts_at)
    if made.noticed_of is None:
        made.notice_at = notice_at(made.due_at, plan.notice_hours)
    else:
        tell_anew(made)


def tell_anew(made: ScheduledControl) -> None:
    """A customer who was told of another moment is told of this one at once."""
    if made.noticed_of not in (None, made.due_at):
        made.notice_at, made.noticed_at = timezone.now(), None


def _ask(
    actor: Actor,
    account: LinkedAccount,
    plan: Plan,
    need: Need,
    reason: str,
    *,
    edits: ScheduledControl | None = None,
) -> Approval:
    """Make it a request instead. It waits no longer than there is time to begin."""
    ahead = plan.starts_at if edits is None or edits.state == ScheduleState.PLANNED else plan.ends_at
    now = timezone.now()
    return approvals.ask(
        actor=actor,
        action=Action.CONTROL_PLANNED,
        subject=account,
        subject_label=f"{account.uid} {account.nickname}".strip(),
        payload={"plan": plan.as_json(), "edits": [edits.pk, edits.version] if edits else None},
        reason=reason,
        because=need,
        waits=min(WAITS, ahead - now) if ahead and ahead > now else WAITS,
    )
