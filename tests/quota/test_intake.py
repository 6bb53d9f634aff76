"""Usage as others report it: every event once, in the order given, and each with its own result."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.utils import timezone

from partner_console.access.actor import actor_for_membership, system_actor
from partner_console.access.policy import PartnerKind, Role
from partner_console.errors import Forbidden, Invalid
from quota import verify
from quota.models import CreditAccount, LedgerEntry, Warning
from quota.services import intake
from quota.services.intake import Outcome, UsageEvent
from quota.states import EntryKind
from tests.factories import make_account, make_member, make_partner
from tests.quota.support import move
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from partner_console.access.models import Partner

D = Decimal
WORKER = system_actor("test")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def event(uid: str, kind: str = "usage", amount: str = "5", key: str = "bill-1", **more: Any) -> UsageEvent:
    return UsageEvent(uid=uid, kind=kind, amount=D(amount), key=key, at=more.pop("at", AT), **more)


def take_in(*events: UsageEvent) -> list[tuple[Outcome, str]]:
    result = intake.take_in(actor=WORKER, events=events)
    assert [one.event for one in result.results] == list(events)
    return [(one.outcome, one.code) for one in result.results]


def figures(account: LinkedAccount) -> tuple[Decimal, Decimal, Decimal]:
    credit = CreditAccount.objects.get(pk=account.pk)
    return credit.deducted, credit.undeducted, credit.available


def drifts() -> list[verify.Drift]:
    return [drift for checked in verify.verify() for drift in checked.drifts]


TAKEN, DUPLICATE = (Outcome.TAKEN, ""), (Outcome.DUPLICATE, "")


def refused(code: str) -> tuple[Outcome, str]:
    return Outcome.REFUSED, code


@pytest.fixture
def account(acme: Partner) -> LinkedAccount:
    return make_account(acme, quota=D("1000"))


def test_usage_settlement_and_refund_move_what_they_are_about(account: LinkedAccount) -> None:
    outcomes = take_in(
        event(account.uid, "usage", "12.345678", "u"),
        event(account.uid, "settle", "2", "s"),
        event(account.uid, "refund", "3.5", "r"),
    )

    assert outcomes == [TAKEN] * 3
    assert figures(account) == (D("-1.5"), D("10.345678"), D("991.154322"))
    entries = LedgerEntry.objects.filter(credit=account.pk, seq__gt=1).order_by("seq")
    assert [(entry.kind, entry.before, entry.after, entry.at) for entry in entries] == [
        ("usage", D(0), D("12.345678"), AT),
        ("settle", D(0), D(2), AT),
        ("refund", D(2), D("-1.5"), AT),
    ]
    assert CreditAccount.objects.get(pk=account.pk).as_of == AT
    assert drifts() == []


@pytest.mark.parametrize("together", [True, False])
def test_the_same_event_again_is_a_duplicate(account: LinkedAccount, *, together: bool) -> None:
    events = [event(account.uid), event(account.uid)]

    outcomes = take_in(*events) if together else [outcome for one in events for outcome in take_in(one)]

    assert outcomes == [TAKEN, DUPLICATE]
    assert figures(account) == (D(0), D(5), D(995))


@pytest.mark.parametrize("together", [True, False])
def test_a_key_used_for_something_else_is_refused_alone(account: LinkedAccount, *, together: bool) -> None:
    events = [
        event(account.uid),
        event(account.uid, amount="6"),
        event(account.uid, "refund"),
        event(account.uid, key="k"),
    ]

    outcomes = take_in(*events) if together else [outcome for one in events for outcome in take_in(one)]

    assert outcomes == [TAKEN, refused("key_reused"), refused("key_reused"), TAKEN]
    assert figures(account) == (D(0), D(10), D(990))


def test_a_duplicate_says_which_entry_it_is(account: LinkedAccount) -> None:
    intake.take_in(actor=WORKER, events=[event(account.uid, key="a"), event(account.uid, key="b")])

    again = intake.take_in(actor=WORKER, events=[event(account.uid, key="b")])

    assert [(one.outcome, one.seq) for one in again.results] == [(Outcome.DUPLICATE, 3)]
    assert again.counts == {Outcome.DUPLICATE: 1}


def test_keys_of_the_console_and_of_other_accounts_are_no_duplicates(acme: Partner, account: LinkedAccount) -> None:
    other = make_account(acme, quota=D(10))
    move(account, EntryKind.USAGE, undeducted="1")

    assert take_in(event(account.uid), event(other.uid)) == [TAKEN, TAKEN]


def test_a_settlement_of_more_than_was_used_is_refused_until_its_usage_is_there(account: LinkedAccount) -> None:
    settlement, usage = event(account.uid, "settle", "5", "s"), event(account.uid, "usage", "5", "u")

    assert take_in(settlement, usage) == [refused("more_than_undeducted"), TAKEN]
    assert take_in(settlement) == [TAKEN]
    assert take_in(settlement) == [DUPLICATE]
    assert figures(account) == (D(5), D(0), D(995))


@pytest.mark.parametrize("amount", ["0", "-1", "0.0000001", "NaN", "Infinity", "1E+30"])
def test_what_is_no_amount_is_refused(account: LinkedAccount, amount: str) -> None:
    assert take_in(event(account.uid, amount=amount), event(account.uid)) == [refused("bad_amount"), TAKEN]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"uid": "12a"}, "bad_uid"),
        ({"uid": "１２３"}, "bad_uid"),
        ({"uid": None}, "bad_uid"),
        ({"uid": "1" * 21}, "bad_uid"),
        ({"kind": "quota_adjust"}, "bad_kind"),
        ({"amount": 5.0}, "bad_amount"),
        ({"key": ""}, "bad_key"),
        ({"key": "k" * 71}, "bad_key"),
        ({"key": "a\x00b"}, "bad_key"),
        ({"at": datetime(2026, 3, 1)}, "bad_time"),  # noqa: DTZ001 the point
        ({"at": "2026-03-01"}, "bad_time"),
    ],
)
def test_what_is_malformed_is_refused_and_holds_nothing_up(
    account: LinkedAccount, change: dict[str, Any], code: str
) -> None:
    fields = {"uid": account.uid, "kind": "usage", "amount": D(1), "key": "k", "at": AT}

    assert take_in(UsageEvent(**{**fields, **change}), event(account.uid)) == [refused(code), TAKEN]


def test_the_future_is_refused_but_clocks_may_differ(account: LinkedAccount) -> None:
    now = timezone.now()

    outcomes = take_in(
        event(account.uid, key="near", at=now + timedelta(minutes=4)),
        event(account.uid, key="far", at=now + timedelta(minutes=10)),
    )

    assert outcomes == [TAKEN, refused("in_the_future")]


def test_smallest_and_largest_figures_are_kept_to_the_digit(account: LinkedAccount) -> None:
    outcomes = take_in(
        event(account.uid, amount="0.000001", key="small"),
        event(account.uid, amount="1000000000000000", key="large"),
        event(account.uid, amount="9999999999999999.99", key="too large"),
    )

    assert outcomes == [TAKEN, TAKEN, refused("amount_too_large")]
    assert figures(account)[1] == D("1000000000000000.000001")


def test_accounts_that_are_not_there_are_told_from_those_that_ended(acme: Partner, account: LinkedAccount) -> None:
    ended = make_account(acme, quota=D(10))
    LinkedAccount.objects.filter(pk=ended.pk).update(relationship=Relationship.TERMINATED)
    without = make_account(make_partner("agent", kind=PartnerKind.AGENCY))

    outcomes = take_in(event("999"), event(ended.uid), event(without.uid), event(account.uid))

    assert outcomes == [refused("unknown_uid"), refused("not_linked"), refused("no_quota"), TAKEN]


def test_another_partners_account_is_unknown(account: LinkedAccount) -> None:
    globex = make_member(make_partner("globex"), Role.OWNER)
    ended = make_account(account.partner, quota=D(1))
    LinkedAccount.objects.filter(pk=ended.pk).update(relationship=Relationship.TERMINATED)

    result = intake.take_in(actor=actor_for_membership(globex), events=[event(account.uid), event(ended.uid)])

    assert [one.code for one in result.results] == ["unknown_uid", "unknown_uid"]
    assert figures(account) == (D(0), D(0), D(1000))


def test_a_sub_account_spends_its_masters_quota(acme: Partner, account: LinkedAccount) -> None:
    subs = [make_account(acme, quota=D(0), trustee=account) for _ in range(2)]

    # The same key on two sub-accounts is two events.
    outcomes = take_in(*[event(sub.uid) for sub in subs], event(account.uid))

    assert outcomes == [TAKEN] * 3
    assert figures(account) == (D(0), D(15), D(985))
    reasons = LedgerEntry.objects.filter(credit=account.pk, seq__gt=1).order_by("seq").values_list("reason", flat=True)
    assert list(reasons) == [f"UID {subs[0].uid}", f"UID {subs[1].uid}", ""]
    assert LedgerEntry.objects.filter(credit__in=[sub.pk for sub in subs]).count() == 2  # their own Quota Create


def test_an_event_taken_before_trusteeship_is_not_taken_again_from_the_master(
    acme: Partner, account: LinkedAccount
) -> None:
    sub = make_account(acme, quota=D(100))
    take_in(event(sub.uid))
    LinkedAccount.objects.filter(pk=sub.pk).update(trustee=account)

    assert take_in(event(sub.uid), event(sub.uid, amount="6"), event(sub.uid, key="new")) == [
        DUPLICATE,
        refused("key_reused"),
        TAKEN,
    ]
    assert figures(account) == (D(0), D(5), D(995))


def test_older_news_do_not_make_the_figures_older(account: LinkedAccount) -> None:
    take_in(event(account.uid, key="a"))

    take_in(event(account.uid, key="b", at=AT - timedelta(days=1)))
    take_in(event(account.uid, amount="7", key="b", at=AT + timedelta(days=1)))  # refused

    assert CreditAccount.objects.get(pk=account.pk).as_of == AT


def test_lines_that_are_crossed_warn_once_however_many_events_it_took(acme: Partner, account: LinkedAccount) -> None:
    other = make_account(acme, quota=D(100))

    take_in(*[event(account.uid, amount="90", key=f"{number}") for number in range(10)], event(other.uid, amount="99"))

    assert sorted(Warning.objects.values_list("credit", flat=True)) == sorted([account.pk, other.pk])


def test_who_may_not_change_quotas_reports_no_usage(acme: Partner, account: LinkedAccount) -> None:
    viewer = actor_for_membership(make_member(acme, Role.VIEWER))

    with pytest.raises(Forbidden):
        intake.take_in(actor=viewer, events=[event(account.uid)])

    assert figures(account) == (D(0), D(0), D(1000))


def test_more_than_ten_thousand_are_refused_as_a_whole(account: LinkedAccount) -> None:
    with pytest.raises(Invalid) as refusal:
        intake.take_in(actor=WORKER, events=[event(account.uid)] * 10_001)

    assert refusal.value.code == "too_many_events"


@pytest.mark.django_db
def test_nothing_is_nothing() -> None:
    assert take_in() == []


def statements(events: list[UsageEvent]) -> list[str]:
    """The first word of each."""
    seen: list[str] = []

    def listen(execute: Any, sql: str, *more: Any) -> Any:
        seen.append(sql.split()[0])
        return execute(sql, *more)

    with connection.execute_wrapper(listen):
        assert {outcome for outcome, _code in take_in(*events)} == {Outcome.TAKEN}
    return seen


def test_plain_usage_is_one_statement_and_many_events_are_as_many_as_some(acme: Partner) -> None:
    uids = [make_account(acme, quota=D(1000)).uid for _ in range(12)]

    assert statements([event(uids[0], key="first")]) == ["WITH"]
    assert statements([event(uids[0], key="second")]) == ["WITH"]
    some = statements([event(uid, key="some") for uid in uids[:2]])
    many = statements([event(uid, key=f"many {turn}") for turn in range(5) for uid in uids])

    assert len(some) == len(many)
    assert drifts() == []
