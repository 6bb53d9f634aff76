"""Where an account is warned: its own rule, else its labels', else its partner's; and who is told of a change."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound
from quota import services, tasks
from quota.errors import NothingToChange
from quota.models import CreditAccount, RuleRefresh, Warning, WarningLine, WarningRule
from quota.services import lines
from quota.services.opening import Opening
from quota.states import INHERITED, OFF, EntryKind, Line, LineKind
from tests.factories import make_account
from tests.quota.support import move
from uids import services as uids
from uids.models import Label, LinkedAccount
from uids.services.bulk import Change, apply_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.personas import Persona

D = Decimal
WORKER = system_actor("test")
PERCENT, AMOUNT, DAYS = LineKind.PERCENT, LineKind.AMOUNT, LineKind.DAYS


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, "1792155717328010", quota=D("100"))


def in_force(account: LinkedAccount) -> tuple[int, Decimal | None, int | None]:
    credit = CreditAccount.objects.get(pk=account.pk)
    return credit.warning_percent, credit.warning_amount, credit.warning_days


def set_lines(persona: Persona, account: LinkedAccount, wanted: dict[LineKind, Line]) -> CreditAccount:
    version = CreditAccount.objects.get(pk=account.pk).version
    return services.set_account_lines(
        actor=persona.actor, account_pk=account.pk, version=version, wanted=wanted, reason="contract"
    )


def set_defaults(persona: Persona, wanted: dict[LineKind, Line]) -> None:
    assert persona.partner is not None
    version = Partner.objects.get(pk=persona.partner.pk).version
    services.set_partner_lines(actor=persona.actor, version=version, wanted=wanted)
    tasks.refresh_warning_lines(persona.partner.pk)


def set_label(persona: Persona, label: Label, wanted: dict[LineKind, Line]) -> None:
    services.set_label_lines(actor=persona.actor, label_pk=label.pk, wanted=wanted)
    tasks.refresh_warning_lines(label.partner_id)


def test_the_partners_lines_reach_every_account(
    acme_finance: Persona, outsider: Persona, account: LinkedAccount
) -> None:
    assert outsider.partner is not None
    other = make_account(outsider.partner, quota=D("100"))

    set_defaults(acme_finance, {PERCENT: Line(D(30)), AMOUNT: Line(D("12.50")), DAYS: Line(D(7))})

    assert in_force(account) == (30, D("12.50"), 7)
    assert in_force(other) == (20, None, None)
    refresh = RuleRefresh.objects.get()
    assert (refresh.n_rows, refresh.n_done, refresh.n_changed, refresh.finished_at is not None) == (1, 1, 1, True)
    assert CloudCommand.objects.get().payload == {"percent": 30}
    assert AuditEntry.objects.get(action=Action.WARNING_DEFAULTS_CHANGED).changes == {
        "warning_percent": [20, 30],
        "warning_amount": ["inherited", "12.50"],
        "warning_days": ["inherited", "7"],
    }


def test_an_account_beats_its_label_and_a_label_beats_the_partner(
    acme_finance: Persona, acme: Partner, account: LinkedAccount
) -> None:
    label = Label.objects.create(partner=acme, name="VIP")
    uids.set_labels(actor=WORKER, account_pk=account.pk, label_pks=[label.pk])

    set_defaults(acme_finance, {PERCENT: Line(D(30)), AMOUNT: Line(D(5))})
    set_label(acme_finance, label, {PERCENT: Line(D(40)), AMOUNT: OFF, DAYS: Line(D(3))})
    assert in_force(account) == (40, None, 3)

    set_lines(acme_finance, account, {PERCENT: Line(D(10)), AMOUNT: Line(D(0)), DAYS: OFF})
    assert in_force(account) == (10, D(0), None)

    set_lines(acme_finance, account, {PERCENT: INHERITED, AMOUNT: INHERITED, DAYS: INHERITED})
    assert in_force(account) == (40, None, 3)

    set_label(acme_finance, label, {PERCENT: INHERITED, AMOUNT: INHERITED, DAYS: INHERITED})
    assert in_force(account) == (30, D(5), None)
    assert not WarningRule.objects.filter(label=label).exists()


def test_the_most_careful_of_several_labels_counts(
    acme_finance: Persona, acme: Partner, account: LinkedAccount
) -> None:
    calm, careful, none = (Label.objects.create(partner=acme, name=name) for name in ("calm", "careful", "none"))
    set_label(acme_finance, calm, {PERCENT: Line(D(10)), AMOUNT: Line(D(50))})
    set_label(acme_finance, careful, {PERCENT: Line(D(60)), AMOUNT: Line(D(5))})
    set_label(acme_finance, none, {AMOUNT: OFF})

    uids.set_labels(actor=WORKER, account_pk=account.pk, label_pks=[calm.pk, careful.pk, none.pk])

    assert in_force(account) == (60, D(50), None)


def test_labels_put_on_and_taken_off_change_the_lines_at_once(
    acme_finance: Persona, acme: Partner, account: LinkedAccount
) -> None:
    label = Label.objects.create(partner=acme, name="VIP")
    set_label(acme_finance, label, {PERCENT: Line(D(40))})

    uids.set_labels(actor=WORKER, account_pk=account.pk, label_pks=[label.pk])
    assert in_force(account)[0] == 40

    change = Change(kind="labels", remove=(label.pk,))
    with transaction.atomic():
        apply_batch(actor=WORKER, pks=[account.pk], change=change, operation_id=None)  # type: ignore[arg-type]
    assert in_force(account)[0] == 20


def test_a_label_that_is_removed_takes_its_lines_along(
    acme_finance: Persona, acme: Partner, account: LinkedAccount
) -> None:
    label = Label.objects.create(partner=acme, name="VIP")
    uids.set_labels(actor=WORKER, account_pk=account.pk, label_pks=[label.pk])
    set_label(acme_finance, label, {PERCENT: Line(D(40))})

    uids.remove_label(actor=WORKER, label_pk=label.pk)
    tasks.refresh_warning_lines(acme.pk)

    assert in_force(account)[0] == 20
    assert not WarningRule.objects.exists()


def test_a_changed_default_warns_of_what_it_crosses_and_ends_what_it_does_not(
    acme_finance: Persona, account: LinkedAccount
) -> None:
    move(account, EntryKind.USAGE, undeducted="75")

    set_defaults(acme_finance, {PERCENT: Line(D(30))})
    assert [(line.kind, line.value) for line in WarningLine.objects.all()] == [(PERCENT, D(30))]

    set_defaults(acme_finance, {PERCENT: Line(D(25))})
    assert Warning.objects.get().recovered_at is not None


def test_who_starts_with_the_default_follows_it_and_who_does_not_has_a_rule_of_its_own(
    acme_finance: Persona, acme: Partner
) -> None:
    set_defaults(acme_finance, {AMOUNT: Line(D(7))})
    follows = services.open_credit(actor=WORKER, account=make_account(acme), amount=D(100), warning_percent=20)
    services.open_credits(
        actor=WORKER,
        openings=[Opening(account=make_account(acme), amount=D(100), warning_percent=35, undeducted=D(94))],
    )
    own = CreditAccount.objects.exclude(pk=follows.pk).get()
    assert follows.warning_amount == D(7)
    assert WarningRule.objects.get(credit__isnull=False).credit == own
    assert sorted(WarningLine.objects.values_list("kind", flat=True)) == [PERCENT, AMOUNT]

    set_defaults(acme_finance, {PERCENT: Line(D(30))})

    assert set(CreditAccount.objects.values_list("pk", "warning_percent")) == {(follows.pk, 30), (own.pk, 35)}


def test_the_cloud_is_told_when_the_percent_is_inherited_again(acme_finance: Persona, account: LinkedAccount) -> None:
    services.set_threshold(actor=acme_finance.actor, account_pk=account.pk, version=1, percent=50, reason="contract")
    set_lines(acme_finance, account, {PERCENT: INHERITED})

    assert [order.payload for order in CloudCommand.objects.order_by("pk")] == [{"percent": 50}, {"percent": 20}]


def test_pinning_the_value_in_force_changes_whose_it_is(acme_finance: Persona, account: LinkedAccount) -> None:
    set_lines(acme_finance, account, {PERCENT: Line(D(20))})
    set_defaults(acme_finance, {PERCENT: Line(D(30))})

    assert in_force(account)[0] == 20
    assert not CloudCommand.objects.exists()
    assert AuditEntry.objects.get(action=Action.QUOTA_THRESHOLD_CHANGED).changes == {
        "warning_percent": ["inherited", "20"]
    }


@pytest.mark.parametrize(
    ("kind", "line", "field"),
    [
        (PERCENT, OFF, "percent"), (PERCENT, Line(D(101)), "percent"), (PERCENT, Line(D("12.5")), "percent"),
        (AMOUNT, Line(D(-1)), "amount"), (AMOUNT, Line(D("0.001")), "amount"), (AMOUNT, Line(D("Infinity")), "amount"),
        (DAYS, Line(D(0)), "days"), (DAYS, Line(D(366)), "days"), (DAYS, Line(D("NaN")), "days"),
    ],
)  # fmt: skip
def test_a_line_out_of_range_is_refused_everywhere(
    acme_finance: Persona, acme: Partner, account: LinkedAccount, kind: LineKind, line: Line, field: str
) -> None:
    label = Label.objects.create(partner=acme, name="VIP")
    attempts: list[Callable[[], object]] = [
        lambda: set_lines(acme_finance, account, {kind: line}),
        lambda: services.set_label_lines(actor=acme_finance.actor, label_pk=label.pk, wanted={kind: line}),
    ]
    for attempt in attempts:
        with pytest.raises(Invalid) as refusal:
            attempt()
        assert refusal.value.field == field
    assert not WarningRule.objects.exists()
    assert not AuditEntry.objects.filter(action__contains="warning").exists()


def test_the_same_again_is_refused_and_changes_nothing(
    acme_finance: Persona, acme: Partner, account: LinkedAccount
) -> None:
    label = Label.objects.create(partner=acme, name="VIP")

    with pytest.raises(NothingToChange):
        set_lines(acme_finance, account, {PERCENT: INHERITED, AMOUNT: INHERITED})
    with pytest.raises(NothingToChange):
        services.set_partner_lines(actor=acme_finance.actor, version=acme.version, wanted={PERCENT: Line(D(20))})
    with pytest.raises(NothingToChange):
        services.set_label_lines(actor=acme_finance.actor, label_pk=label.pk, wanted={PERCENT: INHERITED})

    assert CreditAccount.objects.get(pk=account.pk).version == 1
    assert not RuleRefresh.objects.exists()


def test_a_stale_form_is_a_conflict(acme_finance: Persona, acme: Partner, account: LinkedAccount) -> None:
    set_lines(acme_finance, account, {PERCENT: Line(D(33))})

    with pytest.raises(Conflict) as refusal:
        services.set_account_lines(
            actor=acme_finance.actor, account_pk=account.pk, version=1, wanted={PERCENT: Line(D(44))}, reason="x"
        )
    assert (refusal.value.data["yours"], refusal.value.data["theirs"]) == ({"percent": "44"}, {"percent": 33})
    with pytest.raises(Conflict):
        services.set_partner_lines(actor=acme_finance.actor, version=99, wanted={PERCENT: Line(D(44))})


def test_who_may_not_and_who_is_not_here(
    acme_manager: Persona, outsider: Persona, acme: Partner, account: LinkedAccount
) -> None:
    label = Label.objects.create(partner=acme, name="VIP")

    with pytest.raises(Forbidden):
        services.set_label_lines(actor=acme_manager.actor, label_pk=label.pk, wanted={PERCENT: Line(D(1))})
    with pytest.raises(Forbidden):
        services.set_partner_lines(actor=acme_manager.actor, version=1, wanted={PERCENT: Line(D(1))})
    with pytest.raises(NotFound):
        services.set_label_lines(actor=outsider.actor, label_pk=label.pk, wanted={PERCENT: Line(D(1))})
    with pytest.raises(NotFound):
        set_lines(outsider, account, {PERCENT: Line(D(1))})


def test_a_refresh_goes_on_where_a_killed_worker_stopped(
    acme_finance: Persona, acme: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "BATCH", 2)
    accounts = [make_account(acme, quota=D(100)) for _ in range(5)]
    services.set_partner_lines(actor=acme_finance.actor, version=acme.version, wanted={PERCENT: Line(D(30))})
    RuleRefresh.objects.update(started_at=timezone.now() - lines.STALE * 2, last_pk=accounts[1].pk, n_done=2)

    tasks.sweep_warning_lines()
    tasks.refresh_warning_lines(acme.pk)

    assert [in_force(account)[0] for account in accounts] == [20, 20, 30, 30, 30]
    refresh = RuleRefresh.objects.get()
    assert (refresh.n_done, refresh.finished_at is not None) == (5, True)


def test_a_newer_change_starts_the_refresh_over(acme_finance: Persona, acme: Partner, account: LinkedAccount) -> None:
    set_defaults(acme_finance, {PERCENT: Line(D(30))})

    services.set_partner_lines(actor=acme_finance.actor, version=2, wanted={DAYS: Line(D(5))})

    refresh = RuleRefresh.objects.get()
    assert (refresh.last_pk, refresh.n_done, refresh.finished_at) == (0, 0, None)
    tasks.refresh_warning_lines(acme.pk)
    assert in_force(account) == (30, None, 5)


def test_the_daily_round_brings_back_what_drifted(acme_finance: Persona, account: LinkedAccount) -> None:
    set_defaults(acme_finance, {PERCENT: Line(D(30))})
    CreditAccount.objects.update(warning_percent=20)
    RuleRefresh.objects.update(finished_at=timezone.now() - lines.ROUND * 2)

    tasks.sweep_warning_lines()
    tasks.refresh_warning_lines(account.partner_id)

    assert in_force(account)[0] == 30


def test_one_rule_of_a_kind_is_the_databases_word(acme: Partner, account: LinkedAccount) -> None:
    for whose in ({}, {"label": Label.objects.create(partner=acme, name="VIP")}, {"credit": account.credit}):
        WarningRule.objects.create(partner=acme, kind=AMOUNT, value=1, **whose)
        with pytest.raises(IntegrityError), transaction.atomic():
            WarningRule.objects.create(partner=acme, kind=AMOUNT, value=2, **whose)
