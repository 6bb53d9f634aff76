"""Two deciders, decide ∥ withdraw ∥ expire on one request: its row lock decides, and the action happens once."""

from __future__ import annotations

import threading
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from linking import services as linking
from linking.models import Invitation, InvitationMail
from partner_console.access.actor import system_actor
from partner_console.access.policy import Role
from partner_console.approvals import locks, services
from partner_console.approvals.errors import AlreadyAsked, EntryDiffers, NoTriesLeft, NotWaiting
from partner_console.approvals.models import Approval, ApprovalQuerySet
from partner_console.audit.models import AuditEntry
from partner_console.errors import Conflict
from tests.approvals.conftest import ANSWER, Deeds, ask
from tests.approvals.conftest import deeds as deeds  # a fixture
from tests.factories import make_account, make_member, make_partner
from tests.linking.conftest import send
from tests.personas import Persona, persona_of
from tests.support.races import run_together

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

ROUNDS = 6
LARGE = Decimal(20_000)


class People:
    """The asker and two who may decide."""

    def __init__(self) -> None:
        partner = make_partner("acme")
        self.asker, self.finance, self.owner = (
            persona_of(role.value, make_member(partner, role)) for role in (Role.MANAGER, Role.FINANCE, Role.OWNER)
        )

    def approve(self, who: Persona, pk: int, typed: str = "") -> Callable[[], object]:
        return partial(services.decide, actor=who.actor, approval_pk=pk, approve=True, typed=typed)

    def acts(self, pk: int) -> dict[str, Callable[[], object]]:
        """Everybody who would end it, by the state they would leave."""
        reject = partial(services.decide, actor=self.owner.actor, approval_pk=pk, approve=False, note="No")
        return {
            "approved": self.approve(self.finance, pk),
            "rejected": reject,
            "withdrawn": partial(services.withdraw, actor=self.asker.actor, approval_pk=pk),
            "expired": partial(services.expire_due, actor=system_actor("expiry")),
        }


def together(acts: list[Callable[[], object]]) -> list[Exception | None]:
    return run_together(len(acts), lambda number: acts[number]())


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def worker_is_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the worker's clock everything that waits is over; to people's it is not."""
    monkeypatch.setattr(ApprovalQuerySet, "due_to_expire", lambda rows: rows.filter(state="waiting"))


def test_without_the_lock_it_happens_twice(people: People, deeds: Deeds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is real: reading the row unlocked, two deciders both carry it out."""
    approval = ask(people.asker)
    both_have_read = threading.Barrier(2, timeout=30)

    def read(_actor: object, pk: int) -> Approval:
        row: Approval = Approval.objects.select_related("partner", "asked_by").get(pk=pk)
        both_have_read.wait()
        return row

    monkeypatch.setattr(locks, "lock_approval", read)
    deciders = [people.approve(people.finance, approval.pk), people.approve(people.owner, approval.pk)]

    assert together(deciders) == [None, None]

    assert deeds.done == [("executed", approval.pk)] * 2


def test_of_two_deciders_one_carries_it_out(people: People, deeds: Deeds) -> None:
    for _round in range(ROUNDS):
        deeds.done.clear()
        approval = ask(people.asker)
        deciders = [people.approve(people.finance, approval.pk), people.approve(people.owner, approval.pk)]

        answers = together(deciders)

        assert [type(answer) for answer in answers if answer is not None] == [NotWaiting]
        assert deeds.done == [("executed", approval.pk)]


@pytest.mark.usefixtures("worker_is_ahead")
def test_of_approve_reject_withdraw_and_expire_one_counts(people: People, deeds: Deeds) -> None:
    for _round in range(ROUNDS):
        deeds.done.clear()
        approval = ask(people.asker)
        acts = people.acts(approval.pk)

        answers = dict(zip(acts, together(list(acts.values())), strict=True))

        approval.refresh_from_db()
        expected = "executed" if approval.state == "approved" else f"refused {approval.state}"
        assert deeds.done == [(expected, approval.pk)]
        assert answers[approval.state] is None, "who ended it was told so"
        losers = [answers[state] for state in acts if state not in (approval.state, "expired")]
        assert all(isinstance(loser, NotWaiting) for loser in losers), losers
        assert answers["expired"] is None, "the worker finds nothing left and is content"
        ended = AuditEntry.objects.filter(subject_type="approvals.approval", subject_pk=approval.pk)
        assert ended.exclude(action="approvals.approval.asked").count() == 1


def test_the_same_is_asked_for_once(people: People, deeds: Deeds) -> None:
    account = make_account(people.asker.partner)

    answers = run_together(3, lambda _number: ask(people.asker, subject=account))

    assert [type(answer) for answer in answers if answer] == [AlreadyAsked, AlreadyAsked]
    assert Approval.objects.count() == 1


def test_wrong_entries_at_once_are_counted_one_by_one(people: People, deeds: Deeds) -> None:
    approval = ask(people.asker, blind_answer=ANSWER)

    answers = run_together(6, lambda _number: people.approve(people.finance, approval.pk, "999")())

    kinds = [type(answer) for answer in answers]
    assert (kinds.count(EntryDiffers), kinds.count(NoTriesLeft)) == (3, 3)
    approval.refresh_from_db()
    assert approval.wrong_tries == {str(people.finance.actor.user_pk): 3}


def test_an_invitation_is_sent_or_withdrawn_never_both(people: People) -> None:
    """Decide ∥ withdraw from the other side: the request is locked first by both, so they never wait in a ring."""
    for number in range(ROUNDS):
        invitation = send(
            people.asker, uid=str(5_113_766_248_100_000 + number), email=f"c{number}@x.example", quota=LARGE
        )
        assert invitation.state == "awaiting_check"
        approval = Approval.objects.get(subject_pk=invitation.pk)
        acts: list[Callable[[], object]] = [
            people.approve(people.finance, approval.pk, invitation.uid),
            partial(linking.withdraw, actor=people.asker.actor, invitation_pk=invitation.pk),
        ]

        answers = together(acts)

        invitation.refresh_from_db()
        approval.refresh_from_db()
        n_mails = InvitationMail.objects.filter(invitation=invitation).count()
        assert all(answer is None or isinstance(answer, Conflict) for answer in answers), answers
        assert (approval.state, n_mails) in (("approved", 1), ("withdrawn", 0))
        # Withdrawing what was sent a moment ago is right, too: then both went well, one after the other.
        assert invitation.state == ("withdrawn" if answers[1] is None else "sent")


def test_two_people_check_one_invitation_and_one_mail_goes_out(people: People) -> None:
    invitation = send(people.asker, quota=LARGE)
    approval = Approval.objects.get(subject_pk=invitation.pk)
    deciders = [people.approve(who, approval.pk, invitation.uid) for who in (people.finance, people.owner)]

    answers = together(deciders)

    assert [type(answer) for answer in answers if answer] == [NotWaiting]
    assert Invitation.objects.get().state == "sent"
    assert InvitationMail.objects.count() == 1
