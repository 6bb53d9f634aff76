"""The demo's linked accounts: every status, every policy, masters with sub-accounts, a year of quota history."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from linking.demo import arrears, catalogue, daily, machines
from partner_console.access.policy import PartnerKind
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.cloud.simulated.models import FaultKind, SimFault
from quota import services as quota
from quota.locks import lock_credit
from quota.services import controls, trusteeship
from quota.services.ledger import Movement, post_all
from quota.states import EntryKind
from uids import services as uids
from uids.models import Label, LinkedAccount, SavedView
from uids.states import AccountType, Control, PaygStatus, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from random import Random

    from linking.demo.catalogue import DemoPartner
    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

CENT, MICRO = Decimal("0.01"), Decimal("0.000001")
# How the relationship stands, by the account's number: mostly normal, some of each other state.
ENDINGS = {
    7: Relationship.TO_BE_CONFIRMED,
    11: Relationship.IN_PROCESS,
    17: Relationship.TERMINATED,
    23: Relationship.DELETED,
}
# How much of the quota is used, in per cent, by turns: comfortable mostly, then tight, below the threshold, in arrears.
USE = (12, 35, 0, 55, 48, 22, 62, 41, 30, 5, 18, 44, 66, 25, 58, 8, 37, 51, 29, 60, 95, 15, 33, 47, 3, 64, 20, 108, 57)
FULL = 100
DAILY_EVERY = 7  # every so many accounts have what was used on each day, as a real feed brings it
SECOND_TIER = {partner.master_uid for partner in catalogue.PARTNERS if partner.parent}
PROMISED_TO_T2 = Decimal(240_000)  # a little less than it gave its own customers


@dataclass(slots=True)
class Book:
    """One partner's demo in the making."""

    partner: Partner
    actor: Actor
    dice: Random
    accounts: list[LinkedAccount] = field(default_factory=list)


def fill(book: Book, given: DemoPartner) -> None:
    """Accounts, their quota and history, labels, a few frozen ones, trusteeship, views."""
    labels = [Label.objects.create(partner=book.partner, name=name) for name in catalogue.LABELS]
    for number in range(given.n_accounts):
        account = _account(book, given, number)
        book.accounts.append(account)
        if account.payg_stopped_at:
            arrears.record(account)
        if number % 4 == 0:
            account.labels.add(book.dice.choice(labels))
        if book.partner.kind != PartnerKind.AGENCY:
            _history(book, account, number)
    if book.partner.kind != PartnerKind.AGENCY:
        _trusteeship(book)
        machines.fill(book)
        _freeze(book)
        _views(book)


def _account(book: Book, given: DemoPartner, number: int) -> LinkedAccount:
    dice = book.dice
    country = dice.choice(catalogue.COUNTRIES)
    name = catalogue.company(dice, country)
    policy, stopped = _policy(book, number)
    slug = f"{given.code}{number:03d}"
    return uids.create_account(
        actor=book.actor,
        partner_pk=book.partner.pk,
        uid=_uid(book, given, number),
        account_type=_type(book, number),
        cid=str(7_100_000 + number),
        login_name=f"{slug}@aliyun-inc.example",
        nickname=name,
        business_manager=dice.choice(given.managers),
        remarks=dice.choice(catalogue.REMARKS),
        email=f"ops@{slug}.example",
        mobile=f"+65 8{dice.randrange(10_000_000):07d}",
        country=country,
        is_enterprise=dice.random() < 0.9,
        is_certified=dice.random() < 0.8,
        linked_at=timezone.now() - timedelta(days=dice.randrange(20, 900), minutes=dice.randrange(1440)),
        environment="sandbox" if number % 29 == 5 else "production",
        relationship=next((state for every, state in ENDINGS.items() if number % (every * 5) == every), "normal"),
        shutdown_policy=policy,
        overdraft=arrears.LEAST_OVERDRAFT if policy == ShutdownPolicy.DELAY_STOP else Decimal(0),
        purchase_control="ban" if number % 31 == 9 else "normal",
        **stopped,
    )


def _uid(book: Book, given: DemoPartner, number: int) -> str:
    """A distributor's first account is its second-tier partner's, where the demo has one."""
    drawn = catalogue.uid(book.dice)
    children = [partner.master_uid for partner in catalogue.PARTNERS if partner.parent == given.code]
    return children[number] if number < len(children) else drawn


def _policy(book: Book, number: int) -> tuple[str, dict[str, Any]]:
    """The policy, and since when the cloud has stopped PAYG where the account is in arrears under it."""
    policy = book.dice.choice(catalogue.POLICIES)
    fate = _fate(book, number)
    return (fate.policy, fate.fields()) if fate else (policy, {})


