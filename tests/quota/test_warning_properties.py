"""Whatever happens to figures and rules in whatever order: a warning fires once for each crossing, and none is lost."""

from __future__ import annotations

from decimal import Decimal
from itertools import count

import pytest
from django.db import transaction
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
from partner_console.access.models import Partner
from quota import locks, services
from quota.errors import NothingToChange
from quota.models import CreditAccount, Warning, WarningLine
from quota.services import alarms, ledger, lines
from quota.services.ledger import Movement
from quota.states import INHERITED, OFF, PARTNER_KINDS, EntryKind, Line, LineKind, lines_below
from tests.factories import make_account, make_partner
from uids import services as uids
from uids.models import Label

D = Decimal
WORKER = system_actor("test")
PERCENT, AMOUNT, DAYS, CUSTOMER = LineKind
LARGE = D(10) ** 15

totals = st.one_of(st.sampled_from([D(0), D("0.01"), D(100), LARGE]), st.decimals(0, 10_000, places=2))
crumbs = st.one_of(st.sampled_from([D("0.000001"), LARGE]), st.decimals(D("0.000001"), 10_000, places=6))
amounts = st.one_of(st.sampled_from([D(0), D("0.01"), LARGE]), st.decimals(0, 10_000, places=2))
uses = st.sampled_from([D(0), D("0.000001"), D("33.333333"), D(10) ** 13])
wanted = st.one_of(
    st.tuples(st.just(PERCENT), st.integers(1, 100).map(lambda n: Line(D(n)))),
    st.tuples(st.just(AMOUNT), amounts.map(Line)),
    st.tuples(st.just(DAYS), st.integers(1, 365).map(lambda n: Line(D(n)))),
    st.tuples(st.sampled_from([AMOUNT, DAYS]), st.just(OFF)),
    st.tuples(st.sampled_from(PARTNER_KINDS), st.just(INHERITED)),
)


