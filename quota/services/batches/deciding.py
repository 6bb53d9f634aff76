"""The second person of a batch: what they read, and what happens when they agree or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Max, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission
from partner_console.approvals.registry import CheckedAction, Description, Rule
from partner_console.approvals.states import ApprovalState
from partner_console.audit.actions import Action
from partner_console.errors import Conflict
from partner_console.money import ZERO
from partner_console.waking import after_commit
from partner_console.web.formats import exact_amount, named, signed_amount
from quota import tasks
from quota.models.quota_batch import QuotaBatch, QuotaBatchState
from quota.services.agreed import asker_of
from quota.services.batches.running import finish
from quota.services.batches.starting import going, lock

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval

S = QuotaBatchState


def sums_of(actor: Actor, batch: QuotaBatch) -> dict[str, Any]:
    """What the rows that go come to: `n`, of them `n_up`, `n_down`, `n_arrears`, `n_check`; `sum_before`, `sum_after`,
    `largest`."""
    found: dict[str, Any] = (
        going(actor, batch)
        .order_by()
        .aggregate(
            n=Count("pk"),
            n_up=Count("pk", filter=Q(after__gt=F("before"))),
            n_down=Count("pk", filter=Q(after__lt=F("before"))),
            n_arrears=Count("pk", filter=Q(is_arrears=True)),
            n_check=Count("pk", filter=Q(needs_check=True)),
            sum_before=Sum("before", default=ZERO),
            sum_after=Sum("after", default=ZERO),
            largest=Max("after", default=ZERO),
        )
    )
    return found


def _run(*, actor: Actor, approval: Approval) -> None:
    """Agreed. Every row is compared with the dry run when it is changed: days may have passed."""
    batch = lock(actor, approval.subject_pk)
    if batch.state != S.AWAITING:
        raise Conflict("batch_moved_on", _("This batch has moved on: it is “%s” now.") % batch.get_state_display())
    if approval.asked_by_id is not None:
        asker_of(actor, approval)  # it is done with their rights
    batch.state = S.QUEUED
    batch.save(update_fields=["state"])
    after_commit(tasks.run_quota_batch, batch.pk)


def _give_up(*, actor: Actor, approval: Approval) -> None:
    """Rejected, withdrawn or nobody in time: nothing is changed. A batch that has moved on is left alone."""
    batch = lock(actor, approval.subject_pk)
    if batch.state == S.AWAITING:
        finish(batch, S.CANCELLED, error=named(ApprovalState(approval.state).label, approval.note))


def _describe(*, actor: Actor, approval: Approval) -> Description:
    batch = QuotaBatch.objects.visible_to(actor).select_related("partner").get(pk=approval.subject_pk)
    sums, currency = sums_of(actor, batch), batch.partner.currency
    return Description(
        facts=[
            (_("Accounts"), f"{sums['n']:,}"),
            (_("Raised"), f"{sums['n_up']:,}"),
            (_("Lowered"), f"{sums['n_down']:,}"),
            (
                _("Sum of their quotas"),
                f"{exact_amount(sums['sum_before'])} → {exact_amount(sums['sum_after'])} {currency} "
                f"({signed_amount(sums['sum_after'] - sums['sum_before'])})",
            ),
            (_("Largest new total"), f"{exact_amount(sums['largest'])} {currency}"),
            (_("Go below zero"), f"{sums['n_arrears']:,}"),
        ],
        effect=_("Every row is changed that still is as it was at the check; the others are left as they are."),
        refusal=gettext_lazy("Nothing is changed. Whoever asked can check the rows again."),
        url=reverse("quota:batch_detail", args=[batch.pk]),
    )


MANY = CheckedAction(
    title=gettext_lazy("Change many quotas"),
    permission=Permission.QUOTA_EDIT,
    execute=_run,
    refuse=_give_up,
    describe=_describe,
    default=Rule(),
    rule_of=Action.QUOTA_ADJUSTED,
)
