"""A second person agreed to a planned change: it is judged anew, then written down as by whoever asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission
from partner_console.approvals.registry import CheckedAction, Description, Rule
from partner_console.audit.actions import Action
from partner_console.web.formats import absolute
from quota.errors import PlanMoved
from quota.schedules import step_at
from quota.services import scheduling
from quota.services.agreed import NOTHING_HAPPENS, account_facts, asker_of, nothing
from quota.services.agreed_controls import EFFECT
from quota.services.controls import lock_account
from quota.services.scheduling import Plan
from uids.controls import judge
from uids.models import LinkedAccount
from uids.models.scheduled import SCHEDULE_CHANGES
from uids.previews import count_followers
from uids.states import Control

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval


def _execute(*, actor: Actor, approval: Approval) -> None:
    """Refused when its time is past, when somebody edited the plan meanwhile, and whenever asking would be refused."""
    asker, plan = asker_of(actor, approval, Permission.CONTROL_CHANGE), Plan.of(approval)
    if approval.payload["edits"]:
        pk, version = approval.payload["edits"]
        made, account = scheduling.lock_plan(asker, pk)
        scheduling.ensure_open(made)
        if made.version != version:
            raise PlanMoved
        plan = scheduling.clean_edit(made, account, plan)
        scheduling.change(actor=asker, made=made, account=account, plan=plan, reason=approval.reason)
        return
    account = lock_account(asker, approval.subject_pk)
    plan, what = scheduling.clean_plan(account, plan), Control(plan.what)
    if error := judge(account, what, plan.value):
        raise error
    scheduling.ensure_free(account, what)
    scheduling.begin(actor=asker, account=account, plan=plan, reason=approval.reason)


def _describe(*, actor: Actor, approval: Approval) -> Description:
    plan = Plan.of(approval)
    what = Control(plan.what)
    account = LinkedAccount.objects.visible_to(actor).select_related("partner").get(pk=approval.subject_pk)
    facts = [
        *account_facts(account),
        (_("Planned"), str(SCHEDULE_CHANGES[what, plan.value])),
        (_("Begins"), absolute(step_at(account.partner, plan.value, plan.starts_at))),
        (_("Ends by itself"), absolute(plan.ends_at) if plan.ends_at else _("No")),
        (_("Customer told"), plan.notice_email or _("Nobody")),
    ]
    if n := count_followers(actor, account, what):
        facts.append((_("Financial trusteeship sub-accounts that follow"), f"{n:,}"))
    return Description(
        facts=facts,
        effect=EFFECT[what, plan.value] % {"uid": account.uid},
        refusal=NOTHING_HAPPENS,
        url=reverse("quota:schedule", args=[account.uid]),
    )


PLANNING = CheckedAction(
    title=gettext_lazy("Plan a change of a switch"),
    permission=Permission.CONTROL_CHANGE,
    execute=_execute,
    refuse=nothing,
    describe=_describe,
    default=Rule(),
    rule_of=Action.ACCOUNT_FROZEN,  # of the switch that is planned: see `scheduling`
    sensitive_cause=gettext_lazy("Financial trusteeship sub-accounts follow this change."),
    has_sandbox=True,
)
