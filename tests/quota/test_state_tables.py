"""Every cell of the state table (acpn.md §8.2) and of the seed's effect table (seed 004 §2.2), for an account and for a
sub-account in its financial trusteeship. Two tables, each read row by row in one test."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from partner_console.access.actor import system_actor
from partner_console.cloud.models import CloudCommand, CommandState
from quota.effects import state_table
from quota.models import CreditAccount
from quota.selectors.orders import OrderKind, judge_order
from quota.services import enforcing, releasing
from quota.states import CreditStatus, EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.models import LinkedAccount
from uids.services import set_control
from uids.states import RELEASE_AFTER, Control, PaygStatus, ShutdownPolicy

if TYPE_CHECKING:
    from partner_console.access.models import Partner

D = Decimal
WORKER = system_actor("test")
NOW, DELAY, NEVER = ShutdownPolicy.IMMEDIATELY_STOP, ShutdownPolicy.DELAY_STOP, ShutdownPolicy.NO_STOP
OVERDRAFT, STEP = D(600), D("0.000001")
RUNS, FROZEN, STOPPED, RELEASED = PaygStatus.NORMAL, PaygStatus.FROZEN, PaygStatus.STOPPED, PaygStatus.RELEASED
FINE, OWING, SHUT = CreditStatus.NORMAL, CreditStatus.ARREARS_NOT_SHUTDOWN, CreditStatus.SHUTDOWN


class Cell(NamedTuple):
    """At `available`, what PAYG does, the credit status, and why nothing can be bought ("" where it can)."""

    policy: ShutdownPolicy
    available: Decimal
    payg: PaygStatus
    status: CreditStatus
    refused: str


STATES = [
    *(Cell(policy, D(100), RUNS, FINE, "") for policy in ShutdownPolicy),
    *(Cell(policy, D(0), RUNS, FINE, "nothing_left") for policy in ShutdownPolicy),
    Cell(NOW, -STEP, STOPPED, SHUT, "in_arrears"),
    Cell(NOW, D(-5000), STOPPED, SHUT, "in_arrears"),
    Cell(DELAY, -STEP, RUNS, OWING, "in_arrears"),
    Cell(DELAY, -OVERDRAFT + STEP, RUNS, OWING, "in_arrears"),
    Cell(DELAY, -OVERDRAFT, RUNS, OWING, "in_arrears"),
    Cell(DELAY, -OVERDRAFT - STEP, STOPPED, SHUT, "in_arrears"),
    Cell(DELAY, D(-5000), STOPPED, SHUT, "in_arrears"),
    Cell(NEVER, -STEP, RUNS, OWING, "in_arrears"),
    Cell(NEVER, D(-5000), RUNS, OWING, "in_arrears"),
]


def family(partner: Partner, **fields: Any) -> tuple[LinkedAccount, LinkedAccount]:
    master = make_account(partner, quota=D(100), overdraft=OVERDRAFT, **fields)
    return master, make_account(partner, trustee=master)


def spend_to(master: LinkedAccount, available: Decimal) -> None:
    """Available Quota becomes this, and what follows is done."""
    credit = CreditAccount.objects.get(pk=master.pk)
    if left := credit.available - available:
        kind = EntryKind.USAGE if left > 0 else EntryKind.REFUND
        move(master, kind, **{"undeducted" if left > 0 else "deducted": f"{left:f}"})
    enforcing.enforce(actor=WORKER, account_pk=master.pk)


def seen(account: LinkedAccount) -> tuple[LinkedAccount, CreditAccount]:
    found = LinkedAccount.objects.select_related("partner", "trustee").get(pk=account.pk)
    return found, CreditAccount.objects.select_related("account", "partner").get(pk=found.in_force.pk)


def verdicts(account: LinkedAccount, price: str = "1") -> tuple[str, str]:
    """Codes for an order of pay-as-you-go and of a subscription."""
    found, credit = seen(account)
    payg, subscription = (judge_order(found, credit, kind, D(price)).code for kind in OrderKind)
    return payg, subscription


def test_every_cell_of_the_state_table_alone_frozen_and_after_fifteen_days(acme: Partner) -> None:
    """Frozen by hand is allowed in every state; released after 15 days where it was stopped. Nothing depends on which
    of the family one looks at."""
    for cell in STATES:
        master, sub = family(acme, shutdown_policy=cell.policy)
        spend_to(master, cell.available)
        for account in (master, sub):
            found, credit = seen(account)
            assert (found.effective_payg_status, credit.credit_status) == (cell.payg, cell.status), cell
            assert verdicts(account) == (cell.refused, cell.refused), cell
        row = next(row for row in state_table(seen(master)[0], cell.available, "USD") if row.is_current)
        assert (row.policy, row.status) == (cell.policy, cell.status), cell

        set_control(actor=WORKER, account_pk=master.pk, what=Control.PAYG_FREEZE, value="frozen", reason="by hand")
        spend_to(master, cell.available)
        found, credit = seen(sub)
        assert found.effective_payg_status is FROZEN
        assert credit.is_stopped is (cell.payg is STOPPED), cell  # two facts
        assert verdicts(sub) == (cell.refused or "payg_frozen", cell.refused), cell
        set_control(actor=WORKER, account_pk=master.pk, what=Control.PAYG_FREEZE, value="normal", reason="by hand")
        assert seen(sub)[0].effective_payg_status is cell.payg, cell

        began = seen(master)[0].payg_stopped_at
        if began is not None:
            from_the_cloud(master)
            releasing.release_due(actor=WORKER, now=began + RELEASE_AFTER)
            assert seen(sub)[0].effective_payg_status is RELEASED
            assert seen(sub)[1].credit_status is SHUT
        spend_to(master, D(0))
        assert seen(sub)[0].effective_payg_status is RUNS, cell


def from_the_cloud(account: LinkedAccount) -> None:
    CloudCommand.objects.filter(uid=account.uid).update(state=CommandState.CONFIRMED)


class Effect(NamedTuple):
    """One cell of the seed's effect table: after the operation, PAYG and what can be ordered, PAYG then subscription.

    `own` is what the sub-account's own switches said before; the master's are normal.
    """

    what: Control
    value: str
    own: dict[str, Any]
    master: tuple[PaygStatus, str, str]
    sub: tuple[PaygStatus, str, str]


BAN, BAN_ABOVE = "purchase_disabled", "purchase_disabled_by_master"
EFFECTS = [
    Effect(Control.PAYG_FREEZE, "frozen", {}, (FROZEN, "payg_frozen", ""), (FROZEN, "payg_frozen", "")),
    Effect(Control.PAYG_FREEZE, "normal", {}, (RUNS, "", ""), (RUNS, "", "")),
    Effect(Control.PAYG_FREEZE, "normal", {"payg_frozen": True}, (RUNS, "", ""), (FROZEN, "payg_frozen", "")),
    Effect(Control.PURCHASE_CONTROL, "ban", {}, (RUNS, BAN, BAN), (RUNS, BAN_ABOVE, BAN_ABOVE)),
    Effect(Control.PURCHASE_CONTROL, "normal", {}, (RUNS, "", ""), (RUNS, "", "")),
    Effect(Control.PURCHASE_CONTROL, "normal", {"purchase_control": "ban"}, (RUNS, "", ""), (RUNS, BAN, BAN)),
    *(Effect(Control.SHUTDOWN_POLICY, policy, {}, (RUNS, "", ""), (RUNS, "", "")) for policy in ShutdownPolicy),
]


def test_every_cell_of_the_seeds_effect_table(acme: Partner) -> None:
    """The account itself, and its financial trusteeship sub-accounts, after each operation. Subscriptions are bought
    with the master's Available Quota, to the last of it."""
    for effect in EFFECTS:
        befores: dict[Control, dict[str, Any]] = {
            Control.PAYG_FREEZE: {"payg_frozen": effect.value == "normal"},
            Control.PURCHASE_CONTROL: {"purchase_control": "ban" if effect.value == "normal" else "normal"},
            Control.SHUTDOWN_POLICY: {"shutdown_policy": NEVER if effect.value != NEVER else NOW},
        }
        master, _sub = family(acme, **befores[effect.what])
        sub = make_account(acme, trustee=master, **effect.own)

        set_control(actor=WORKER, account_pk=master.pk, what=effect.what, value=effect.value, reason="as agreed")

        for account, (payg, payg_order, subscription) in ((master, effect.master), (sub, effect.sub)):
            assert seen(account)[0].effective_payg_status is payg, effect
            assert verdicts(account) == (payg_order, subscription), effect
            assert verdicts(account, "100") == (payg_order, subscription), effect
            assert verdicts(account, "100.01")[1] == (subscription or "more_than_available"), effect
        if effect.what is Control.SHUTDOWN_POLICY:
            spend_to(master, -OVERDRAFT)
            stops = STOPPED if effect.value == NOW else RUNS
            assert seen(sub)[0].effective_payg_status is stops, effect


def test_each_policy_is_said_at_the_accounts_own_figures(acme: Partner) -> None:
    account = LinkedAccount(partner=acme, shutdown_policy=NOW, overdraft=D(0))
    said = {row.policy: (row.status, row.now, row.is_current) for row in state_table(account, D("-37.2"), "USD")}

    assert said == {
        NOW: (SHUT, "Available −37.20 USD: is being stopped now.", True),
        DELAY: (
            OWING, "Available −37.20 USD: would run, with 562.80 USD left of an overdraft of 600.00 USD.", False,
        ),
        NEVER: (OWING, "Available −37.20 USD: would run while the debt grows.", False),
    }  # fmt: skip
    assert {row.now.split(": ")[1] for row in state_table(account, D(0), "USD")} == {
        "runs, not in arrears.",
        "would run, not in arrears.",
    }
