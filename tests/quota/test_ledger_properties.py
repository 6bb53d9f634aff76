"""Any interleaving of what can happen to a quota keeps the books right and warns once per crossing (design §6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from partner_console.access.actor import system_actor
from partner_console.cloud.port import Credit
from quota import locks, services
from quota.models import Boost, BoostState, CreditAccount, LedgerEntry, Warning
from quota.services import boosts, intake, ledger, money
from quota.services.alarms import sweep_due
from quota.services.intake import Outcome, UsageEvent
from quota.services.ledger import Movement
from quota.states import Bucket, EntryKind
from tests.factories import make_account, make_partner

if TYPE_CHECKING:
    from partner_console.access.models import Partner

D = Decimal
WORKER = system_actor("test")

totals = st.one_of(
    st.sampled_from([D(0), D("0.01"), D(100), D(10) ** 15]),
    st.decimals(0, 10_000, places=2),
)
consumption = st.one_of(
    st.sampled_from([D("0.000001"), D(10) ** 15, D("99.999999")]),
    st.decimals(D("0.000001"), 10_000, places=6),
)


class Quota(RuleBasedStateMachine):
    """One account. `self.amount` and so on are the expectation, kept beside the console's own figures."""

    partner: Partner

    @initialize(amount=totals, percent=st.integers(1, 100))
    def open(self, amount: Decimal, percent: int) -> None:
        account = make_account(self.partner)
        credit = services.open_credit(actor=WORKER, account=account, amount=amount, warning_percent=percent)
        self.pk, self.uid = credit.pk, account.uid
        self.boost: Decimal | None = None
        self.has_ordered = False
        self.readings = 0
        self.amount, self.deducted, self.undeducted, self.percent = amount, D(0), D(0), percent
        self.crossings = 0
        self.alarm = False
        self.steps = 1
        self._cross()

    @rule(amount=totals)
    def edit(self, amount: Decimal) -> None:
        if amount == self.amount:
            return
        services.edit_quota(
            actor=WORKER,
            account_pk=self.pk,
            version=self.credit.version,
            amount=amount,
            reason="asked",
            accept_arrears=True,
        )
        self.amount = amount
        self._moved()

    @rule(percent=st.integers(1, 100))
    def set_threshold(self, percent: int) -> None:
        if percent == self.percent:
            return
        services.set_threshold(
            actor=WORKER, account_pk=self.pk, version=self.credit.version, percent=percent, reason="asked"
        )
        self.percent = percent
        self._cross()

    @rule(value=consumption)
    def use(self, value: Decimal) -> None:
        self._post(EntryKind.USAGE, undeducted=value)

    @precondition(lambda self: self.available > self.line)
    @rule()
    def use_down_to_the_line(self) -> None:
        self._post(EntryKind.USAGE, undeducted=self.available - self.line)

    @precondition(lambda self: self.available != 0)
    @rule()
    def use_to_exactly_zero(self) -> None:
        self._post(EntryKind.USAGE, undeducted=self.available)

    @precondition(lambda self: self.undeducted != 0)
    @rule()
    def settle_all(self) -> None:
        self._post(EntryKind.SETTLE, undeducted=-self.undeducted, deducted=self.undeducted)

    @rule(value=consumption)
    def refund(self, value: Decimal) -> None:
        self._post(EntryKind.REFUND, deducted=-value)

    @precondition(lambda self: self.deducted > 0)
    @rule()
    def write_off_all(self) -> None:
        self._post(EntryKind.WRITE_OFF, deducted=-self.deducted)

    @rule(value=consumption, key=st.sampled_from(["a", "b"]))
    def deliver_twice(self, value: Decimal, key: str) -> None:
        key = f"{key}{self.steps}"
        self._post(EntryKind.USAGE, undeducted=value, key=key)
        self._post_again(EntryKind.USAGE, undeducted=value, key=key)

    @rule(events=st.lists(st.tuples(st.sampled_from(["usage", "refund"]), consumption), min_size=1, max_size=4))
    def report(self, events: list[tuple[str, Decimal]]) -> None:
        """A batch from outside, every event twice, and the whole of it again."""
        now = timezone.now()
        batch = [
            UsageEvent(self.uid, kind, value, f"{self.steps}-{number}", now)
            for number, (kind, value) in enumerate(events)
        ]
        taken = intake.take_in(actor=WORKER, events=[*batch, *batch])
        again = intake.take_in(actor=WORKER, events=batch)
        assert taken.counts == {Outcome.TAKEN: len(batch), Outcome.DUPLICATE: len(batch)}
        assert again.counts == {Outcome.DUPLICATE: len(batch)}
        for kind, value in events:
            self.undeducted += value if kind == "usage" else 0
            self.deducted -= value if kind == "refund" else 0
        self.steps += len(batch)
        self._cross()

    @precondition(lambda self: not self.has_ordered)
    @rule(deducted=consumption, undeducted=consumption)
    def read_from_the_cloud(self, deducted: Decimal, undeducted: Decimal) -> None:
        self.readings += 1
        reading = Credit(
            uid=self.uid,
            amount=self.amount,
            deducted=deducted,
            undeducted=undeducted,
            warning_percent=self.percent,
            payg_frozen=False,
            purchase_control="normal",
            shutdown_policy="immediatelyStop",
            as_of=datetime(2030, 1, 1, tzinfo=UTC) + timedelta(minutes=self.readings),
        )
        for _delivery in range(2):
            services.apply_credit_figures(actor=WORKER, credit=reading)
        self.deducted, self.undeducted = deducted, undeducted
        self.steps = self.credit.last_seq
        self._cross()

    @precondition(lambda self: self.deducted > 0)
    @rule()
    def write_off_as_people_do(self) -> None:
        money.write_off(
            actor=WORKER, account_pk=self.pk, version=self.credit.version, amount=self.deducted, reason="paid"
        )
        self.deducted, self.has_ordered = D(0), True
        self._moved()

    @precondition(lambda self: self.boost is None)
    @rule(amount=totals.filter(bool))
    def start_a_boost(self, amount: Decimal) -> None:
        until = timezone.now() + timedelta(days=2)
        boosts.start_boost(
            actor=WORKER, account_pk=self.pk, version=self.credit.version, amount=amount, until=until, reason="sale"
        )
        self.amount, self.boost = self.amount + amount, amount
        self._moved()

    @precondition(lambda self: self.boost is not None)
    @rule(early=st.booleans())
    def end_the_boost(self, *, early: bool) -> None:
        """By hand or by itself, and the sweep comes round twice."""
        boost = Boost.objects.get(credit=self.pk, state=BoostState.IN_FORCE)
        if early:
            boosts.end_boost(actor=WORKER, account_pk=self.pk, reason="sold", accept_arrears=True)
        else:
            Boost.objects.filter(pk=boost.pk).update(until=timezone.now() - timedelta(minutes=1))
        for _turn in range(2):
            boosts.end_due(actor=WORKER, boost_pk=boost.pk)
        back = min(boost.amount, self.amount)
        self.amount, self.boost = self.amount - back, None
        self.steps += bool(back)
        self._cross()

    @rule()
    def sweep(self) -> None:
        assert sweep_due(actor=WORKER) == 0

    @invariant()
    def figures_are_as_expected(self) -> None:
        credit = self.credit
        assert (credit.amount, credit.deducted, credit.undeducted) == (self.amount, self.deducted, self.undeducted)
        assert credit.available == self.available

    @invariant()
    def balance_is_the_sum_of_the_entries(self) -> None:
        sums = LedgerEntry.objects.filter(credit=self.pk).aggregate(
            amount=Sum("amount_delta"), deducted=Sum("deducted_delta"), undeducted=Sum("undeducted_delta")
        )
        assert sums == {"amount": self.amount, "deducted": self.deducted, "undeducted": self.undeducted}

    @invariant()
    def every_entry_goes_on_where_the_one_before_ended(self) -> None:
        after = dict.fromkeys(Bucket, D(0))
        digest = ""
        for number, entry in enumerate(LedgerEntry.objects.filter(credit=self.pk).order_by("seq"), start=1):
            assert (entry.seq, entry.previous_hash, entry.hash) == (number, digest, ledger.digest(entry))
            assert entry.before == after[Bucket(entry.bucket)]
            assert entry.after == entry.before + entry.value
            for bucket in Bucket:
                after[bucket] += getattr(entry, f"{bucket}_delta")
            digest = entry.hash
        assert number == self.steps

    @invariant()
    def warned_once_for_every_crossing(self) -> None:
        warnings = Warning.objects.filter(credit=self.pk)
        assert warnings.count() == self.crossings
        assert warnings.filter(recovered_at__isnull=True).exists() is self.alarm
        assert self.credit.in_alarm is self.alarm

    @property
    def credit(self) -> CreditAccount:
        credit: CreditAccount = CreditAccount.objects.get(pk=self.pk)
        return credit

    @property
    def available(self) -> Decimal:
        return self.amount - self.deducted - self.undeducted

    @property
    def line(self) -> Decimal:
        return self.amount * self.percent / 100

    def _post(self, kind: EntryKind, *, key: str | None = None, **deltas: Decimal) -> None:
        self._post_again(kind, key=key, **deltas)
        self.deducted += deltas.get("deducted", D(0))
        self.undeducted += deltas.get("undeducted", D(0))
        self._moved()

    def _post_again(self, kind: EntryKind, *, key: str | None = None, **deltas: Decimal) -> None:
        with transaction.atomic():
            credit = locks.lock_credit(WORKER, self.pk)
            ledger.post(actor=WORKER, credit=credit, movement=Movement(kind, key=key, **deltas))  # type: ignore[arg-type]

    def _moved(self) -> None:
        self.steps += 1
        self._cross()

    def _cross(self) -> None:
        """The rule in its own words: strictly below the line, and amount 0 has its line at zero."""
        below = self.available < self.line
        self.crossings += below and not self.alarm
        self.alarm = below


@pytest.mark.servers
@pytest.mark.django_db
def test_any_interleaving_keeps_the_books_right() -> None:
    class OfOnePartner(Quota):
        partner = make_partner("acme")

    run_state_machine_as_test(
        OfOnePartner,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