def _fate(book: Book, number: int) -> arrears.Fate | None:
    """What becomes of the account where it is in arrears."""
    if book.partner.kind == PartnerKind.AGENCY or USE[number % len(USE)] <= FULL or _is_empty(number):
        return None
    return arrears.fate(number // len(USE))


def _is_empty(number: int) -> bool:
    """Some have no quota yet, and have used nothing."""
    return number % 41 == 13


def _type(book: Book, number: int) -> AccountType:
    if book.partner.kind == PartnerKind.AGENCY:
        return AccountType.AGENCY_END_USER
    if book.partner.kind == PartnerKind.DISTRIBUTOR and number < 2:
        return AccountType.T2_RESELLER
    return AccountType.RESELLER_END_USER


def _history(book: Book, account: LinkedAccount, number: int) -> None:
    """Quota Create, months of usage settled and written off, an adjustment or two, and where it stands today."""
    dice = book.dice
    if _is_empty(number):
        quota.open_credit(
            actor=book.actor, account=account, amount=Decimal(0), warning_percent=20, at=account.linked_at
        )
        return
    amount = Decimal(dice.choice((500, 1200, 3000, 5000, 8000, 20_000, 64_000))) + Decimal(dice.randrange(100)) / 100
    fate = _fate(book, number)
    if account.uid in SECOND_TIER:
        amount = PROMISED_TO_T2
    elif fate and fate.amount:
        amount = fate.amount
    quota.open_credit(
        actor=book.actor,
        account=account,
        amount=amount,
        warning_percent=dice.choice((10, 20, 20, 20, 30)),
        reason="Contract signed",
        at=account.linked_at,
    )
    credit = lock_credit(book.actor, account.pk)
    post_all(
        actor=book.actor,
        credit=credit,
        movements=_months(book, account, amount, number),
        as_of=timezone.now() - timedelta(minutes=dice.randrange(2, 90)),
    )


def _months(book: Book, account: LinkedAccount, amount: Decimal, number: int) -> list[Movement]:
    dice, now = book.dice, timezone.now()
    moves: list[Movement] = []
    months = min((now - account.linked_at).days // 30, 8)
    for back in range(months, 0, -1):
        end = now - timedelta(days=30 * back - 3)
        used = (amount * dice.randrange(4, 22) / 100).quantize(CENT)
        moves += [
            Movement(EntryKind.USAGE, undeducted=used, at=end - timedelta(days=4)),
            Movement(EntryKind.SETTLE, deducted=used, undeducted=-used, at=end - timedelta(days=2)),
            Movement(EntryKind.WRITE_OFF, deducted=-used, reason=f"Paid, invoice {end:%Y-%m}", at=end),
        ]
    if months > 2 and number % 3 == 0:
        step = (amount * dice.choice((-10, 20, 25, 50)) / 100).quantize(CENT)
        at = now - timedelta(days=dice.randrange(10, 55))
        reason = "Seasonal campaign" if step > 0 else "Contract reduced"
        moves.append(Movement(EntryKind.QUOTA_ADJUST, amount=step, reason=reason, at=at))
        amount += step
    used = (amount * USE[number % len(USE)] / 100).quantize(MICRO) + Decimal(dice.randrange(1_000_000)) * MICRO
    settled = (used * dice.randrange(60, 95) / 100).quantize(CENT)
    today = [
        Movement(EntryKind.USAGE, undeducted=used, at=now - timedelta(hours=30)),
        Movement(EntryKind.SETTLE, deducted=settled, undeducted=-settled, at=now - timedelta(hours=20)),
    ]
    if number % DAILY_EVERY == 0:
        return daily.movements(book.partner.code, number, account.linked_at, amount, used, settled, moves)
    return sorted(moves, key=_when) + today


def _when(movement: Movement) -> datetime:
    return movement.at or timezone.now()


def _trusteeship(book: Book) -> None:
    """Every 45th customer is a master; those after it spend its quota (their own is 0). Partners hold their own."""
    live = [a for a in book.accounts if a.relationship == Relationship.NORMAL and a.uid not in SECOND_TIER]
    live = [a for a in live if a.account_type == AccountType.RESELLER_END_USER]
    for start in range(0, len(live) - 8, 45):
        master = live[start]
        for sub in live[start + 1 : start + 2 + book.dice.randrange(1, 5)]:
            # Nobody takes debts along (acpn.md §9).
            if USE[book.accounts.index(sub) % len(USE)] <= FULL:
                joined = trusteeship.set_trustee(
                    actor=book.actor,
                    account_pk=sub.pk,
                    trustee_pk=master.pk,
                    reason="Enterprise linked by the customer",
                )
                sub.trustee_id = joined.trustee_id


def _freeze(book: Book) -> None:
    """Some are frozen by hand; one of them the cloud will refuse, one it will answer too late."""
    live = [a for a in book.accounts if a.relationship == Relationship.NORMAL]
    for position, account in enumerate(live[10::33]):
        if position == 1:
            SimFault.objects.create(operation="freeze", uid=account.uid, kind=FaultKind.REFUSE, code="3040",
                                    message="account is in a frozen state and cannot be operated")  # fmt: skip
        controls.change_control(
            actor=book.actor,
            account_pk=account.pk,
            what=Control.PAYG_FREEZE,
            value=PaygStatus.FROZEN,
            reason="Invoice overdue by 30 days",
        )


def _views(book: Book) -> None:
    if book.actor.user_pk is None:
        return
    for name, query in (("In arrears", "available_max=-0.000001"), ("Japan", "country=JP&sort=nickname")):
        view = SavedView.objects.create(
            partner=book.partner, user_id=book.actor.user_pk, name=name, query=query, is_shared=True
        )
        audit.record(book.actor, Action.VIEW_SAVED, view)
