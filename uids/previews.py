"""What setting a switch would do, before anybody does it: reads only. Everything begins with what the actor may see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from partner_console.access.policy import Permission, require
from uids.controls import STRICT, clean_switch, held, judge, own_value, stricter, value_in_force
from uids.errors import ChangedSince, FollowsMaster, NotLive
from uids.models import ControlChange, LinkedAccount
from uids.states import Control

if TYPE_CHECKING:
    import uuid

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.errors import DomainError


@dataclass(frozen=True, slots=True)
class Line:
    """One account: what is in force for it now, and what would be; `own` is what its own switch says now.

    `is_held`: the other account's switch, or its own, is the stricter one and stays in force.
    """

    account: LinkedAccount
    now: str
    after: str
    own: str
    is_held: bool = False

    @property
    def is_same(self) -> bool:
        return self.now == self.after


@dataclass(frozen=True, slots=True)
class ControlPreview:
    """The dry run of one switch of one account (design §7). Values are the switch's, as records keep them.

    `account` is the line of the account itself. `rows` are its live sub-accounts by UID, to be paged; `line` says what
    happens to one of them. `n_touched` of them change; `n_held` keep what their own switch says; `n_same` is all for
    which nothing changes. `n_accounts` is what somebody types to confirm. `refusal` says why it cannot be set at all.
    """

    what: Control
    account: Line
    rows: QuerySet[LinkedAccount]
    n_touched: int
    n_held: int
    n_same: int
    refusal: DomainError | None = None

    @property
    def n_sub_accounts(self) -> int:
        return self.n_touched + self.n_same

    @property
    def n_accounts(self) -> int:
        return self.n_touched + 1

    def line(self, sub_account: LinkedAccount) -> Line:
        """A sub-account now and after (it came from `rows`)."""
        own = own_value(sub_account, self.what)
        now = value_in_force(sub_account, self.what)
        is_held = own == STRICT.get(self.what)
        return Line(sub_account, now, own if is_held else self.account.after, own, is_held)


def preview_control(actor: Actor, account: LinkedAccount, what: Control | str, value: str) -> ControlPreview:
    """What setting this switch would do to an account and its sub-accounts: one query, and one for each page of rows.

    `account` comes with its trustee. Raises `Invalid` for an unknown value; a change that is refused is previewed too,
    with the refusal.
    """
    require(actor, Permission.CONTROL_VIEW)
    what = clean_switch(what, value)
    rows = sub_accounts_of(actor, account)
    counts = rows.aggregate(all=Count("pk"), held=Count("pk", filter=held(what)))
    n_held = counts["held"]
    own = own_value(account, what)
    is_same = own == value
    return ControlPreview(
        what=what,
        account=_own_line(account, what, value),
        rows=rows.select_related("trustee").order_by("uid", "pk"),
        n_touched=0 if is_same else counts["all"] - n_held,
        n_held=n_held,
        n_same=counts["all"] if is_same else n_held,
        refusal=judge(account, what, value),
    )


def _own_line(account: LinkedAccount, what: Control, value: str) -> Line:
    """Under a master, the stricter of both stays in force; the policy is the master's anyway."""
    own, now = own_value(account, what), value_in_force(account, what)
    if account.trustee is None:
        return Line(account, now, value, own)
    masters = own_value(account.trustee, what)
    if what is Control.SHUTDOWN_POLICY:
        return Line(account, now, masters, own, is_held=True)
    return Line(account, now, stricter(what, value, masters), own, is_held=masters == STRICT[what])


def count_accounts(actor: Actor, account: LinkedAccount, what: Control) -> int:
    """How many accounts a change of this switch reaches, the account included: what somebody types to confirm."""
    return count_followers(actor, account, what) + 1


def count_followers(actor: Actor, account: LinkedAccount, what: Control) -> int:
    """How many live sub-accounts a change of this switch reaches."""
    return sub_accounts_of(actor, account).exclude(held(what)).count()


def sub_accounts_of(actor: Actor, account: LinkedAccount) -> QuerySet[LinkedAccount]:
    rows: QuerySet[LinkedAccount] = LinkedAccount.objects.visible_to(actor).live().filter(trustee_id=account.pk)
    return rows


def own_changes(actor: Actor, operation_id: uuid.UUID) -> QuerySet[ControlChange]:
    """The accounts whose own switch one action set, in the order of their pk: not those that followed, and not what
    arrears did at the same moment."""
    rows: QuerySet[ControlChange] = ControlChange.objects.visible_to(actor).filter(
        ~Q(what=Control.PAYG_SHUTDOWN), operation_id=operation_id, cause__isnull=True
    )
    return rows.order_by("account_id", "pk")


def newest_changes(actor: Actor, what: str, account_pks: list[int]) -> dict[int, ControlChange]:
    """By account, the newest record of one of its own switches."""
    own = ControlChange.objects.visible_to(actor).filter(cause__isnull=True, what=what, account_id__in=account_pks)
    return {row.account_id: row for row in own.order_by("account_id", "-pk").distinct("account_id")}


def is_one_of_many(actor: Actor, change: ControlChange) -> bool:
    """Whether its action set switches of other accounts too: that is taken back as a whole, from its own page."""
    return own_changes(actor, change.operation_id).exclude(pk=change.pk).exists()


def why_not_undo(
    actor: Actor, account: LinkedAccount, change: ControlChange, newest: ControlChange | None = None
) -> DomainError | None:
    """Why this change of the account's own switch cannot be taken back; None when it can (load `trustee`).

    `newest` saves a query where the newest records of several accounts were read together.
    """
    if not account.is_live:
        return NotLive(account)
    newest = newest or newest_changes(actor, change.what, [account.pk]).get(account.pk, change)
    what = Control(change.what)
    if newest.pk != change.pk or own_value(account, what) != change.after:
        return ChangedSince(account, newest)
    is_led = what is Control.SHUTDOWN_POLICY and account.trustee_id is not None
    return FollowsMaster(account) if is_led else None
