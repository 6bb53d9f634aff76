"""Approve ∥ withdraw ∥ expire ∥ resend on one invitation, and two workers on one approval: the row lock decides."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from linking import locks, services, tasks
from linking.errors import LinkNotUsable, NothingToResend
from linking.models import Invitation, InvitationMail, InvitationToken
from linking.services import executing, expiring
from linking.services.mailing import issue_link
from linking.states import MOVES, DeclineReason, InvitationState, MailKind, Standing
from linking.tokens import digest
from partner_console.access.actor import system_actor
from partner_console.access.policy import Role
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.simulated.models import SimLink
from partner_console.errors import Conflict
from tests.factories import make_member, make_partner
from tests.linking.conftest import DIGITS, send
from tests.personas import Persona, persona_of
from tests.support.races import run_together
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

ROUNDS = 6
S = InvitationState
REMINDED = Action.LINK_REMINDED.value
ENDS = {
    "linking.invitation.approved": S.APPROVED,
    "linking.invitation.withdrawn": S.WITHDRAWN,
    "linking.invitation.expired": S.EXPIRED,
    "linking.invitation.resent": S.SENT,
}


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Persona:
    """No worker runs by itself, and the worker's clock is a day ahead: to it the invitation is over."""
    monkeypatch.setattr(tasks.push_link, "delay", lambda pk: None)
    ahead = SimpleNamespace(now=lambda: timezone.now() + timedelta(days=1))
    monkeypatch.setattr(expiring, "timezone", ahead)
    return persona_of("acme_manager", make_member(make_partner("acme"), Role.MANAGER))


class Race:
    """One invitation about to end, and the four who want to end it differently."""

    def __init__(self, manager: Persona, number: int) -> None:
        self.manager = manager
        self.invitation = send(manager, uid=str(5_113_766_248_000_000 + number), email=f"c{number}@x.example")
        Invitation.objects.filter(pk=self.invitation.pk).update(expires_at=timezone.now() + timedelta(hours=1))
        self.customer = services.customer_actor(self.invitation)
        self.token = self.invitation.fresh_token
        self.proof = services.prove(actor=self.customer, token=self.token, digits=self.invitation.uid[-6:])
        self.acts: list[Callable[[], object]] = [self.approve, self.withdraw, self.expire, self.resend]

    def approve(self) -> object:
        return services.approve(actor=self.customer, token=self.token, proof=self.proof)

    def withdraw(self) -> object:
        return services.withdraw(actor=self.manager.actor, invitation_pk=self.invitation.pk)

    def expire(self) -> object:
        return services.expire_due(actor=system_actor("expiry"))

    def resend(self) -> object:
        return services.resend(actor=self.manager.actor, invitation_pk=self.invitation.pk)

    def run(self) -> list[Exception | None]:
        return run_together(len(self.acts), lambda number: self.acts[number]())

    def trail(self) -> list[InvitationState]:
        """The states the trail tells of, in order, beginning with the mail."""
        rows = AuditEntry.objects.filter(subject_type="linking.invitation", subject_pk=self.invitation.pk)
        told = [ENDS[row.action] for row in rows.order_by("pk") if row.action in ENDS]
        return [S.SENT, *told]


def is_legal(path: list[InvitationState]) -> bool:
    steps = itertools.pairwise(path)
    return all(after in MOVES[before] or before == after == S.SENT for before, after in steps)


