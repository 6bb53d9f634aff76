"""Several workers, or one and a customer, at one grant or check: it happens once, the cloud hears the last word."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction
from django.utils import timezone

from linking import services
from linking.contacts import contact_actor
from linking.models import Grant, LinkCheck
from linking.services import ending
from linking.services.checking_links import start_checks
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from partner_console.cloud.simulated.adapter import SimulatedCloud
from tests.factories import make_account, make_partner
from tests.support.races import run_together

if TYPE_CHECKING:
    from uids.models import LinkedAccount

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

WORKERS = 4
ACTOR = system_actor("race")
CUSTOMER = "kaito@customer.example"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> LinkedAccount:
    """Its grant is over since a minute; orders wait in the outbox, and checks until a test runs them."""
    monkeypatch.setattr("partner_console.cloud.tasks.send_commands.delay", lambda uid: None)
    monkeypatch.setattr("linking.tasks.check_link.delay", lambda pk: None)
    account = make_account(make_partner("acme"), email=CUSTOMER)
    now = timezone.now()
    Grant.objects.create(
        account=account,
        scopes=["view_bills", "view_resources", "buy"],
        granted_at=now - timedelta(days=9),
        ends_at=now - timedelta(minutes=1),
    )
    return account


def ended_once() -> bool:
    entries = AuditEntry.objects.filter(action="linking.grant.ended").count()
    return (entries, Grant.objects.count(), CloudCommand.objects.count()) == (1, 2, 1)


def test_without_the_lock_every_worker_ends_it(account: LinkedAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is real: read unlocked, all of them take the row, and only the database's constraint stops them."""
    everybody_has_read = threading.Barrier(WORKERS, timeout=30)

    def take_unlocked(rows: Any) -> list[Grant]:
        found = list(rows.filter(ended_at__isnull=True).select_related("account__partner"))
        everybody_has_read.wait()
        return found

    monkeypatch.setattr(ending, "_take", take_unlocked)

    answers = run_together(WORKERS, lambda _number: ending.end_due(actor=ACTOR))

    assert [type(answer).__name__ for answer in answers].count("IntegrityError") == WORKERS - 1


def test_of_many_workers_one_ends_it(account: LinkedAccount) -> None:
    answers = run_together(WORKERS, lambda _number: ending.end_due(actor=ACTOR))

    assert answers == [None] * WORKERS
    assert ended_once()


def test_a_customer_who_takes_back_at_that_moment_gets_no_error(account: LinkedAccount) -> None:
    def act(number: int) -> None:
        if number % 2:
            services.withdraw_scopes(actor=contact_actor(CUSTOMER), account_pk=account.pk, scopes=["buy"])
        elif number:
            ending.end_due(actor=ACTOR)
        else:
            services.run_checks(actor=ACTOR, account_pk=account.pk)

    with transaction.atomic():
        start_checks(actor=ACTOR, account=account)
    answers = run_together(WORKERS, act)

    assert answers == [None] * WORKERS
    ending.end_due(actor=ACTOR)  # a sweep that met the customer's lock passed by; the next one finds it
    held = Grant.objects.get(account=account, ended_at__isnull=True)
    last = CloudCommand.objects.filter(operation="set_permissions").latest("pk")
    assert held.scopes == last.payload["scopes"] == ["view_bills"]


def test_of_many_workers_one_asks_the_cloud(account: LinkedAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    ask = SimulatedCloud.account

    def counted(self: SimulatedCloud, *, uid: str) -> object:
        asked.append(uid)
        return ask(self, uid=uid)

    monkeypatch.setattr(SimulatedCloud, "account", counted)
    with transaction.atomic():
        start_checks(actor=ACTOR, account=account)

    answers = run_together(WORKERS, lambda _number: services.run_checks(actor=ACTOR, account_pk=account.pk))

    assert answers == [None] * WORKERS
    assert asked == [account.uid]
    assert set(LinkCheck.objects.values_list("attempts", flat=True)) == {0}
    assert AuditEntry.objects.filter(action="linking.check.changed").count() == 1
