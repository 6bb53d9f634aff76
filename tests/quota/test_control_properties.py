"""Random months: whatever happens in whatever order, what runs at the cloud ends as the rules say (design §6)."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from partner_console.access.actor import system_actor
from partner_console.cloud import clock
from partner_console.cloud import services as cloud
from partner_console.cloud.errors import Overtaken
from partner_console.cloud.locks import WAITING
from partner_console.cloud.models import CloudCommand, CommandState
from partner_console.cloud.simulated import instances, playing
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.models import FaultKind, InstanceKind, SimAccount, SimClock, SimInstance
from quota import services as quota
from quota.errors import InArrears
from quota.models import CreditAccount
from quota.services import enforcing, money, releasing, simulation, trusteeship
from tests.factories import make_account, make_partner
from tests.quota.control_model import OVERDRAFT, Model
from uids.errors import AlreadySo, FollowsMaster, TrusteeshipImpossible
from uids.models import ControlChange, LinkedAccount
from uids.states import Control

D = Decimal
WORKER = system_actor("test")
FIFTEEN_DAYS = timedelta(days=15)
START = ("immediatelyStop", "delayStop", "noStop", "delayStop")  # one account each
FAULTY = ("freeze", "thaw", "stop_payg", "resume_payg", "set_policy", "set_purchase_control", "set_trustee", "")
SWITCHES = {
    Control.PAYG_FREEZE: ("frozen", "normal"),
    Control.PURCHASE_CONTROL: ("ban", "normal"),
    Control.SHUTDOWN_POLICY: ("immediatelyStop", "delayStop", "noStop"),
}

who = st.integers(0, len(START) - 1)
sums = st.sampled_from([D(1), D(600), D("600.000001"), D(1500)])
beyond = st.sampled_from([D(0), D("0.000001")])
# What of the worker gets through at once. The rest is lost, or comes later.
heard = st.sampled_from(["nothing", "its order", "everything", "everything"])


class Months(RuleBasedStateMachine):
    """Four accounts of one partner, each with an instance that is paid by the hour. Messages to the worker are lost:
    what it does, it does because a rule here says so, once or twice. The cloud reports, errs and forgets to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.before = transaction.savepoint()
        self.partner = make_partner()
        self.accounts: list[Model] = []
        self.vms: dict[int, SimInstance] = {}
        self.gone: set[int] = set()
        for position, policy in enumerate(START):
            account = make_account(self.partner, quota=D(1000), shutdown_policy=policy, overdraft=OVERDRAFT)
            self.accounts.append(Model(account.pk, account.uid, policy))
            known = simulated.meet(account.uid)
            assert known is not None
            self.vms[position] = instances.put(known, kind=InstanceKind.PAYG, price=D("0.5"))

    @initialize(joins=st.booleans(), owing=st.sets(who, max_size=3), frozen=who)
    def begin(self, *, joins: bool, owing: set[int], frozen: int) -> None:
        """A month seldom begins with nothing behind it."""
        if joins:
            self.change_the_master(1, 0, "its order")
        for position in sorted(owing):
            self.stand_at_exactly(position, -OVERDRAFT, D("0.000001"), "nothing")
        self.set_a_switch(frozen, Control.PAYG_FREEZE, 0, "everything", takes_back=False)

    # What customers and the cloud do.

    @rule(position=who, amount=sums, then=heard)
    def use(self, position: int, amount: Decimal, then: str) -> None:
        simulated.report_usage(uid=self._payer(position).uid, amount=amount)
        self._worker(position, then)

    @rule(position=who, line=st.sampled_from([D(0), -OVERDRAFT]), beyond=beyond, then=heard)
    def stand_at_exactly(self, position: int, line: Decimal, beyond: Decimal, then: str) -> None:
        """By use or by a refund: on the line, or the least bit below it."""
        payer = self._payer(position)
        known = SimAccount.objects.get(uid=payer.uid)
        left = known.amount - known.deducted - known.undeducted - line + beyond
        if left > 0:
            simulated.report_usage(uid=payer.uid, amount=left)
        elif left < 0:
            simulated.refund(uid=payer.uid, amount=-left)
        self._worker(position, then)

    @rule(hours=st.integers(1, 5))
    def hours_pass(self, hours: int) -> None:
        """Used by the hour, told late, settled."""
        for _hour in range(hours):
            playing.pass_one_hour()

    @rule(days=st.integers(1, 16))
    def days_pass(self, days: int) -> None:
        row, _ = SimClock.objects.get_or_create(pk=1)
        SimClock.objects.filter(pk=row.pk).update(ahead=row.ahead + timedelta(days=days))
        instances.follow()

    @rule(operation=st.sampled_from(FAULTY), kind=st.sampled_from(FaultKind.values), times=st.integers(1, 3))
    def something_will_go_wrong(self, operation: str, kind: str, times: int) -> None:
        if kind == FaultKind.REFUSE and not operation:
            return  # a refused quota is taken back, which is another test's
        simulated.add_fault(operation=operation, kind=kind, code="1109", times=times)

    # What people do.

    @rule(position=who, amount=st.one_of(st.sampled_from([D(0), D(1000)]), st.integers(0, 4000).map(D)))
    def set_the_quota(self, position: int, amount: Decimal) -> None:
        account = self.accounts[position]
        credit = self._credit(account)
        if account.master is None and amount != credit.amount:
            quota.edit_quota(
                actor=WORKER,
                account_pk=account.pk,
                version=credit.version,
                amount=amount,
                reason="asked",
                accept_arrears=True,
            )

    @rule(position=who)
    def pay(self, position: int) -> None:
        account = self.accounts[position]
        credit = self._credit(account)
        if account.master is None and credit.deducted > 0:
            money.write_off(
                actor=WORKER, account_pk=account.pk, version=credit.version, amount=credit.deducted, reason="paid"
            )

    @rule(
        position=who,
        what=st.sampled_from(list(SWITCHES)),
        pick=st.integers(0, 5),
        then=heard,
        takes_back=st.booleans(),
    )
    def set_a_switch(self, position: int, what: Control, pick: int, then: str, *, takes_back: bool) -> None:
        """And perhaps take it back at once, which is exact or refused."""
        values = SWITCHES[what]
        value, before = values[pick % len(values)], self._switches()
        operation_id = uuid.uuid4()
        if not self._change(position, what, value, operation_id):
            assert self._switches() == before
            return
        self._worker(position, then)
        if not takes_back:
            return
        with suppress(InArrears):  # taking a freeze back is unfreezing
            quota.undo(actor=WORKER, operation_id=operation_id, reason="a mistake")
            assert self._switches() == before
            self._follow(position, what, before[position])

    @rule(position=who, master=st.one_of(st.none(), who), then=heard)
    def change_the_master(self, position: int, master: int | None, then: str) -> None:
        account = self.accounts[position]
        if account.master == master:
            return
        expected, former = self._may_join(position, master), account.master
        try:
            trusteeship.set_trustee(
                actor=WORKER,
                account_pk=account.pk,
                trustee_pk=None if master is None else self.accounts[master].pk,
                reason="the customers say so",
            )
        except TrusteeshipImpossible:
            assert not expected
            return
        assert expected, (former, master)
        account.master = master
        self._judge(account, decided=True)
        self._worker(position, then)

    # What the worker does, when a message gets through.

    @rule(position=who, times=st.integers(1, 2))
    def one_is_enforced(self, position: int, times: int) -> None:
        for _time in range(times):
            enforcing.enforce(actor=WORKER, account_pk=self.accounts[position].pk)
        self._judge(self.accounts[position])

    @rule(position=who)
    def orders_are_sent(self, position: int) -> None:
        self._waited()
        cloud.send_due(uid=self.accounts[position].uid)

    @rule()
    def the_console_has_its_turn(self) -> None:
        self._waited()
        simulation.take_turn()
        for account in self.accounts:
            self._judge(account)

    # What holds at every moment.

    @invariant()
    def what_is_recorded_here_is_what_the_rules_say(self) -> None:
        pks = [account.pk for account in self.accounts]
        rows, credits = LinkedAccount.objects.in_bulk(pks), CreditAccount.objects.in_bulk(pks)
        for account in self.accounts:
            row = rows[account.pk]
            master = None if account.master is None else self.accounts[account.master].pk
            assert {name: getattr(row, name) for name in account.switches()} == account.switches()
            assert row.trustee_id == master
            assert (row.payg_stopped_at is not None) == (account.stopped_at is not None), account
            assert credits[account.pk].is_stopped == (account.stopped_at is not None)

    @invariant()
    def what_runs_follows_the_facts_at_the_cloud(self) -> None:
        known = {row.uid: row for row in SimAccount.objects.all()}
        states = dict(SimInstance.objects.filter(kind=InstanceKind.PAYG).values_list("pk", "state"))
        now = clock.now()
        for position, vm in self.vms.items():
            row = known[self.accounts[position].uid]
            holder = known.get(row.trustee_uid, row)
            if holder.payg_stopped_at and holder.payg_stopped_at + FIFTEEN_DAYS <= now:
                self.gone.add(vm.pk)
            stands = holder.payg_stopped_at or holder.payg_frozen or row.payg_frozen
            wanted = "released" if vm.pk in self.gone else "stopped" if stands else "running"
            assert states[vm.pk] == wanted

    def teardown(self) -> None:
        try:
            self._ends_as_the_rules_say()
        finally:
            transaction.savepoint_rollback(self.before)

    def _ends_as_the_rules_say(self) -> None:
        """The queue is drained; then the cloud has what the rules say, and not a stop more or less."""
        self._drain()
        for position, account in enumerate(self.accounts):
            self._judge(account)
            known, credit = SimAccount.objects.get(uid=account.uid), self._credit(account)
            assert (known.payg_frozen, known.purchase_control, known.shutdown_policy) == tuple(
                account.switches().values()
            )
            assert known.trustee_uid == ("" if account.master is None else self.accounts[account.master].uid)
            assert known.payg_stopped == (account.stopped_at is not None)
            if account.master is None:
                assert (credit.amount, credit.deducted, credit.undeducted) == (
                    known.amount, known.deducted, known.undeducted,
                )  # fmt: skip
                self._has_cause(account, credit.available)
            self._records_agree(account, position)
        self.what_is_recorded_here_is_what_the_rules_say()
        self.what_runs_follows_the_facts_at_the_cloud()

    # How the test knows.

    def _worker(self, position: int, then: str) -> None:
        if then == "its order":
            self.orders_are_sent(position)
        elif then == "everything":
            self.the_console_has_its_turn()

    def _payer(self, position: int) -> Model:
        """Whose money is spent at the cloud now: it may not have heard of a change yet."""
        known = SimAccount.objects.get(uid=self.accounts[position].uid)
        return next(one for one in self.accounts if one.uid == (known.trustee_uid or known.uid))

    def _credit(self, account: Model) -> CreditAccount:
        credit: CreditAccount = CreditAccount.objects.get(pk=account.pk)
        return credit

    def _judge(self, account: Model, *, decided: bool = False) -> None:
        """The rule in its own words: strictly below the line it stops, and only at 0 or more does it run again, unless
        somebody decided on a policy under which it would not have stopped."""
        available, line = self._credit(account).available, account.line
        if account.stopped_at is None:
            if line is not None and available < line:
                account.stopped_at = clock.now()
        elif available >= 0 or line is None or (decided and available >= line):
            account.stopped_at = None

    def _has_cause(self, account: Model, available: Decimal) -> None:
        """Said without any history, so that the model above is held to it too."""
        is_stopped = account.stopped_at is not None
        if account.policy == "noStop" or available >= 0:
            assert not is_stopped
        elif account.policy == "immediatelyStop" or available < -OVERDRAFT:
            assert is_stopped

    def _records_agree(self, account: Model, position: int) -> None:
        """The newest record of its own stop says what is so."""
        last = ControlChange.objects.filter(account_id=account.pk, what=Control.PAYG_SHUTDOWN, cause=None).first()
        assert (last is not None and last.after != "normal") == (account.stopped_at is not None), position

    def _switches(self) -> list[dict[str, Any]]:
        names = ("payg_frozen", "purchase_control", "shutdown_policy", "overdraft", "trustee_id")
        rows = LinkedAccount.objects.in_bulk([account.pk for account in self.accounts])
        return [{name: getattr(rows[account.pk], name) for name in names} for account in self.accounts]

    def _change(self, position: int, what: Control, value: str, operation_id: uuid.UUID) -> bool:
        account = self.accounts[position]
        holder = account if account.master is None else self.accounts[account.master]
        try:
            quota.change_control(
                actor=WORKER,
                account_pk=account.pk,
                what=what,
                value=value,
                reason="asked",
                operation_id=operation_id,
            )
        except AlreadySo:
            assert account.own(what) == value
            return False
        except FollowsMaster:
            assert account.master is not None
            return False
        except InArrears:
            assert self._credit(holder).available < 0
            return False
        self._follow(
            position,
            what,
            {"payg_frozen": value == "frozen", "purchase_control": value, "shutdown_policy": value},
        )
        return True

    def _follow(self, position: int, what: Control, values: dict[str, Any]) -> None:
        account = self.accounts[position]
        if what is Control.PAYG_FREEZE:
            account.frozen = values["payg_frozen"]
        elif what is Control.PURCHASE_CONTROL:
            account.banned = values["purchase_control"] == "ban"
        else:
            account.policy = values["shutdown_policy"]
            self._judge(account, decided=True)

    def _may_join(self, position: int, master: int | None) -> bool:
        """One level, no debts taken along, none left behind (acpn.md §9)."""
        account = self.accounts[position]
        if master is None:
            held = self.accounts[account.master or 0]
            return self._credit(held).available >= 0 and held.stopped_at is None
        return (
            account.master is None
            and master != position
            and self.accounts[master].master is None
            and self.accounts[master].stopped_at is None
            and not any(one.master == position for one in self.accounts)
            and account.stopped_at is None
            and self._credit(account).available >= 0
        )

    def _waited(self) -> None:
        """Nobody waits in a test: what was put off is due."""
        CloudCommand.objects.filter(WAITING).update(next_attempt_at=timezone.now())

    def _drain(self) -> None:
        """Nothing goes wrong any more, staff retry what was refused, and the worker comes round until all is still."""
        simulated.clear_faults()
        for _round in range(6):
            is_still = not CloudCommand.objects.filter(WAITING).exists()
            for command in CloudCommand.objects.filter(state=CommandState.REFUSED, undone_at=None):
                with suppress(Overtaken):
                    cloud.retry(actor=WORKER, command_pk=command.pk)
                    is_still = False
            self._waited()
            simulation.take_turn()
            if is_still:
                break
        assert is_still
        assert releasing.sweep() == 0


@pytest.mark.servers
@pytest.mark.django_db
def test_whatever_happens_in_a_month_the_cloud_ends_as_the_rules_say() -> None:
    run_state_machine_as_test(
        Months,
        settings=settings(
            max_examples=10,
            stateful_step_count=30,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
