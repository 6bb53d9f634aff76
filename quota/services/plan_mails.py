"""Mails about planned changes: to the customer before one, or when it does not come; to whoever planned what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from partner_console.access.models import Membership
from partner_console.access.policy import Permission, require
from partner_console.access.selectors import alert_addresses
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.web.mail import absolute_url, queue_mail
from quota.schedules import noticed
from quota.services import controls
from uids.models import ScheduledControl, ScheduleState

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from uids.models import LinkedAccount


@transaction.atomic
def send_notice(*, actor: Actor, plan_pk: int) -> bool:
    """Tell the customer what is going to be, when, and whom to ask: once for every time that was planned.

    False when there is no need: told already, called off, begun, or the time of the notice was moved.
    """
    require(actor, Permission.CONTROL_CHANGE)
    found = ScheduledControl.objects.visible_to(actor).filter(pk=plan_pk).first()
    if found is None:
        return False
    account = controls.lock_account(actor, found.account_id)
    plan = ScheduledControl.objects.visible_to(actor).select_related("partner", "account").get(pk=plan_pk)
    is_due = plan.notice_at is not None and plan.notice_at <= timezone.now() and plan.noticed_at is None
    if plan.state != ScheduleState.PLANNED or not is_due:
        return False
    _to_customer(plan, "control_notice", is_moved=plan.noticed_of is not None)
    plan.noticed_at, plan.noticed_of = timezone.now(), plan.due_at
    plan.save(update_fields=["noticed_at", "noticed_of"])
    changes = {"mailed_to": [None, plan.notice_email]}
    audit.record(actor, Action.CUSTOMER_NOTICED, account, changes=changes, operation_id=plan.operation_id)
    return True


def tell_called_off(plan: ScheduledControl) -> None:
    """What the customer was told of does not come; in the transaction that closes the plan."""
    _to_customer(plan, "control_notice_off")


def tell_failed(plan: ScheduledControl, account: LinkedAccount, *, is_begin: bool) -> None:
    """To whoever planned it while they are a member, else to whom the partner wants told."""
    members = Membership.objects.active().filter(partner=plan.partner_id, user=plan.asked_by_id)
    recipients = list(members.values_list("user__email", flat=True)) or alert_addresses(plan.partner)
    if not recipients:
        return
    queue_mail(
        to=recipients,
        template="control_plan_failed",
        context=_context(plan)
        | {
            "account": account,
            "is_begin": is_begin,
            "url": absolute_url("quota:schedule", account.uid),
        },
        language=plan.partner.language,
        zone=plan.partner.time_zone,
        partner_code=plan.partner.code,
    )


def _to_customer(plan: ScheduledControl, template: str, **more: Any) -> None:
    queue_mail(
        to=plan.notice_email,
        template=template,
        context=_context(plan) | more,
        language=plan.notice_language or plan.partner.language,
        zone=plan.partner.time_zone,
        partner_code=plan.partner.code,
    )


def _context(plan: ScheduledControl) -> dict[str, Any]:
    return {
        "plan": plan,
        "account": plan.account,
        "customer": plan.account.known_as,
        "partner": plan.partner,
        "noticed": lambda: noticed(plan),  # called when the mail is made, in its language
    }
