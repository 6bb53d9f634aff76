"""Temporary boosts: they begin, are reminded of, and fall back by themselves, exactly once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import system_actor
from partner_console.access.models import Membership
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CloudCommand
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.models import FaultKind
from partner_console.errors import DomainError, Forbidden, Invalid, NotFound
from quota import services
from quota.errors import BoostInForce, NoBoostInForce, UnderTrusteeship, WouldBeInArrears
from quota.models import Boost, BoostState, CreditAccount, LedgerEntry
from quota.services import boosts
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.errors import NotLive, ReasonMissing, StaleVersion
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from tests.personas import Persona

D = Decimal
UID = "1792155717328010"


@pytest.fixture
def account(acme_finance: Persona) -> LinkedAccount:
    return make_account(acme_finance.partner, UID, quota=D("1000"))


def start(persona: Persona, account: LinkedAccount, **fields: Any) -> Boost:
    values = {
        "version": credit_of(account).version,
        "amount": D("500"),
        "until": timezone.now() + timedelta(days=3),
        "reason": "campaign",
        **fields,
    }
    assert boosts.start_boost(actor=persona.actor, account_pk=account.pk, **values) is None
    return Boost.objects.latest("pk")


def credit_of(account: LinkedAccount) -> CreditAccount:
    return CreditAccount.objects.get(pk=account.pk)


def values_of(account: LinkedAccount) -> list[Decimal]:
    entries = LedgerEntry.objects.filter(credit=account.pk, kind=EntryKind.QUOTA_ADJUST).order_by("seq")
    return list(entries.values_list("value", flat=True))


def let_pass() -> None:
    Boost.objects.update(until=timezone.now() - timedelta(minutes=1))
    boosts.sweep()
    boosts.sweep()


def test_it_is_there_at_once_and_gone_when_its_time_is_over(acme_finance: Persona, account: LinkedAccount) -> None:
    boost = start(acme_finance, account)
    assert credit_of(account).amount == D("1500")

    boosts.sweep()
    assert credit_of(account).amount == D("1500")
    let_pass()

    boost.refresh_from_db()
    assert values_of(account) == [D("500"), D("-500")]
    assert (boost.state, boost.returned) == (BoostState.OVER, D("500"))
    assert [one.payload["amount"] for one in CloudCommand.objects.order_by("pk")] == ["1500.00", "1000.00"]
    assert LedgerEntry.objects.latest("pk").reason == "Temporary boost over: campaign"
    assert AuditEntry.objects.filter(action=Action.BOOST_ENDED).count() == 1


def test_the_records_say_until_when(acme_finance: Persona, account: LinkedAccount) -> None:
    until = datetime(timezone.now().year + 1, 1, 2, 10, 30, tzinfo=UTC) - timedelta(days=30)
    start(acme_finance, account, until=until)

    assert LedgerEntry.objects.latest("pk").reason == f"campaign (→ {until + timedelta(hours=8):%Y-%m-%d %H:%M} UTC+8)"


@pytest.mark.parametrize(
    ("total", "expected"),
    [("2000", "1500"), ("1200", "700"), ("300", "0"), ("0", "0")],
)
def test_a_total_edited_meanwhile_falls_by_the_boost_and_never_below_zero(
    acme_finance: Persona, account: LinkedAccount, total: str, expected: str
) -> None:
    start(acme_finance, account)
    services.edit_quota(
        actor=acme_finance.actor, account_pk=account.pk, version=2, amount=D(total), reason="other", accept_arrears=True
    )

    let_pass()

    assert credit_of(account).amount == D(expected)
    assert Boost.objects.get().returned == D(total) - D(expected)


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"amount": D(0)}, Invalid, "amount"),
        ({"amount": D(-5)}, Invalid, "amount"),
        ({"amount": D("0.001")}, Invalid, "amount"),
        ({"amount": D("9999999999999999.99")}, Invalid, "amount"),
        ({"until": datetime(2020, 1, 1, tzinfo=UTC)}, Invalid, "until"),
        ({"until": datetime(2999, 1, 1, tzinfo=UTC)}, Invalid, "until"),
        ({"reason": ""}, ReasonMissing, "reason"),
        ({"version": 7}, StaleVersion, ""),
    ],
)
def test_what_makes_no_boost_changes_nothing(
    acme_finance: Persona, account: LinkedAccount, fields: dict[str, Any], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refusal:
        start(acme_finance, account, **fields)

    assert refusal.value.field == field
    assert (credit_of(account).amount, Boost.objects.count()) == (D("1000"), 0)


def test_there_is_one_at_a_time(acme_finance: Persona, account: LinkedAccount) -> None:
    start(acme_finance, account)

    with pytest.raises(BoostInForce):
        start(acme_finance, account)
    assert credit_of(account).amount == D("1500")


def test_another_end_is_kept_and_reminded_of_anew(acme_finance: Persona, account: LinkedAccount) -> None:
    boost = start(acme_finance, account)
    Boost.objects.update(reminded_at=timezone.now())
    until = (timezone.now() + timedelta(days=9)).replace(second=0, microsecond=0)

    boosts.extend_boost(actor=acme_finance.actor, account_pk=account.pk, until=until, reason="longer")

    boost.refresh_from_db()
    assert (boost.until, boost.reminded_at, credit_of(account).amount) == (until, None, D("1500"))
    assert AuditEntry.objects.get(action=Action.BOOST_EXTENDED).note == "longer"


def test_ending_it_early_takes_it_away_once(acme_finance: Persona, account: LinkedAccount) -> None:
    start(acme_finance, account)
    boosts.end_boost(actor=acme_finance.actor, account_pk=account.pk, reason="not needed")

    with pytest.raises(NoBoostInForce):
        boosts.end_boost(actor=acme_finance.actor, account_pk=account.pk, reason="not needed")
    let_pass()

    assert values_of(account) == [D("500"), D("-500")]
    assert Boost.objects.get().state == BoostState.ENDED_EARLY


def test_ending_early_into_arrears_needs_a_yes_to_its_effect(acme_finance: Persona, account: LinkedAccount) -> None:
    start(acme_finance, account)
    move(account, EntryKind.USAGE, undeducted="1200")

    with pytest.raises(WouldBeInArrears):
        boosts.end_boost(actor=acme_finance.actor, account_pk=account.pk, reason="over")
    boosts.end_boost(actor=acme_finance.actor, account_pk=account.pk, reason="over", accept_arrears=True)

    assert credit_of(account).available == D("-200")


def test_a_day_before_it_is_said_once_with_what_follows(acme_finance: Persona, account: LinkedAccount) -> None:
    start(acme_finance, account)
    move(account, EntryKind.USAGE, undeducted="1200")
    boosts.sweep()
    assert not Email.objects.filter(headers__contains="quota_boost_ending").exists()

    Boost.objects.update(until=timezone.now() + timedelta(hours=20), started_at=timezone.now() - timedelta(days=5))
    boosts.sweep()
    boosts.sweep()

    mail = Email.objects.get(subject__startswith="Temporary boost of")
    assert mail.to == ["finance@acme.example", "alerts@acme.example"]
    assert "in arrears" in mail.message
    assert "Quota Amount then: 1,000.00 USD" in mail.message


def test_whoever_has_left_is_not_reminded(acme_finance: Persona, account: LinkedAccount) -> None:
    start(acme_finance, account)
    assert acme_finance.membership is not None
    Membership.objects.filter(pk=acme_finance.membership.pk).update(is_active=False)
    Boost.objects.update(until=timezone.now() + timedelta(hours=20), started_at=timezone.now() - timedelta(days=5))

    boosts.sweep()

    assert Email.objects.get(subject__startswith="Temporary boost of").to == ["alerts@acme.example"]


def test_a_short_one_needs_no_reminder(acme_finance: Persona, account: LinkedAccount) -> None:
    start(acme_finance, account, until=timezone.now() + timedelta(hours=3))
    boosts.sweep()

    assert not Email.objects.filter(subject__startswith="Temporary boost").exists()


def test_a_refused_boost_is_over_and_takes_nothing_away_later(acme_finance: Persona, account: LinkedAccount) -> None:
    simulated.override(uid=UID)
    start(acme_finance, account)
    simulated.add_fault(operation="set_quota", kind=FaultKind.REFUSE, code="3040", message="account is frozen")
    cloud.send_due(uid=UID)
    services.sync_partner(actor=system_actor("sync", partner=account.partner), partner_pk=account.partner_id)

    let_pass()

    boost = Boost.objects.get()
    assert (credit_of(account).amount, boost.state, boost.returned) == (D("1000"), BoostState.ENDED_EARLY, D(0))


def test_an_ended_relationship_keeps_its_last_figures(acme_finance: Persona, account: LinkedAccount) -> None:
    start(acme_finance, account)
    LinkedAccount.objects.update(relationship=Relationship.TERMINATED)

    let_pass()

    assert (credit_of(account).amount, Boost.objects.get().returned) == (D("1500"), D(0))


def test_only_who_may_and_only_their_own(
    acme_finance: Persona, acme_manager: Persona, outsider: Persona, account: LinkedAccount
) -> None:
    sub = make_account(acme_finance.partner, quota=D(0), trustee=account)
    gone = make_account(acme_finance.partner, quota=D(5), relationship=Relationship.TERMINATED)

    for persona, target, error in (
        (acme_manager, account, Forbidden),
        (outsider, account, NotFound),
        (acme_finance, sub, UnderTrusteeship),
        (acme_finance, gone, NotLive),
    ):
        with pytest.raises(error):
            start(persona, target)
    start(acme_finance, account)
    with pytest.raises(NotFound):
        boosts.end_boost(actor=outsider.actor, account_pk=account.pk, reason="x")
    assert Boost.objects.get().state == BoostState.IN_FORCE
