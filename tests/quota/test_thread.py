"""From an edit to a mail, through the simulated cloud: the way a quota really goes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone
from post_office.models import Email

from partner_console.cloud import tasks as cloud_tasks
from partner_console.cloud.models import CloudCommand, CommandState
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.models import FaultKind, SimAccount
from quota import services, tasks
from quota.models import CreditAccount, LedgerEntry
from quota.states import EntryKind
from tests.factories import make_account

if TYPE_CHECKING:
    from tests.personas import Persona
    from uids.models import LinkedAccount

D = Decimal


@pytest.fixture
def account(acme_finance: Persona) -> LinkedAccount:
    return make_account(acme_finance.partner, "1792155717328010", quota=D("1000"))


def edit(persona: Persona, account: LinkedAccount, amount: str) -> None:
    """Finance sets a total and the outbox is emptied."""
    version = CreditAccount.objects.get(pk=account.pk).version
    services.edit_quota(
        actor=persona.actor, account_pk=account.pk, version=version, amount=D(amount), reason="contract"
    )
    cloud_tasks.send_commands(account.uid)


def test_edit_consume_settle_warn_raise_recover(acme_finance: Persona, account: LinkedAccount) -> None:
    edit(acme_finance, account, "100")
    assert CloudCommand.objects.get().state == CommandState.CONFIRMED
    assert SimAccount.objects.get(uid=account.uid).amount == D("100")

    simulated.report_usage(uid=account.uid, amount=D("80.000001"))
    tasks.sync_usage()
    simulated.settle(uid=account.uid)
    tasks.sync_usage()
    tasks.sync_usage()
    tasks.sweep_warnings()
    tasks.sweep_warnings()

    credit = CreditAccount.objects.get(pk=account.pk)
    kinds = LedgerEntry.objects.filter(credit=credit).order_by("seq").values_list("kind", flat=True)
    assert list(kinds) == [
        EntryKind.QUOTA_CREATE,
        EntryKind.QUOTA_ADJUST,
        EntryKind.USAGE,
        EntryKind.SETTLE,
    ]
    assert (credit.deducted, credit.undeducted, credit.available) == (D("80.000001"), D(0), D("19.999999"))
    assert [email.subject.split(":")[0] for email in Email.objects.all()] == ["Quota warning"]

    edit(acme_finance, account, "500")
    tasks.sync_usage()
    tasks.sweep_warnings()

    assert [email.subject.split(":")[0] for email in Email.objects.order_by("pk")] == [
        "Quota warning",
        "Quota recovered",
    ]
    assert CreditAccount.objects.get(pk=account.pk).amount == D("500")


def test_a_refusal_brings_the_old_total_back_with_its_cause(acme_finance: Persona, account: LinkedAccount) -> None:
    edit(acme_finance, account, "2000")
    simulated.add_fault(operation="set_quota", kind=FaultKind.REFUSE, code="3040", message="account is frozen")

    edit(acme_finance, account, "3000")
    assert CreditAccount.objects.get(pk=account.pk).amount == D("3000")
    tasks.sync_usage()
    tasks.sync_usage()

    assert CreditAccount.objects.get(pk=account.pk).amount == D("2000")
    back = LedgerEntry.objects.get(credit=account.pk, kind=EntryKind.SYNC)
    assert (back.value, back.reason) == (D("-1000"), "The cloud refused the change: 3040 account is frozen")


def test_a_quota_changed_at_the_cloud_itself_arrives_as_such(acme_finance: Persona, account: LinkedAccount) -> None:
    edit(acme_finance, account, "2000")
    tasks.sync_usage()
    SimAccount.objects.filter(uid=account.uid).update(amount=D("750"), changed_at=timezone.now())

    tasks.sync_usage()

    assert CreditAccount.objects.get(pk=account.pk).amount == D("750")
    assert LedgerEntry.objects.get(credit=account.pk, kind=EntryKind.SYNC).reason == "Changed outside this console"
