"""What the cloud reports becomes entries; what it does not answer loses nothing."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.port import CloudRefused, CloudUnavailable, Credit
from partner_console.errors import DomainError
from quota import services, tasks
from quota.models import CreditAccount, LedgerEntry, UsageFeed, Warning
from quota.services import refused, usage
from quota.states import EntryKind
from tests.factories import make_account
from uids.states import Relationship

if TYPE_CHECKING:
    from tests.personas import Persona
    from uids.models import LinkedAccount

D = Decimal
WORKER = system_actor("test")
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class StubCloud:
    """The two readings of the port, from a dict of figures by UID."""

    def __init__(self) -> None:
        self.figures: dict[str, Credit] = {}
        self.changed: list[str] = []
        self.asked_since: list[datetime | None] = []
        self.failure: Exception | None = None

    def credits(self, *, partner_uid: str, changed_since: datetime | None = None) -> list[Credit]:
        self.asked_since.append(changed_since)
        if self.failure:
            raise self.failure
        return [self.figures[uid] for uid in self.changed]

    def credit(self, *, uid: str) -> Credit:
        if uid not in self.figures:
            raise CloudRefused("3029", "invalid UID")
        return self.figures[uid]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> StubCloud:
    stub = StubCloud()
    for module in (usage, refused):
        monkeypatch.setattr(module, "get_cloud", lambda: stub)
    return stub


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, "1792155717328010", quota=D("1000"))


def reading(uid: str = "1792155717328010", **fields: Any) -> Credit:
    figures = Credit(
        uid=uid,
        amount=D("1000"),
        deducted=D(0),
        undeducted=D(0),
        warning_percent=20,
        payg_frozen=False,
        purchase_control="normal",
        shutdown_policy="immediatelyStop",
        as_of=NOON,
    )
    return replace(figures, **fields)


def apply(**fields: Any) -> None:
    services.apply_credit_figures(actor=WORKER, credit=reading(**fields))


def entries(account: LinkedAccount) -> list[tuple[Any, ...]]:
    """After Quota Create: kind and the three deltas."""
    rows = LedgerEntry.objects.filter(credit=account.pk, seq__gt=1).order_by("seq")
    return [(row.kind, row.amount_delta, row.deducted_delta, row.undeducted_delta) for row in rows]


def test_consumption_is_usage(account: LinkedAccount) -> None:
    apply(undeducted=D("12.345678"))

    assert entries(account) == [(EntryKind.USAGE, 0, 0, D("12.345678"))]
    credit = CreditAccount.objects.get(pk=account.pk)
    assert (credit.available, credit.as_of) == (D("987.654322"), NOON)


def test_a_billing_run_leaves_available_as_it_was(account: LinkedAccount) -> None:
    apply(undeducted=D("50"))
    apply(deducted=D("50"), as_of=NOON + timedelta(hours=1))

    assert entries(account)[1:] == [(EntryKind.SETTLE, 0, D("50"), D("-50"))]
    assert CreditAccount.objects.get(pk=account.pk).available == D("950")


def test_usage_and_settlement_between_two_readings_are_told_apart(account: LinkedAccount) -> None:
    apply(undeducted=D("50"))
    apply(deducted=D("50"), undeducted=D("7"), as_of=NOON + timedelta(hours=1))

    assert entries(account)[1:] == [(EntryKind.USAGE, 0, 0, D("7")), (EntryKind.SETTLE, 0, D("50"), D("-50"))]


def test_a_refund_may_bring_deducted_below_zero(account: LinkedAccount) -> None:
    apply(deducted=D("-300"))

    assert entries(account) == [(EntryKind.REFUND, 0, D("-300"), 0)]
    assert CreditAccount.objects.get(pk=account.pk).available == D("1300")


def test_a_corrected_bill_is_synchronised(account: LinkedAccount) -> None:
    apply(undeducted=D("50"))
    apply(undeducted=D("20"), as_of=NOON + timedelta(hours=1))

    assert entries(account)[1:] == [(EntryKind.SYNC, 0, 0, D("-30"))]


def test_the_same_and_an_older_reading_change_nothing(account: LinkedAccount) -> None:
    apply(undeducted=D("50"))

    apply(undeducted=D("50"))
    apply(undeducted=D("10"), as_of=NOON - timedelta(seconds=1))

    assert len(entries(account)) == 1


def test_figures_below_the_line_warn(account: LinkedAccount) -> None:
    apply(undeducted=D("800.000001"))

    assert Warning.objects.get().available == D("199.999999")


def test_a_quota_changed_elsewhere_is_taken_over_said_and_audited(account: LinkedAccount) -> None:
    apply(amount=D("2500"))

    credit = CreditAccount.objects.get(pk=account.pk)
    assert entries(account) == [(EntryKind.SYNC, D("1500"), 0, 0)]
    assert (credit.amount, credit.version) == (D("2500"), 2)
    assert LedgerEntry.objects.get(kind=EntryKind.SYNC).reason == "Changed outside this console"
    assert AuditEntry.objects.get(action=Action.QUOTA_SYNCED).changes == {"amount": ["1000.00", "2500.00"]}


@pytest.mark.parametrize("state", [CommandState.QUEUED, CommandState.IN_FLIGHT, CommandState.UNKNOWN])
def test_our_own_order_on_its_way_is_not_undone_by_a_reading(
    acme_finance: Persona, account: LinkedAccount, state: str
) -> None:
    order_quota(acme_finance, account, state=state)

    apply(undeducted=D("5"), as_of=timezone.now())

    credit = CreditAccount.objects.get(pk=account.pk)
    assert (credit.amount, credit.undeducted) == (D("3000"), D("5"))


def test_a_reading_older_than_the_clouds_yes_is_not_taken_for_a_change(
    acme_finance: Persona, account: LinkedAccount
) -> None:
    order_quota(acme_finance, account, state=CommandState.CONFIRMED, finished_at=NOON)

    apply(as_of=NOON - timedelta(minutes=1))
    assert CreditAccount.objects.get(pk=account.pk).amount == D("3000")

    apply(as_of=NOON + timedelta(minutes=1))
    assert CreditAccount.objects.get(pk=account.pk).amount == D("1000")


def test_a_refused_quota_comes_back_with_its_cause(
    acme_finance: Persona, account: LinkedAccount, cloud: StubCloud
) -> None:
    cloud.figures[account.uid] = reading(as_of=NOON)
    for _ in range(2):  # refused, corrected, and the same again while nothing changed at the cloud
        order_quota(
            acme_finance,
            account,
            state=CommandState.REFUSED,
            finished_at=timezone.now(),
            vendor_code="3040",
            vendor_message="account is frozen",
        )
        sync(account.partner)

    credit = CreditAccount.objects.get(pk=account.pk)
    reversed_ = LedgerEntry.objects.filter(kind=EntryKind.SYNC)
    assert credit.amount == D("1000")
    assert [entry.value for entry in reversed_] == [D("-2000"), D("-2000")]
    assert reversed_[0].reason == "The cloud refused the change: 3040 account is frozen"


def order_quota(persona: Persona, account: LinkedAccount, **outcome: Any) -> None:
    """An edit to 3,000 and what became of its order."""
    version = CreditAccount.objects.get(pk=account.pk).version
    services.edit_quota(
        actor=persona.actor, account_pk=account.pk, version=version, amount=D("3000"), reason="contract"
    )
    CloudCommand.objects.filter(operation=Operation.SET_QUOTA).update(**outcome)


def test_figures_of_nobody_we_know_are_left_alone(acme: Partner, account: LinkedAccount) -> None:
    sub = make_account(acme, quota=D(0), trustee=account)
    gone = make_account(acme, quota=D("5"), relationship=Relationship.TERMINATED)

    for uid in (sub.uid, gone.uid, "404"):
        assert services.apply_credit_figures(actor=WORKER, credit=reading(uid, undeducted=D("9"))) is None

    assert not LedgerEntry.objects.filter(kind=EntryKind.USAGE).exists()


def test_another_partners_feed_cannot_touch_an_account(outsider: Persona, account: LinkedAccount) -> None:
    actor = system_actor("usage-sync", partner=outsider.partner)

    assert services.apply_credit_figures(actor=actor, credit=reading(undeducted=D("9"))) is None


def sync(partner: Partner) -> int:
    return services.sync_partner(actor=system_actor("usage-sync", partner=partner), partner_pk=partner.pk)


def test_the_feed_moves_only_what_changed_and_remembers_how_far_it_read(
    account: LinkedAccount, cloud: StubCloud
) -> None:
    other = make_account(account.partner, quota=D("1000"))
    cloud.figures = {account.uid: reading(undeducted=D("7")), other.uid: reading(other.uid)}
    cloud.changed = [account.uid, other.uid]

    assert sync(account.partner) == 1
    assert sync(account.partner) == 0

    feed = UsageFeed.objects.get()
    assert cloud.asked_since[0] is None
    assert cloud.asked_since[1] is not None
    assert feed.read_until is not None
    assert feed.read_until - cloud.asked_since[1] >= usage.OVERLAP
    assert entries(other) == []


@pytest.mark.parametrize("failure", [CloudUnavailable(), CloudRefused("3015", "caller is no partner")])
def test_a_silent_feed_is_noted_and_asked_again_from_where_it_was(
    account: LinkedAccount, cloud: StubCloud, failure: Exception
) -> None:
    sync(account.partner)
    read_until = UsageFeed.objects.get().read_until
    cloud.failure = failure

    sync(account.partner)
    first = UsageFeed.objects.get().failing_since
    sync(account.partner)

    feed = UsageFeed.objects.get()
    assert first is not None
    assert (feed.read_until, feed.failing_since) == (read_until, first)

    cloud.failure = None
    sync(account.partner)
    assert UsageFeed.objects.get().failing_since is None


# What a reading may say of an account with 1,000 of quota, 100 deducted and 50 undeducted, as of NOON.
LATER = NOON + timedelta(hours=1)
SAID: dict[str, dict[str, Any]] = {
    "more usage": {"deducted": D("100"), "undeducted": D("62.345678")},
    "all settled": {"deducted": D("150"), "undeducted": D(0)},
    "used and settled": {"deducted": D("170"), "undeducted": D("3")},
    "given back": {"deducted": D("20"), "undeducted": D("50")},
    "below the line": {"deducted": D("100"), "undeducted": D("750")},
    "in arrears": {"deducted": D("100"), "undeducted": D("950")},
    "less undeducted": {"deducted": D("100"), "undeducted": D("20")},
    "undeducted below zero": {"deducted": D("160"), "undeducted": D("-10")},
    "another quota": {"amount": D("1200"), "deducted": D("110"), "undeducted": D("50")},
    "older": {"deducted": D("90"), "undeducted": D("50"), "as_of": NOON - timedelta(hours=1)},
    "more than can be held": {"deducted": D("100"), "undeducted": D(10) ** 16},
    "a write-off on its way": {"deducted": D("80"), "undeducted": D("50")},
}


def readings_of(partner: Partner) -> dict[str, Credit]:
    """By what is said, a reading of an account of its own."""
    said = {}
    for name, figures in SAID.items():
        account = make_account(partner, quota=D(1000))
        start = reading(account.uid, deducted=D("100"), undeducted=D("50"))
        services.apply_credit_figures(actor=WORKER, credit=start)
        said[name] = reading(account.uid, **{"as_of": LATER} | figures)
    CloudCommand.objects.create(
        partner=partner,
        uid=said["a write-off on its way"].uid,
        operation=Operation.WRITE_OFF,
        asked_by="finance@acme.example",
        payload={"amount": "20"},
    )
    return said


def books(said: dict[str, Credit]) -> dict[str, Any]:
    credits = {credit.account.uid: credit for credit in CreditAccount.objects.select_related("account")}
    found = {}
    for name, one in said.items():
        credit = credits[one.uid]
        rows = (
            LedgerEntry.objects.filter(credit=credit.pk).order_by("seq").values_list("kind", "bucket", "value", "after")
        )
        figures = (credit.amount, credit.deducted, credit.undeducted, credit.available, credit.alarms, credit.stop_due)
        found[name] = (list(rows), figures, credit.as_of)
    return found


def test_a_feed_writes_the_books_as_one_reading_after_the_other_does(acme: Partner, cloud: StubCloud) -> None:
    one_by_one, together = readings_of(acme), readings_of(acme)
    for one in one_by_one.values():
        with suppress(DomainError):
            services.apply_credit_figures(actor=WORKER, credit=one)
    can_be_held = {name: one for name, one in together.items() if name != "more than can be held"}
    for cloud.figures in ({one.uid: one for one in said.values()} for said in (can_be_held, together)):
        cloud.changed = list(cloud.figures)
        sync(acme)

    assert books(together) == books(one_by_one)
    call_command("verify_ledger", stdout=io.StringIO())


def test_a_feed_costs_as_many_statements_for_many_accounts_as_for_few(
    acme: Partner, cloud: StubCloud, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        account = make_account(acme, quota=D("1000"))
        cloud.figures[account.uid] = reading(account.uid, undeducted=D(number + 1))
    sync(acme)  # the feed is there now
    cloud.changed = list(cloud.figures)

    with django_assert_max_num_queries(25):
        assert sync(acme) == 30


def test_one_account_that_cannot_be_applied_stops_no_other(
    account: LinkedAccount, cloud: StubCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = make_account(account.partner, quota=D("1000"))
    cloud.figures = {uid: reading(uid, undeducted=D("7")) for uid in (account.uid, good.uid)}
    cloud.changed = [account.uid, good.uid]
    LedgerEntry.objects.create(**poisoned(account))

    assert sync(account.partner) == 1

    assert CreditAccount.objects.get(pk=good.pk).undeducted == D("7")


def poisoned(account: LinkedAccount) -> dict[str, Any]:
    """An entry that holds the reading's key with other figures."""
    return {
        "credit_id": account.pk,
        "partner_id": account.partner_id,
        "seq": 99,
        "kind": EntryKind.USAGE,
        "bucket": "undeducted",
        "before": 0,
        "value": 1,
        "after": 1,
        "undeducted_delta": 1,
        "method": "system",
        "operator": "test",
        "idempotency_key": f"cloud:{NOON.isoformat()}:1:usage",
        "hash": "0" * 64,
    }


def test_beat_reads_every_active_partner_that_has_quotas(
    acme: Partner, outsider: Persona, agency_master: Persona, cloud: StubCloud
) -> None:
    Partner.objects.filter(pk=outsider.partner.pk).update(is_active=False)

    tasks.sync_usage()

    assert [feed.partner_id for feed in UsageFeed.objects.all()] == [acme.pk]


def test_a_partner_that_is_gone_is_no_error(acme: Partner, cloud: StubCloud) -> None:
    tasks.sync_partner_usage(-1)

    assert not UsageFeed.objects.exists()
