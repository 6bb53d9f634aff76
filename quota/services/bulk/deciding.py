"""The second person of a bulk change of switches: asked once for all of it, and what happens when they agree or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission
from partner_console.approvals import services as approvals
from partner_console.approvals.registry import CheckedAction, Description, Rule
from partner_console.approvals.states import ApprovalState
from partner_console.audit.actions import Action
from partner_console.errors import Conflict
from partner_console.waking import after_commit
from partner_console.web.formats import named
from quota import tasks
from quota.services.agreed import asker_of
from quota.services.bulk.running import finish, lock
from uids.bulk_wording import title_of
from uids.models import BulkEdit
from uids.models.bulk import BulkState
from uids.services.bulk import Change

if TYPE_CHECKING:
    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from uids.services.bulk import Preview


def ask(*, actor: Actor, edit: BulkEdit, found: Preview) -> Approval:
    """One request for the whole of it; what it would do is kept as the dry run found it."""
    change = Change.from_json(edit.change)
    return approvals.ask(
        actor=actor,
        action=Action.BULK_STARTED,
        subject=edit,
        subject_label=title_of(change.kind, change.what, change.value),
        payload={"n_changed": found.n_changed, "n_sub_accounts": found.n_sub_accounts},
        reason=change.reason,
        because=found.need,
    )


def _run(*, actor: Actor, approval: Approval) -> None:
    """Agreed. Every account is judged anew when it is changed: days may have passed."""
    edit = lock(actor, approval.subject_pk)
    if edit.state != BulkState.AWAITING:
        raise Conflict("bulk_moved_on", _("This change has moved on: it is “%s” now.") % edit.get_state_display())
    asker_of(actor, approval, Permission.CONTROL_CHANGE)  # it is done with their rights
    edit.state = BulkState.QUEUED
    edit.save(update_fields=["state"])
    after_commit(tasks.run_bulk_edit, edit.pk)


def _give_up(*, actor: Actor, approval: Approval) -> None:
    """Rejected, withdrawn or nobody in time: nothing is changed. One that has moved on is left alone."""
    edit = lock(actor, approval.subject_pk)
    if edit.state == BulkState.AWAITING:
        finish(edit, BulkState.CANCELLED, error=named(ApprovalState(approval.state).label, approval.note))


def _describe(*, actor: Actor, approval: Approval) -> Description:
    edit = BulkEdit.objects.visible_to(actor).get(pk=approval.subject_pk)
    change = Change.from_json(edit.change)
    return Description(
        facts=[
            (_("What"), title_of(change.kind, change.what, change.value)),
            (_("Accounts chosen"), f"{edit.n_rows:,}"),
            (_("Would change"), f"{approval.payload['n_changed']:,}"),
            (_("Sub-accounts that follow"), f"{approval.payload['n_sub_accounts']:,}"),
        ],
        effect=_("Every account is changed that can still be changed; the others stay as they are and are named."),
        refusal=gettext_lazy("Nothing is changed. Whoever asked can ask anew."),
        url=reverse("uids:bulk_detail", args=[edit.pk]),
    )


MANY = CheckedAction(
    title=gettext_lazy("Change switches of many accounts"),
    permission=Permission.CONTROL_CHANGE,
    execute=_run,
    refuse=_give_up,
    describe=_describe,
    default=Rule(),
    rule_of=Action.ACCOUNT_FROZEN,  # or of the switch it is about: it has no rule of its own
)
