"""Freeze, purchase control and shutdown policy, where the switch meets the money, the rules and the second person.

Accounts are locked before credit accounts (docs/locking.md); everything is judged under both locks.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.approvals import services as approvals
from partner_console.approvals.rules import needs_check
from partner_console.audit.actions import Action
from partner_console.errors import NotFound
from quota import locks
from quota.errors import CascadeMoved, InArrears, ManyAtOnce
from quota.models import CreditAccount
from quota.rules import clean_reason, overdraft_for
from uids import services as uids
from uids.controls import NORMAL, clean_switch, judge, own_value
from uids.previews import count_accounts, own_changes, why_not_undo
from uids.states import Control, Environment, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval
    from partner_console.approvals.rules import Need
    from partner_console.errors import DomainError
    from uids.models import LinkedAccount
    from uids.services import Batch

# Freezing and unfreezing are one rule: a second person is asked about the switch, whichever way it goes.
ACTION = {
    Control.PAYG_FREEZE: Action.ACCOUNT_FROZEN,
    Control.PURCHASE_CONTROL: Action.PURCHASE_CONTROL_CHANGED,
    Control.SHUTDOWN_POLICY: Action.SHUTDOWN_POLICY_CHANGED,
}


@dataclass(frozen=True, slots=True)
class Wish:
    """One switch of one account, and what somebody wants it to be. `undoes` is the action to take back by it.

    `n_accounts` is how many change with it, the account included.
    """

    what: Control
    value: str
    n_accounts: int
    undoes: uuid.UUID | None = None

    def as_json(self) -> dict[str, str | int]:
        undoes = str(self.undoes) if self.undoes else ""
        return {"what": self.what.value, "value": self.value, "n_accounts": self.n_accounts, "undoes": undoes}

    @classmethod
    def of(cls, approval: Approval) -> Wish:
        data = approval.payload
        undoes = uuid.UUID(data["undoes"]) if data["undoes"] else None
        return cls(Control(data["what"]), data["value"], data["n_accounts"], undoes)


@transaction.atomic
def change_control(
    *,
    actor: Actor,
    account_pk: int,
    what: Control | str,
    value: str,
    reason: str,
    confirmed: int | None = None,
    operation_id: uuid.UUID | None = None,
) -> LinkedAccount | Approval:
    """Set one switch of an account, and with it of its trusteeship sub-accounts; see `uids.services.set_control`.

    Where the partner's rules want a second person nothing changes yet: their request is returned instead, and 409
    `already_asked` raised while one waits for this switch. `confirmed` is the number of accounts that somebody typed,
    the account included; `CascadeMoved` with the new number when it is another by now. None: nobody was asked, because
    it was confirmed earlier. Unfreezing in arrears is `InArrears` with what is missing (design §6.5): of the account
    that holds the money, so of the master's for a sub-account. Delayed shutdown gets its overdraft from the use of an
    average day. Raises what `set_control` raises; a refusal writes nothing.
    """
    require(actor, Permission.CONTROL_CHANGE)
    reason = clean_reason(reason)
    account = lock_account(actor, account_pk)
    wish = _wish(actor, account, clean_switch(what, value), value)
    if error := judge(account, wish.what, value) or why_not_by_money(actor, account, wish.what, value):
        raise error
    if confirmed is not None and confirmed != wish.n_accounts:
        raise CascadeMoved(confirmed=confirmed, n_accounts=wish.n_accounts)
    if need := needs_second_person(actor, account, wish.what, n_accounts=wish.n_accounts):
        return _ask(actor, account, wish, need, reason)
    return carry_out(actor=actor, account=account, wish=wish, reason=reason, operation_id=operation_id)


@transaction.atomic
def undo(*, actor: Actor, operation_id: uuid.UUID, reason: str) -> LinkedAccount | Approval:
    """Take one change of one account's switch back: exactly, or not at all (`ChangedSince`, with who and when).

    A policy comes back with its former overdraft. Asked and refused like `change_control`: taking a freeze back is
    unfreezing, so not in arrears, and a second person is asked where the rules say so. `NotFound` for an action that
    changed no switch here; `ManyAtOnce` for one over many accounts (`undo_many` takes those back). An action that took
    something back is taken back the same way.
    """
    require(actor, Permission.CONTROL_CHANGE)
    reason = clean_reason(reason)
    changes = list(own_changes(actor, operation_id)[:2])
    if not changes:
        raise NotFound("not_found", _("There is no such change to take back."))
    if len(changes) > 1:
        raise ManyAtOnce
    change = changes[0]
    account = lock_account(actor, change.account_id)
    what = Control(change.what)
    wish = _wish(actor, account, what, change.before, undoes=operation_id)
    if error := why_not_undo(actor, account, change) or why_not_by_money(actor, account, what, change.before):
        raise error
    if need := needs_second_person(actor, account, what, n_accounts=wish.n_accounts):
        return _ask(actor, account, wish, need, reason)
    return carry_out(actor=actor, account=account, wish=wish, reason=reason)


def lock_account(actor: Actor, account_pk: int) -> LinkedAccount:
    """The account whose switch is to be set, locked; `NotFound` when it is not the actor's."""
    account = locks.lock_accounts(actor, [account_pk]).get(account_pk)
    if account is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return account