@pytest.mark.parametrize("other", ["withdraw", "resend", "expire"])
def test_without_the_lock_all_of_them_win(manager: Persona, monkeypatch: pytest.MonkeyPatch, other: str) -> None:
    """The race is real: reading the row unlocked, an invitation that just ended is approved as well."""
    race = Race(manager, 0)
    both_have_read = threading.Barrier(2, timeout=30)

    def read(actor: object, pk: int) -> Invitation:
        row: Invitation = Invitation.objects.select_related("partner").get(pk=pk)
        both_have_read.wait()
        return row

    def read_by_token(token: str) -> tuple[Invitation, InvitationToken]:
        link = InvitationToken.objects.get(digest=digest(token))
        return read(None, link.invitation_id), link

    class Unlocked:
        def __init__(self, rows: QuerySet[Invitation]) -> None:
            self.rows = rows

        def __getitem__(self, some: slice) -> list[Invitation]:
            found = list(self.rows[some])
            if found:
                both_have_read.wait()
            return found

    monkeypatch.setattr(locks, "lock_invitation", read)
    monkeypatch.setattr(locks, "lock_by_token", read_by_token)
    if other == "expire":
        monkeypatch.setattr(type(Invitation.objects.all()), "select_for_update", lambda rows, **_how: Unlocked(rows))
    race.acts = [race.approve, getattr(race, other)]

    assert race.run() == [None, None]

    told = race.trail()
    ends = {"withdraw": S.WITHDRAWN, "resend": S.SENT, "expire": S.EXPIRED}
    assert {S.APPROVED, ends[other]} <= set(told[1:])
    rows = AuditEntry.objects.filter(subject_pk=race.invitation.pk, action__in=ENDS)
    assert {row.changes["state"][0] for row in rows if "state" in row.changes} == {"sent"}, "both began at “sent”"


def test_of_approve_withdraw_expire_and_resend_the_others_get_their_own_answer(manager: Persona) -> None:
    for number in range(1, ROUNDS + 1):
        race = Race(manager, number)

        answers = race.run()

        race.invitation.refresh_from_db()
        path = race.trail()
        assert is_legal(path), path
        assert race.invitation.state == path[-1]
        refused = [answer for answer in answers if answer is not None]
        assert all(isinstance(answer, Conflict) for answer in refused), refused
        done = set(path[1:])
        assert len(done & {S.APPROVED, S.EXPIRED}) <= 1
        assert not {S.APPROVED, S.SENT} <= done, (
            "a link that was rotated approves nothing, an approved one is not rotated"
        )
        if isinstance(answers[0], LinkNotUsable):
            shown = {S.WITHDRAWN: Standing.WITHDRAWN, S.EXPIRED: Standing.EXPIRED, S.SENT: Standing.REPLACED}
            assert answers[0].standing in {shown[state] for state in done}
        if answers[3] is not None:
            assert isinstance(answers[3], NothingToResend)
        assert InvitationToken.objects.filter(invitation=race.invitation, retired_at__isnull=True).count() == 1


def test_a_reminders_link_races_like_the_first_and_nobody_is_reminded_of_what_is_over(manager: Persona) -> None:
    """The customer holds two links and taps both, while staff and the clock act: still one of them counts."""
    for number in range(1, ROUNDS + 1):
        race = Race(manager, number)
        reminders = issue_link(race.invitation, is_reminder=True)
        proof = services.prove(actor=race.customer, token=reminders, digits=race.invitation.uid[-6:])
        again = partial(services.approve, actor=race.customer, token=reminders, proof=proof)
        remind = partial(services.remind, actor=race.manager.actor, invitation_pk=race.invitation.pk)
        race.acts += [again, remind]

        approved, _withdrawn, _expired, resent, approved_again, reminded = answers = race.run()

        race.invitation.refresh_from_db()
        path = race.trail()
        assert is_legal(path), path
        assert race.invitation.state == path[-1]
        assert all(isinstance(answer, Conflict) for answer in answers if answer is not None), answers
        assert path.count(S.APPROVED) == sum(answer is None for answer in (approved, approved_again)) <= 1
        kinds = InvitationMail.objects.filter(invitation=race.invitation, kind=MailKind.REMINDER)
        assert kinds.count() == (reminded is None)
        assert reminded is None or isinstance(reminded, NothingToResend)
        assert is_reminded_while_open(race.invitation)
        held = InvitationToken.objects.filter(digest__in=[digest(race.token), digest(reminders)])
        assert {link.retired_at is None for link in held} == {resent is not None}, "both live or both dead"


