"""Crossings seen, and told of, by several at once: one warning, one mail."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction
from post_office.models import Email

from partner_console.access.actor import Actor, system_actor
from quota import locks, services
from quota.models import CreditAccount, Mailing, RuleRefresh, Warning, WarningLine, WarningSettings
from quota.services import alarms, digests, ledger, lines, notices
from quota.services.ledger import Movement
from quota.states import EntryKind, Line, LineKind
from tests.factories import make_account, make_partner
from tests.support.races import run_behind, run_together
from uids import services as uids
from uids.models import Label

if TYPE_CHECKING:
    from django.db.models import Q

    from partner_console.access.models import Partner

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

D = Decimal
WORKER = system_actor("test")
TOGETHER = 8


def below(partner: Partner, *, number: int = 1) -> list[int]:
    """Accounts below their line that nobody has looked at."""
    pks = [make_account(partner, quota=D(100)).pk for _ in range(number)]
    CreditAccount.objects.filter(pk__in=pks).update(undeducted=D(90))
    return pks


def test_without_the_lock_the_database_refuses_a_second_open_line() -> None:
    """The negative control: two transactions that have both seen no alarm."""
    [pk] = below(make_partner())
    alarms.sweep_due(actor=WORKER)
    CreditAccount.objects.filter(pk=pk).update(alarms=0)

    with pytest.raises(IntegrityError, match="quota_line_once_per_crossing"), transaction.atomic():
        alarms.evaluate_many([pk])

    assert WarningLine.objects.count() == 1


def test_sweeps_at_once_fire_once() -> None:
    below(make_partner(), number=20)

    outcomes = run_together(TOGETHER, lambda number: alarms.sweep_due(actor=WORKER, batch=3))

    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    alarms.sweep_due(actor=WORKER)  # rows that were in use are left for the next time
    assert Warning.objects.count() == WarningLine.objects.count() == 20


def test_writers_and_sweeps_at_once_fire_once_for_each_crossing() -> None:
    [pk] = [make_account(make_partner(), quota=D(100)).pk]

    def act(number: int) -> None:
        if number % 2:
            alarms.sweep_due(actor=WORKER)
            return
        with transaction.atomic():
            credit = locks.lock_credit(WORKER, pk)
            ledger.post(actor=WORKER, credit=credit, movement=Movement(EntryKind.USAGE, undeducted=D(21)))

    outcomes = run_together(TOGETHER, act)

    assert outcomes == [None] * TOGETHER
    assert Warning.objects.count() == WarningLine.objects.count() == 1
    assert CreditAccount.objects.get(pk=pk).alarms == LineKind.PERCENT


@pytest.fixture
def fired(monkeypatch: pytest.MonkeyPatch) -> Warning:
    """A warning whose mail nobody has queued yet."""
    for task in ("send_warning", "send_recovery"):
        monkeypatch.setattr(f"quota.tasks.{task}.delay", lambda _pk: None)
    partner = make_partner()
    partner.alert_recipients = ["alerts@acme.example"]
    partner.save()
    below(partner)
    alarms.sweep_due(actor=WORKER)
    return Warning.objects.get()


def test_without_the_claim_every_worker_mails(fired: Warning, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is real: all have read the warning before any of them notes its mail."""

    def read(_actor: Actor, warning_pk: int, condition: Q) -> Warning | None:
        return Warning.objects.filter(condition, pk=warning_pk).first()

    monkeypatch.setattr(notices, "_claim", read)

    run_behind(Warning.objects.all(), TOGETHER, lambda _number: notices.send_warning(actor=WORKER, warning_pk=fired.pk))

    assert Email.objects.count() == TOGETHER


def test_of_many_workers_one_queues_the_mail_and_one_the_recovery(fired: Warning) -> None:
    def warn(_number: int) -> None:
        notices.send_warning(actor=WORKER, warning_pk=fired.pk)

    def tell_of_recovery(_number: int) -> None:
        notices.send_recovery(actor=WORKER, warning_pk=fired.pk)

    assert run_behind(Warning.objects.all(), TOGETHER, warn) == [None] * TOGETHER
    assert Email.objects.count() == 1
    CreditAccount.objects.update(undeducted=D(10))
    alarms.sweep_due(actor=WORKER)

    assert run_behind(Warning.objects.all(), TOGETHER, tell_of_recovery) == [None] * TOGETHER
    assert Email.objects.count() == 2


def test_of_many_workers_one_queues_the_daily_mail(fired: Warning) -> None:
    WarningSettings.objects.create(partner=fired.partner, mailing=Mailing.DIGEST, digest_hour=0)

    outcomes = run_behind(
        WarningSettings.objects.all(),
        TOGETHER,
        lambda _number: digests.send_digest(actor=WORKER, partner_pk=fired.partner_id),
    )

    assert outcomes == [None] * TOGETHER
    assert [mail.to for mail in Email.objects.all()] == [["alerts@acme.example"]]


def test_rules_labels_and_a_refresh_at_once_end_as_the_rules_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Defaults change under a running refresh, labels come and go: what is in force at the end is what is demanded."""
    monkeypatch.setattr(lines, "BATCH", 2)
    partner = make_partner()
    actor = system_actor("test", partner=partner)
    label = Label.objects.create(partner=partner, name="VIP")
    services.set_label_lines(actor=actor, label_pk=label.pk, wanted={LineKind.PERCENT: Line(D(60))})
    accounts = [make_account(partner, quota=D(100)) for _ in range(8)]

    def act(number: int) -> None:
        if number == 0:
            services.set_partner_lines(actor=actor, version=1, wanted={LineKind.PERCENT: Line(D(40))})
        elif number < 4:
            uids.set_labels(actor=WORKER, account_pk=accounts[number].pk, label_pks=[label.pk])
        lines.run_refresh(actor=WORKER, partner_pk=partner.pk)

    outcomes = run_together(TOGETHER, act)

    assert outcomes == [None] * TOGETHER
    lines.run_refresh(actor=WORKER, partner_pk=partner.pk)
    percents = [CreditAccount.objects.get(pk=account.pk).warning_percent for account in accounts]
    assert percents == [40, 60, 60, 60, 40, 40, 40, 40]
    assert RuleRefresh.objects.get().finished_at is not None
