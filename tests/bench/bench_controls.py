"""A master with 5,000 sub-accounts beside one with 100: its page, the dry run, the freeze and taking it back.

Statements are the same for both. The freeze is compared with its floor in the same run, two INSERT … SELECT of the same
records and entries on the trail, foreign keys checked in both; pages with those of the small master. Ratios are of
processor time (`clock.Clock`), the best of rounds taken in turns; what is written is rolled back.
"""

from __future__ import annotations

import logging
import uuid
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partner_console.access.actor import actor_for_membership
from partner_console.access.policy import Role
from quota.services import change_control, undo
from tests.bench.clock import Clock
from tests.bench.figures import Figure, at_most, noted
from tests.factories import make_account, make_member, make_partner
from uids.models import LinkedAccount
from uids.previews import preview_control
from uids.states import AccountType, Control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

SMALL, LARGE = 100, 5_000
ROUNDS = 7
PAGE_ROWS = 50

_FLOOR = """
WITH touched AS (
  SELECT id, partner_id, uid, nickname FROM uids_linkedaccount
  WHERE (trustee_id = %(master)s OR id = %(master)s) AND relationship IN ('normal', 'to_be_confirmed', 'in_process')
    AND NOT payg_frozen
), switched AS (
  UPDATE uids_linkedaccount SET payg_frozen = TRUE, updated_at = now() WHERE id = %(master)s
), recorded AS (
  INSERT INTO uids_controlchange (account_id, what, before, after, reason, method, operator, operator_uid, operation_id,
    cause_id, at)
  SELECT id, 'payg_freeze', 'normal', 'frozen', 'late', 'console', 'owner', '', %(operation)s, %(master)s, now()
  FROM touched
)
INSERT INTO audit_auditentry (partner_id, at, actor_label, operator_uid, channel, action, subject_type, subject_pk,
  subject_label, changes, note, operation_id, request_id)
SELECT partner_id, now(), 'owner', '', 'console', 'uids.account.payg_frozen', 'uids.linkedaccount', id,
  uid || ' ' || nickname, '{"frozen_by_master": [false, true]}', 'late', %(operation)s, ''
FROM touched
"""


def run(size_cap: int | None) -> list[Figure]:
    logging.disable(logging.WARNING)
    partner = make_partner("bench-controls")
    member = make_member(partner, Role.OWNER, email="owner@bench-controls.example")
    actor, client = actor_for_membership(member), Client()
    client.force_login(member.user)
    sizes = (SMALL, min(LARGE, size_cap or LARGE))
    masters = {size: _master(partner, size, position) for position, size in enumerate(sizes)}
    small, large = masters.values()
    clock, figures = Clock(), []

    for name, look in _pages(client, actor).items():
        counts = [_statements(partial(look, master)) for master in (small, large)]
        took = _best({"small": partial(look, small), "large": partial(look, large)}, clock)
        figures += [
            noted(f"{name}, {sizes[1]:,} sub-accounts: statements", counts[1], ""),
            at_most(f"{name}: statements more than with {SMALL}", counts[1] - counts[0], 0, ""),
            at_most(f"{name}: time of that with {SMALL}", took["large"] / took["small"], 2),
        ]

    counts = [_statements(partial(_freeze_and_undo, actor, master)) for master in (small, large)]
    took = _best({"ours": partial(_freeze, actor, large), "floor": partial(_floor, large)}, clock)
    return [
        *figures,
        noted("freeze and undo: statements", counts[1], ""),
        at_most(f"freeze and undo: statements more than with {SMALL}", counts[1] - counts[0], 0, ""),
        noted(f"freeze with {sizes[1]:,} sub-accounts", took["ours"], "ms"),
        _judged("freeze: time of two INSERT … SELECT", took["ours"] / took["floor"], is_judged=sizes[1] == LARGE),
    ]


def _judged(name: str, ratio: float, *, is_judged: bool) -> Figure:
    """With few sub-accounts, what every change costs anyway is most of it."""
    return at_most(name, ratio, 2) if is_judged else noted(name, ratio, "×")


def _master(partner: Partner, size: int, position: int) -> LinkedAccount:
    """Every tenth sub-account is frozen by a switch of its own."""
    master = make_account(partner, uid=str(9_000_000_000 + position))
    first = 9_100_000_000 + position * 1_000_000
    LinkedAccount.objects.bulk_create(
        LinkedAccount(
            partner=partner,
            uid=str(first + number),
            account_type=AccountType.RESELLER_END_USER,
            nickname=f"Kaito Trading {number}",
            trustee=master,
            payg_frozen=number % 10 == 0,
        )
        for number in range(size)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE uids_linkedaccount")
    return master


def _pages(client: Client, actor: Actor) -> dict[str, Callable[[LinkedAccount], object]]:
    def get(name: str, *values: str) -> Callable[[LinkedAccount], object]:
        def fetch(master: LinkedAccount) -> object:
            answer = client.get(reverse(name, args=[master.uid, *values]))
            if answer.status_code != 200:
                raise RuntimeError(f"{name}: {answer.status_code}")
            return answer

        return fetch

    def dry_run(master: LinkedAccount) -> object:
        preview = preview_control(actor, master, Control.PAYG_FREEZE, "frozen")
        return [preview.line(row) for row in preview.rows[:PAGE_ROWS]]

    return {
        "page": get("uids:account_detail"),
        "dry run": dry_run,
        "page of the dry run": get("uids:control_preview", Control.PAYG_FREEZE.value, "frozen"),
        "dialog": get("uids:account_freeze"),
    }


@contextmanager
def _taken_back() -> Iterator[None]:
    """In a transaction that ends as if nothing had happened, its foreign keys checked before."""
    with transaction.atomic():
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)


def _freeze(actor: Actor, master: LinkedAccount) -> None:
    with _taken_back():
        change_control(
            actor=actor, account_pk=master.pk, what=Control.PAYG_FREEZE, value="frozen", reason="late", confirmed=None
        )


def _freeze_and_undo(actor: Actor, master: LinkedAccount) -> None:
    operation = uuid.uuid4()
    with _taken_back():
        change_control(
            actor=actor,
            account_pk=master.pk,
            what=Control.PAYG_FREEZE,
            value="frozen",
            reason="late",
            operation_id=operation,
        )
        undo(actor=actor, operation_id=operation, reason="mistake")


def _floor(master: LinkedAccount) -> None:
    with _taken_back(), connection.cursor() as cursor:
        cursor.execute(_FLOOR, {"master": master.pk, "operation": uuid.uuid4()})


def _statements(call: Callable[[], object]) -> int:
    call()
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


def _best(calls: dict[str, Callable[[], object]], clock: Clock) -> dict[str, float]:
    """The fastest of some rounds for each, in turns. Milliseconds."""
    found: dict[str, float] = {}
    for _round in range(ROUNDS):
        for name, call in calls.items():
            begin = clock()
            call()
            took = (clock() - begin) * 1000
            found[name] = min(found.get(name, took), took)
    return found