def carry_out(
    *, actor: Actor, account: LinkedAccount, wish: Wish, reason: str, operation_id: uuid.UUID | None = None
) -> LinkedAccount:
    """Do it, now that it is judged and the account is locked."""
    operation_id = operation_id or uuid.uuid4()
    if wish.undoes:
        batch = uids.undo_controls(
            actor=actor, operation_id=wish.undoes, account_pks=[account.pk], reason=reason, undo_id=operation_id
        )
        for _account, error in batch.refused:
            raise error
        return batch.changed[0]
    return uids.set_control(
        actor=actor,
        account_pk=account.pk,
        what=wish.what,
        value=wish.value,
        reason=reason,
        operation_id=operation_id,
        overdraft=_overdrafts(actor, [account.pk], wish.value).get(account.pk),
    )


def why_not_by_money(actor: Actor, account: LinkedAccount, what: Control, value: str) -> DomainError | None:
    """`InArrears` for unfreezing while available is below zero; the credit account is locked by looking."""
    return _in_arrears(actor, [account], what, value).get(account.pk)


def needs_second_person(actor: Actor, account: LinkedAccount, what: Control, *, n_accounts: int) -> Need | None:
    """Why changing this switch needs a second person by the partner's rule, or None.

    Touching sub-accounts is what makes it more sensitive than usual. What our own programs do was decided by people
    before. `account` comes with its partner.
    """
    if actor.is_system:
        return None
    return needs_check(
        partner=account.partner,
        action=ACTION[what],
        amount=None,
        is_sensitive=n_accounts > 1,
        is_production=account.environment == Environment.PRODUCTION,
    )


@transaction.atomic
def change_many(
    *,
    actor: Actor,
    account_pks: Iterable[int],
    what: Control | str,
    value: str,
    reason: str,
    operation_id: uuid.UUID,
) -> Batch:
    """The same for some hundred accounts in a fixed number of statements, without second persons: who calls has asked.

    Accounts that cannot be changed come back with their reason, `InArrears` among them, and are left alone.
    """
    require(actor, Permission.CONTROL_CHANGE)
    what, accounts = clean_switch(what, value), locks.lock_accounts(actor, account_pks)
    owing = _in_arrears(actor, [row for row in accounts.values() if judge(row, what, value) is None], what, value)
    free = [pk for pk in accounts if pk not in owing]
    batch = uids.set_controls(
        actor=actor,
        account_pks=free,
        what=what,
        value=value,
        reason=clean_reason(reason),
        operation_id=operation_id,
        overdrafts=_overdrafts(actor, free, value),
    )
    batch.refused += [(accounts[pk], error) for pk, error in owing.items()]
    return batch


@transaction.atomic
def undo_many(
    *, actor: Actor, operation_id: uuid.UUID, account_pks: Iterable[int], reason: str, undo_id: uuid.UUID
) -> Batch:
    """Take an action back for some hundred of its accounts; each that cannot go back comes back with its reason."""
    require(actor, Permission.CONTROL_CHANGE)
    accounts = locks.lock_accounts(actor, account_pks)
    changes = list(own_changes(actor, operation_id).filter(account_id__in=accounts))
    freezes = [change for change in changes if change.what == Control.PAYG_FREEZE and change.before == NORMAL]
    owing = _in_arrears(actor, [accounts[change.account_id] for change in freezes], Control.PAYG_FREEZE, NORMAL)
    batch = uids.undo_controls(
        actor=actor,
        operation_id=operation_id,
        account_pks=[change.account_id for change in changes if change.account_id not in owing],
        reason=clean_reason(reason),
        undo_id=undo_id,
    )
    batch.refused += [(accounts[pk], error) for pk, error in owing.items()]
    return batch


def _wish(actor: Actor, account: LinkedAccount, what: Control, value: str, *, undoes: uuid.UUID | None = None) -> Wish:
    return Wish(what, value, count_accounts(actor, account, what), undoes)


def _ask(actor: Actor, account: LinkedAccount, wish: Wish, need: Need, reason: str) -> Approval:
    return approvals.ask(
        actor=actor,
        action=ACTION[wish.what],
        subject=account,
        subject_label=str(account),
        payload={**wish.as_json(), "before": own_value(account, wish.what)},
        reason=reason,
        because=need,
    )


def _in_arrears(actor: Actor, accounts: Iterable[LinkedAccount], what: Control, value: str) -> dict[int, InArrears]:
    """By account, why it cannot be unfrozen. Its money is locked, so that no use or payment slips in between."""
    if what is not Control.PAYG_FREEZE or value != NORMAL:
        return {}
    holders = {account.pk: account.trustee_id or account.pk for account in accounts}
    credits = {credit.pk: credit for credit in locks.lock_credits(actor, set(holders.values()))}
    owing = {
        pk: credits[holder] for pk, holder in holders.items() if holder in credits and credits[holder].available < 0
    }
    return {pk: InArrears(available=credit.available, currency=credit.partner.currency) for pk, credit in owing.items()}


def _overdrafts(actor: Actor, account_pks: Iterable[int], value: str) -> Mapping[int, Decimal]:
    """What delayed shutdown will allow each, from the use of an average day; nothing for another policy."""
    if value != ShutdownPolicy.DELAY_STOP:
        return {}
    uses = CreditAccount.objects.visible_to(actor).filter(pk__in=account_pks).values_list("pk", "daily_use")
    return {pk: overdraft_for(daily_use) for pk, daily_use in uses}