def is_reminded_while_open(invitation: Invitation) -> bool:
    """No reminder stands in the trail behind the end."""
    rows = AuditEntry.objects.filter(subject_type="linking.invitation", subject_pk=invitation.pk).order_by("pk")
    told = [row.action for row in rows if row.action == REMINDED or ENDS.get(row.action, S.SENT) != S.SENT]
    return REMINDED not in told[1:]


def test_approve_and_decline_at_once_one_of_them_counts(manager: Persona) -> None:
    for number in range(1, ROUNDS + 1):
        race = Race(manager, number)
        decline = partial(services.decline, actor=race.customer, token=race.token, code=DeclineReason.OTHER)
        race.acts = [race.approve, decline]

        answers = race.run()

        assert [type(answer) for answer in answers if answer is not None] == [LinkNotUsable]
        race.invitation.refresh_from_db()
        assert race.invitation.state == (S.APPROVED if answers[0] is None else S.DECLINED)


def test_many_workers_link_once(manager: Persona) -> None:
    race = Race(manager, 1)
    race.approve()

    answers = run_together(4, lambda _number: tasks.push_link(race.invitation.pk))

    race.invitation.refresh_from_db()
    assert answers == [None] * 4
    assert race.invitation.state in (S.LINKED, S.VERIFIED)  # its checks may have run by now
    assert (LinkedAccount.objects.count(), SimLink.objects.count(), race.invitation.attempts) == (1, 1, 1)


def test_without_the_claim_several_workers_ask_the_cloud(manager: Persona, monkeypatch: pytest.MonkeyPatch) -> None:
    """And still one account comes of it: the cloud links a reference once, and the last transaction decides."""
    race = Race(manager, 1)
    race.approve()
    all_claimed = threading.Barrier(3, timeout=30)

    def claim(actor: object, invitation_pk: int) -> executing.Claim:
        row = Invitation.objects.select_related("partner").get(pk=invitation_pk)
        all_claimed.wait()
        return executing.Claim(row, timezone.now())

    monkeypatch.setattr(executing, "_claim", claim)

    run_together(3, lambda _number: tasks.push_link(race.invitation.pk))

    assert SimLink.objects.count() == 1
    assert LinkedAccount.objects.count() == 1
    assert AuditEntry.objects.filter(action="linking.invitation.linked").count() == 1


def test_two_partners_whose_customers_approve_at_once(manager: Persona) -> None:
    other = persona_of("globex", make_member(make_partner("globex"), Role.OWNER))
    first, second = Race(manager, 1), Race(other, 1)
    first.approve()
    second.approve()
    pks = [first.invitation.pk, second.invitation.pk]

    run_together(2, lambda number: tasks.push_link(pks[number]))

    states = set(Invitation.objects.filter(pk__in=pks).values_list("state", flat=True))
    assert states in ({S.FAILED, S.LINKED}, {S.FAILED, S.VERIFIED})  # the winner's checks may have run by now
    assert LinkedAccount.objects.count() == 1
    failed = Invitation.objects.get(state=S.FAILED)
    assert failed.failure_code in ("already_linked", "3009")


def test_guesses_at_once_are_counted_one_by_one(manager: Persona) -> None:
    race = Race(manager, 1)

    run_together(8, lambda _number: services.prove(actor=race.customer, token=race.token, digits="000000"))

    race.invitation.refresh_from_db()
    assert race.invitation.proof_failures == 5
    assert race.invitation.proof_locked_until is not None
    assert race.invitation.uid[-6:] != DIGITS


def test_two_managers_invite_the_same_uid(manager: Persona) -> None:
    answers = run_together(3, lambda number: send(manager, email=f"m{number}@x.example"))

    assert sum(answer is None for answer in answers) == 1
    assert Invitation.objects.count() == 1
