"""Warnings: once per crossing, mailed once, to the right people, in their language (design §6.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.access.policy import Role
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from quota import services, tasks
from quota.models import CreditAccount, Warning, WarningLine
from quota.models.credit import DUE
from quota.selectors.credit import get_balance
from quota.services import alarms
from quota.states import EntryKind, LineKind
from tests.factories import make_account, make_member
from tests.quota.support import move
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.personas import Persona

D = Decimal
WORKER = system_actor("test")


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, "1792155717328010", quota=D("100"), nickname="Kaito & Sons")


def mailed() -> list[Email]:
    for warning in Warning.objects.order_by("pk"):
        tasks.send_warning(warning.pk)
        tasks.send_recovery(warning.pk)
    return list(Email.objects.order_by("pk"))


def test_fires_strictly_below_the_line_and_once(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="80")
    assert not Warning.objects.exists()  # 20 of 100 is exactly on the line

    move(account, EntryKind.USAGE, undeducted="0.000001")
    move(account, EntryKind.USAGE, undeducted="5")

    warning = Warning.objects.get()
    assert (warning.available, warning.amount, warning.percent) == (D("19.999999"), D("100"), 20)


def test_re_arms_at_the_line_and_fires_again(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="90")
    move(account, EntryKind.REFUND, deducted="-10")
    assert Warning.objects.get().recovered_at is not None

    move(account, EntryKind.USAGE, undeducted="1")

    assert [w.recovered_at is None for w in Warning.objects.order_by("pk")] == [False, True]


def test_a_quota_of_zero_warns_only_in_arrears(acme: Partner) -> None:
    account = make_account(acme, quota=D(0))
    assert not Warning.objects.exists()

    move(account, EntryKind.USAGE, undeducted="0.000001")

    assert Warning.objects.get().available == D("-0.000001")


def test_what_is_jumped_in_one_movement_is_one_warning_naming_each_line(account: LinkedAccount) -> None:
    CreditAccount.objects.update(warning_amount=D("15"), warning_days=3, daily_use=D("4.5"))

    move(account, EntryKind.USAGE, undeducted="87")

    warning = Warning.objects.get()
    assert [(line.kind, line.value, line.line) for line in warning.lines.all()] == [
        (LineKind.PERCENT, D(20), D(20)),
        (LineKind.AMOUNT, D(15), D(15)),
        (LineKind.DAYS, D(3), D("13.5")),
    ]


def test_a_warning_is_over_when_all_its_lines_are(account: LinkedAccount) -> None:
    CreditAccount.objects.update(warning_amount=D("15"))
    move(account, EntryKind.USAGE, undeducted="90")

    move(account, EntryKind.REFUND, deducted="-6")
    assert Warning.objects.get().recovered_at is None
    assert CreditAccount.objects.get().in_alarm

    move(account, EntryKind.REFUND, deducted="-4")
    assert Warning.objects.get().recovered_at is not None
    assert not CreditAccount.objects.get().in_alarm


def test_days_left_do_not_count_while_nothing_is_used(account: LinkedAccount) -> None:
    CreditAccount.objects.update(warning_percent=1, warning_days=365)
    move(account, EntryKind.USAGE, undeducted="98")
    assert not Warning.objects.exists()

    CreditAccount.objects.update(daily_use=D("0.01"))
    alarms.sweep_due(actor=WORKER)

    assert WarningLine.objects.get().kind == LineKind.DAYS


def test_the_customers_own_alert_is_a_warning_of_its_own(acme_finance: Persona, account: LinkedAccount) -> None:
    CreditAccount.objects.update(customer_line=D("50"))

    move(account, EntryKind.USAGE, undeducted="60")
    assert Warning.objects.get().for_customer
    assert get_balance(acme_finance.actor, account.uid).warning is None  # the customer's business
    assert not CreditAccount.objects.get().in_alarm

    move(account, EntryKind.USAGE, undeducted="30")
    assert [warning.for_customer for warning in Warning.objects.order_by("pk")] == [True, False]


def test_many_are_evaluated_in_as_many_statements_as_one(
    acme: Partner, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    pks = [make_account(acme, quota=D("100")).pk for _ in range(12)]
    CreditAccount.objects.filter(pk__in=pks[:10]).update(undeducted=D("90"))

    with django_assert_num_queries(1):
        assert alarms.evaluate_many(pks) == 10

    assert Warning.objects.count() == 10
    assert alarms.evaluate_many(pks) == 0


def test_a_new_threshold_re_evaluates(acme_finance: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="75")

    for version, percent in ((1, 30), (2, 60), (3, 25), (4, 26)):
        services.set_threshold(
            actor=acme_finance.actor, account_pk=account.pk, version=version, percent=percent, reason="contract"
        )

    # 25 left: below 30, still below 60 (no second warning), not below 25, below 26 again.
    assert [(w.percent, w.recovered_at is None) for w in Warning.objects.order_by("pk")] == [(30, False), (26, True)]


def test_a_new_total_re_evaluates(acme_finance: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="50")

    for version, amount in ((1, "60"), (2, "100")):
        services.edit_quota(
            actor=acme_finance.actor, account_pk=account.pk, version=version, amount=D(amount), reason="contract"
        )

    assert Warning.objects.get().recovered_at is not None


def test_sub_accounts_and_ended_relationships_never_warn(acme: Partner, account: LinkedAccount) -> None:
    sub = make_account(acme, quota=D("100"), trustee=account)
    gone = make_account(acme, quota=D("100"), relationship=Relationship.TERMINATED)

    for quiet in (sub, gone):
        move(quiet, EntryKind.USAGE, undeducted="99")

    assert alarms.sweep_due(actor=WORKER) == 0
    assert not Warning.objects.exists()


def test_an_account_that_comes_under_trusteeship_ends_its_warning_quietly(
    acme: Partner, account: LinkedAccount
) -> None:
    move(account, EntryKind.USAGE, undeducted="99")
    mailed()
    LinkedAccount.objects.filter(pk=account.pk).update(trustee=make_account(acme, quota=D("5")))

    move(account, EntryKind.USAGE, undeducted="0.5")

    assert Warning.objects.get().recovered_at is not None
    assert len(mailed()) == 1


def test_the_sweep_finds_what_nobody_evaluated(account: LinkedAccount) -> None:
    CreditAccount.objects.filter(pk=account.pk).update(undeducted=D("90"))

    assert alarms.sweep_due(actor=WORKER) == 1
    assert alarms.sweep_due(actor=WORKER) == 0

    assert Warning.objects.get().available == D("10")


def test_the_sweep_reads_the_index_of_what_is_due(account: LinkedAccount) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "quota_warning_due" in CreditAccount.objects.filter(DUE).values("pk").explain()


def test_one_mail_however_often_the_task_comes(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="90")

    assert len(mailed()) == 1
    assert len(mailed()) == 1

    assert Warning.objects.get().mailed_at is not None
    assert AuditEntry.objects.get(action=Action.QUOTA_WARNED).subject_pk == account.pk


def test_the_sweep_mails_what_a_lost_message_left(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="90")

    tasks.sweep_warnings()
    tasks.sweep_warnings()

    assert Email.objects.count() == 1


def test_the_mail_names_customer_figures_and_one_way_on(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="81.8")

    [email] = mailed()

    assert email.to == ["alerts@acme.example"]
    assert email.subject == "Quota warning: Kaito & Sons has 18.20 USD left, below 20 %"
    for part in (email.message, email.html_message.replace("&amp;", "&")):
        assert "1792155717328010" in part
        assert "81.80 USD" in part
        assert "20 % = 20.00 USD" in part
        assert "/uids/1792155717328010/quota/" in part
    assert email.html_message.count("display:inline-block") == 1


def test_the_mail_shows_what_separates_the_figures(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="80.000001")

    [email] = mailed()

    assert "19.999999 USD left" in email.subject


def test_recovery_is_told_once_and_after_the_warning(account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="90")
    move(account, EntryKind.REFUND, deducted="-50")
    warning = Warning.objects.get()
    tasks.send_recovery(warning.pk)
    assert not Email.objects.exists()  # nobody was told of the warning yet

    subjects = [email.subject for email in mailed()]

    assert [subject.split(":")[0] for subject in subjects] == ["Quota warning", "Quota recovered"]
    assert len(mailed()) == 2


def test_the_business_manager_is_told_when_it_names_a_member(acme: Partner, account: LinkedAccount) -> None:
    make_member(acme, Role.MANAGER, email="mei@acme.example")
    LinkedAccount.objects.filter(pk=account.pk).update(business_manager="MEI@acme.example")
    move(account, EntryKind.USAGE, undeducted="90")

    assert mailed()[0].to == ["alerts@acme.example", "mei@acme.example"]


def test_the_owners_are_told_when_nobody_else_is(acme_master: Persona, account: LinkedAccount) -> None:
    Partner.objects.update(alert_recipients=[])
    move(account, EntryKind.USAGE, undeducted="90")

    assert mailed()[0].to == ["owner@acme.example"]


def test_a_warning_nobody_can_be_told_of_is_not_tried_for_ever(account: LinkedAccount) -> None:
    Partner.objects.update(alert_recipients=[])
    move(account, EntryKind.USAGE, undeducted="90")

    assert mailed() == []
    assert Warning.objects.get().mailed_at is not None


def test_an_unknown_warning_is_no_error(account: LinkedAccount) -> None:
    tasks.send_warning(-1)
    tasks.send_recovery(-1)

    assert not Email.objects.exists()
