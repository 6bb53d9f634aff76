"""What changing one of an account's switches would do, money and second persons included: reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.approvals.selectors import waiting_about
from partner_console.errors import NotFound
from quota.errors import InArrears, ManyAtOnce
from quota.models import CreditAccount
from quota.rules import overdraft_for
from quota.services.controls import ACTION, needs_second_person
from uids.controls import NORMAL
from uids.previews import ControlPreview, own_changes, preview_control, why_not_undo
from uids.states import Control, ShutdownPolicy

if TYPE_CHECKING:
    import uuid
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from partner_console.approvals.rules import Need
    from partner_console.errors import DomainError
    from uids.models import ControlChange, LinkedAccount

SUBJECT = "uids.linkedaccount"


@dataclass(frozen=True, slots=True)
class SwitchPreview:
    """`effect` has the accounts. `refusal` says why it cannot be done now, `need` why a second person is asked.

    `available` is what may still be spent (the master's for a sub-account), None where no quota was opened; `overdraft`
    what delayed shutdown would allow. Both in the partner's currency. `change` is what would be taken back.
    """

    effect: ControlPreview
    value: str
    refusal: DomainError | None
    need: Need | None
    available: Decimal | None
    overdraft: Decimal | None = None
    change: ControlChange | None = None


def preview_switch(actor: Actor, account: LinkedAccount, what: Control | str, value: str) -> SwitchPreview:
    """The dry run of `quota.services.change_control`. `account` comes with its trustee and partner."""
    return _preview(actor, account, preview_control(actor, account, what, value), value)


def preview_undo(actor: Actor, account: LinkedAccount, operation_id: uuid.UUID) -> SwitchPreview:
    """The dry run of `quota.services.undo`; `NotFound` for an action that changed no switch of this account by itself,
    `ManyAtOnce` for one over several accounts."""
    changes = list(own_changes(actor, operation_id)[:2])
    if not any(change.account_id == account.pk for change in changes):
        raise NotFound("not_found", _("There is no such change to take back."))
    if len(changes) > 1:
        raise ManyAtOnce
    (change,) = changes
    effect = preview_control(actor, account, change.what, change.before)
    return _preview(actor, account, effect, change.before, change)


def _preview(
    actor: Actor, account: LinkedAccount, effect: ControlPreview, value: str, change: ControlChange | None = None
) -> SwitchPreview:
    require(actor, Permission.CONTROL_CHANGE)
    credits = CreditAccount.objects.visible_to(actor).select_related("partner")
    credit = credits.filter(pk=account.in_force.pk).first()
    refusal = why_not_undo(actor, account, change) if change else effect.refusal
    overdraft = None
    if value == ShutdownPolicy.DELAY_STOP:
        former = change.overdraft_before if change else None
        overdraft = former if former is not None else overdraft_for(credit.daily_use) if credit else None
    is_unfreezing = effect.what is Control.PAYG_FREEZE and value == NORMAL
    if refusal is None and is_unfreezing and credit is not None and credit.available < 0:
        refusal = InArrears(available=credit.available, currency=credit.partner.currency)
    need = needs_second_person(actor, account, effect.what, n_accounts=effect.n_accounts)
    return SwitchPreview(effect, value, refusal, need, credit.available if credit else None, overdraft, change)


def waiting_switches(actor: Actor, account_pk: int) -> list[Approval]:
    """Requests about this account's switches that wait for a second person, oldest first."""
    require(actor, Permission.CONTROL_VIEW)
    return list(waiting_about(actor, SUBJECT, account_pk).filter(action__in=ACTION.values()))