class Warned(RuleBasedStateMachine):
    """One account and two labels. What is expected is kept beside the console's own figures, in its own words."""

    number = count()

    @initialize(amount=totals, percent=st.integers(1, 100))
    def open(self, amount: Decimal, percent: int) -> None:
        self.partner = make_partner(f"p{next(self.number)}")
        self.actor = system_actor("test", partner=self.partner)
        self.labels = [Label.objects.create(partner=self.partner, name=name) for name in ("calm", "careful")]
        self.amount, self.used, self.daily = amount, D(0), D(0)
        self.customer: Decimal | None = None
        # What each has set; a kind that is missing is inherited, None is “no such line”.
        self.defaults: dict[LineKind, Decimal | None] = {PERCENT: D(20), AMOUNT: None, DAYS: None}
        self.of_labels: list[dict[LineKind, Decimal | None]] = [{}, {}]
        self.carried: set[int] = set()
        self.own: dict[LineKind, Decimal | None] = {} if percent == 20 else {PERCENT: D(percent)}
        self.below: set[LineKind] = set()
        self.crossed = dict.fromkeys(LineKind, 0)
        self.n_mails = {"partner": 0, "customer": 0}
        account = make_account(self.partner)
        self.pk = services.open_credit(actor=WORKER, account=account, amount=amount, warning_percent=percent).pk
        self._crossed()

    @rule(value=crumbs)
    def use(self, value: Decimal) -> None:
        self._move(EntryKind.USAGE, undeducted=value)

    @rule(value=crumbs)
    def refund(self, value: Decimal) -> None:
        self._move(EntryKind.REFUND, deducted=-value)

    @rule(amount=totals)
    def set_total(self, amount: Decimal) -> None:
        if amount != self.amount:
            self._move(EntryKind.QUOTA_ADJUST, amount=amount - self.amount)

    @precondition(lambda self: self.available != 0)
    @rule()
    def come_to_exactly_zero(self) -> None:
        self._move(EntryKind.SYNC, undeducted=self.available)

    @rule(kind=st.sampled_from(list(LineKind)), crumb=st.sampled_from([D(0), D("0.000001"), D("-0.000001")]))
    def come_to_the_line(self, kind: LineKind, crumb: Decimal) -> None:
        line = self.lines[kind]
        if line is not None and self.available != line + crumb:
            self._move(EntryKind.SYNC, undeducted=self.available - line - crumb)

    @rule(per_day=uses)
    def use_another_pace(self, per_day: Decimal) -> None:
        """As the roll-up does: the figure is written, and the sweep sees what that crossed."""
        self.daily = per_day
        CreditAccount.objects.filter(pk=self.pk).update(daily_use=per_day)
        alarms.sweep_due(actor=WORKER)
        self._crossed()

    @rule(line=st.one_of(st.none(), amounts))
    def customer_sets_an_alert(self, line: Decimal | None) -> None:
        self.customer = line
        with transaction.atomic():
            credit = locks.lock_credit(WORKER, self.pk)
            credit.customer_line = line
            credit.save(update_fields=["customer_line"])
            alarms.evaluate_warning(credit)
        self._crossed()

    @rule(choice=wanted)
    def set_own(self, choice: tuple[LineKind, Line]) -> None:
        kind, line = choice
        if self._refused(self.own, kind, line):
            return
        version = CreditAccount.objects.get(pk=self.pk).version
        services.set_account_lines(
            actor=WORKER, account_pk=self.pk, version=version, wanted={kind: line}, reason="asked"
        )
        self._crossed()

    @rule(choice=wanted)
    def set_default(self, choice: tuple[LineKind, Line]) -> None:
        kind, line = choice
        if kind == PERCENT and line.is_inherited:
            return
        value = line.value
        if self.defaults[kind] == value:
            return
        self.defaults[kind] = value
        version = Partner.objects.get(pk=self.partner.pk).version
        services.set_partner_lines(actor=self.actor, version=version, wanted={kind: Line(value)})
        lines.run_refresh(actor=WORKER, partner_pk=self.partner.pk)
        self._crossed()

    @rule(number=st.integers(0, 1), choice=wanted)
    def set_label(self, number: int, choice: tuple[LineKind, Line]) -> None:
        kind, line = choice
        if self._refused(self.of_labels[number], kind, line):
            return
        services.set_label_lines(actor=self.actor, label_pk=self.labels[number].pk, wanted={kind: line})
        lines.run_refresh(actor=WORKER, partner_pk=self.partner.pk)
        self._crossed()

    @rule(carried=st.sets(st.integers(0, 1)))
    def carry(self, carried: set[int]) -> None:
        self.carried = carried
        uids.set_labels(actor=WORKER, account_pk=self.pk, label_pks=[self.labels[number].pk for number in carried])
        self._crossed()

    @rule()
    def sweep(self) -> None:
        assert alarms.sweep_due(actor=WORKER) == 0

    @rule()
    def evaluate_again(self) -> None:
        with transaction.atomic():
            assert alarms.evaluate_warning(locks.lock_credit(WORKER, self.pk)) is False
            assert alarms.evaluate_many([self.pk]) == 0

    @invariant()
    def the_account_carries_what_is_in_force(self) -> None:
        credit = CreditAccount.objects.get(pk=self.pk)
        found = {PERCENT: credit.warning_percent, AMOUNT: credit.warning_amount, DAYS: credit.warning_days}
        assert found == self.in_force

    @invariant()
    def the_database_sees_what_the_code_sees(self) -> None:
        credit = CreditAccount.objects.get(pk=self.pk)
        assert credit.lines_below == lines_below(credit) == credit.alarms == sum(self.below)
        assert credit.in_alarm is bool(self.below - {CUSTOMER})

    @invariant()
    def fired_once_for_each_crossing(self) -> None:
        for kind in LineKind:
            fired = WarningLine.objects.filter(credit=self.pk, kind=kind)
            assert fired.count() == self.crossed[kind]
            assert fired.filter(recovered_at__isnull=True).exists() is (kind in self.below)

    @invariant()
    def one_mail_for_what_was_crossed_in_one_moment(self) -> None:
        warnings = Warning.objects.filter(credit=self.pk)
        assert warnings.filter(for_customer=False).count() == self.n_mails["partner"]
        assert warnings.filter(for_customer=True).count() == self.n_mails["customer"]
        for warning in warnings:
            is_open = warning.lines.filter(recovered_at__isnull=True).exists()
            assert warning.lines.exists()
            assert (warning.recovered_at is None) is is_open

    @property
    def available(self) -> Decimal:
        return self.amount - self.used

    @property
    def in_force(self) -> dict[LineKind, Decimal | None]:
        found = {}
        for kind in PARTNER_KINDS:
            rules = [self.of_labels[number] for number in self.carried if kind in self.of_labels[number]]
            if kind in self.own:
                found[kind] = self.own[kind]
            elif rules:
                found[kind] = max((rule[kind] for rule in rules if rule[kind] is not None), default=None)  # type: ignore[type-var]
            else:
                found[kind] = self.defaults[kind]
        return found

    @property
    def lines(self) -> dict[LineKind, Decimal | None]:
        """In money; None where there is none."""
        percent, amount, days = (self.in_force[kind] for kind in PARTNER_KINDS)
        return {
            PERCENT: self.amount * (percent or 0) / 100,
            AMOUNT: amount,
            DAYS: None if days is None or not self.daily else self.daily * days,
            CUSTOMER: self.customer,
        }

    def _move(self, kind: EntryKind, **deltas: Decimal) -> None:
        with transaction.atomic():
            credit = locks.lock_credit(WORKER, self.pk)
            ledger.post(actor=WORKER, credit=credit, movement=Movement(kind, **deltas))  # type: ignore[arg-type]
        self.amount += deltas.pop("amount", D(0))
        self.used += sum(deltas.values())
        self._crossed()

    def _refused(self, rules: dict[LineKind, Decimal | None], kind: LineKind, line: Line) -> bool:
        """Remembers the rule; True when it is there already, which the service says too."""
        was = Line(rules[kind]) if kind in rules else INHERITED
        if was == line:
            with pytest.raises(NothingToChange):
                services.set_account_lines(
                    actor=WORKER,
                    account_pk=self.pk,
                    version=CreditAccount.objects.get(pk=self.pk).version,
                    wanted={kind: Line(self.own[kind]) if kind in self.own else INHERITED},
                    reason="asked",
                )
            return True
        if line.is_inherited:
            del rules[kind]
        else:
            rules[kind] = line.value
        return False

    def _crossed(self) -> None:
        """Strictly below a line is below it; a line that is not set nobody is below."""
        now = {kind for kind, line in self.lines.items() if line is not None and self.available < line}
        new = now - self.below
        for kind in new:
            self.crossed[kind] += 1
        self.n_mails["partner"] += bool(new - {CUSTOMER})
        self.n_mails["customer"] += CUSTOMER in new
        self.below = now


@pytest.mark.servers
@pytest.mark.django_db
def test_once_for_each_crossing_and_none_lost() -> None:
    run_state_machine_as_test(
        Warned,
        settings=settings(
            max_examples=15,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
