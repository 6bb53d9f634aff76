"""Whatever everybody does in whatever order, with lost and repeated messages and a cloud that fails: no illegal state,
no two live links of one UID, no link without the customer's approval (issue: linking, design §5)."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import time_machine
from django.db import transaction
from django.db.models import Count
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from post_office.models import Email

from linking import services, tasks
from linking.models import ConsentReceipt, Grant, Invitation, InvitationToken, Termination
from linking.services import terminating
from linking.states import CONSENTED, LIVE, MOVES, DeclineReason, InvitationState
from linking.tokens import digest
from partner_console.access.actor import Actor, system_actor
from partner_console.access.policy import Role
from partner_console.approvals import services as approvals
from partner_console.approvals.models import Approval, ApprovalState
from partner_console.audit.models import AuditEntry
from partner_console.cloud import tasks as cloud_tasks
from partner_console.cloud.models import CloudCommand
from partner_console.cloud.simulated.models import FaultKind, SimAccount
from partner_console.cloud.simulated.services import add_fault, clear_faults
from partner_console.errors import DomainError
from tests.factories import make_member, make_partner
from tests.personas import persona_of
from uids.models import LinkedAccount
from uids.states import LIVE as LINKED

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.personas import Persona

S = InvitationState
WORKER = system_actor("test")
UIDS = ("5113766248601929", "1564032231697237")
LINK = re.compile(r"/invite/([\w-]{20,})/")
SMALL, LARGE = Decimal(100), Decimal(20_000)  # the second needs a second person (design §5)
REFUSALS = ("3009", "3015", "3016", "3029", "3058", "1109")

STEPS = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=9), timedelta(days=6))


class Links:
    """Two partners who want the same two customers. Every act takes two numbers to choose with, and may be refused:
    refusals are answers, only the invariants judge."""

    def __init__(self, people: tuple[Persona, ...], now: Any) -> None:
        self.people, self.now = people, now
        self.proofs: list[tuple[str, str]] = []
        for who, uid in itertools.product((0, 2), range(len(UIDS))):  # both partners have asked both customers
            self.invite(who, uid)
        for which in range(len(UIDS) * 2):
            self.open_and_prove(which, 0)

    # --- staff

    def invite(self, who: int, what: int) -> None:
        uid = UIDS[what % 2]
        self._try(
            services.invite,
            actor=self._person(who),
            uid=uid,
            email=f"it@{uid[-4:]}.example",
            company="Kaito Trading",
            country="JP",
            quota=LARGE if what > 5 else SMALL,
        )

    def second_person(self, which: int, what: int) -> None:
        if (approval := self._one(Approval, which)) is not None:
            typed = approval.blind_answer if what else "1234567890123456"
            given = {"approve": False, "note": "not this one"} if what > 6 else {"approve": True, "typed": typed}
            self._try(approvals.decide, actor=self._person(what), approval_pk=approval.pk, **given)

    def resend(self, which: int, who: int) -> None:
        self._staff(services.resend, which, who)

    def copy_link(self, which: int, who: int) -> None:
        self._staff(services.copy_link, which, who)

    def withdraw(self, which: int, who: int) -> None:
        self._staff(services.withdraw, which, who)

    def retry(self, which: int, who: int) -> None:
        self._staff(services.retry, which, who)

    def extend(self, which: int, who: int) -> None:
        self._staff(services.extend, which, who, days=30)

    # --- the customer, who may have kept every mail and every page open

    def open_and_prove(self, which: int, _what: int) -> None:
        if (link := self._link(which)) is not None:
            token, invitation = link
            self._try(services.record_opened, actor=services.customer_actor(invitation), token=token)
            self._prove(token, invitation)

    def guess(self, which: int, _what: int) -> None:
        if (link := self._link(which)) is not None:
            token, invitation = link
            actor = services.customer_actor(invitation)
            assert self._try(services.prove, actor=actor, token=token, digits="000000") is None
            assert self._try(services.approve, actor=actor, token=token, proof="") is None

    def approve(self, which: int, _what: int) -> None:
        if self.proofs:
            token, proof = self.proofs[which % len(self.proofs)]
            invitation = InvitationToken.objects.select_related("invitation").get(digest=digest(token)).invitation
            self._try(services.approve, actor=services.customer_actor(invitation), token=token, proof=proof)

    def decline(self, which: int, _what: int) -> None:
        if (link := self._link(which)) is not None:
            token, invitation = link
            actor = services.customer_actor(invitation)
            self._try(services.decline, actor=actor, token=token, code=DeclineReason.NOT_ME)

    # --- the worker: messages come late, twice, in any order, or never

    def deliver_message(self, which: int, _what: int) -> None:
        if (invitation := self._one(Invitation, which)) is not None:
            tasks.push_link(invitation.pk)

    def sweep(self, _which: int = 0, _what: int = 0) -> None:
        for pk in services.due_links(actor=WORKER):
            tasks.push_link(pk)
        services.remind_due(actor=WORKER)
        services.expire_due(actor=WORKER)
        approvals.expire_due(actor=WORKER)

    def check(self, which: int, _what: int) -> None:
        if (account := self._one(LinkedAccount, which)) is not None:
            services.run_checks(actor=WORKER, account_pk=account.pk)

    def cloud_fails(self, which: int, what: int) -> None:
        operation = ("start_link", "link_status", "account", "")[which % 4]
        add_fault(operation=operation, kind=list(FaultKind)[what % 3], code=REFUSALS[which % len(REFUSALS)])

    def time_goes_by(self, which: int, _what: int) -> None:
        self.now.shift(STEPS[which % len(STEPS)])

    # --- the end of a relationship, so that the same UID can be linked again

    def ask_to_end(self, which: int, who: int) -> None:
        if (account := self._one(LinkedAccount, which)) is not None:
            self._try(terminating.ask, actor=self._person(who), account_pk=account.pk, reason="moves on")

    def let_endings_go_on(self, _which: int, _what: int) -> None:
        self.now.shift(timedelta(days=11))
        terminating.proceed_due(actor=WORKER)
        for _ in range(2):
            self._settle()
            self._send_commands()

    # --- when it is over

    def end(self) -> None:
        """The cloud is well again and everything waiting gets its turn: nothing may be left half-way."""
        clear_faults()
        for _ in range(3):
            self.now.shift(timedelta(hours=1))
            self.sweep()
            self._settle()
            self._send_commands()
            self._settle()
        assert not Invitation.objects.filter(state=S.APPROVED).exists()
        for at_cloud in SimAccount.objects.filter(uid__in=UIDS):
            held = LinkedAccount.objects.filter(uid=at_cloud.uid, relationship__in=LINKED).first()
            assert at_cloud.partner_uid == (held.partner.master_uid if held else ""), at_cloud

    # --- what must hold after every step

    def one_live_link_per_uid(self) -> None:
        doubles = LinkedAccount.objects.filter(relationship__in=LINKED).values("uid").annotate(n=Count("pk"))
        assert not doubles.filter(n__gt=1).exists()

    def every_move_is_one_of_the_drawing(self) -> None:
        told: dict[int, list[tuple[str, str]]] = {}
        rows = AuditEntry.objects.filter(subject_type="linking.invitation").order_by("pk")
        for pk, changes in rows.values_list("subject_pk", "changes"):
            if "state" in changes:
                told.setdefault(pk, []).append(tuple(changes["state"]))
        for invitation in Invitation.objects.all():
            path = [step for step in told.get(invitation.pk, []) if step[0]]
            for before, after in path:
                assert S(after) in MOVES[S(before)], path
            assert all(a[1] == b[0] for a, b in itertools.pairwise(path)), path
            if path:
                assert path[-1][1] == invitation.state, path

    def nothing_is_linked_without_the_customers_yes(self) -> None:
        for invitation in Invitation.objects.filter(state__in=CONSENTED):
            said_yes = AuditEntry.objects.filter(subject_pk=invitation.pk, action="linking.invitation.approved")
            assert said_yes.filter(subject_type="linking.invitation", channel="customer").count() == 1
            assert ConsentReceipt.objects.filter(invitation=invitation).count() == 1
        for account in LinkedAccount.objects.all():
            assert account.invitations.filter(state__in=(S.LINKED, S.VERIFIED)).count() == 1

    def one_live_invitation_and_one_current_link(self) -> None:
        live = Invitation.objects.filter(state__in=LIVE).values("partner", "uid").annotate(n=Count("pk"))
        assert not live.filter(n__gt=1).exists()
        current = (
            InvitationToken.objects.filter(retired_at=None, is_reminder=False)
            .values("invitation")
            .annotate(n=Count("pk"))
        )
        assert not current.filter(n__gt=1).exists()

    def who_asked_is_not_who_checked(self) -> None:
        for approval in Approval.objects.filter(state=ApprovalState.APPROVED, is_break_glass=False):
            assert approval.decided_by_id not in {approval.asked_by_id, *approval.involved}

    def a_grant_is_at_most_what_was_agreed(self) -> None:
        for grant in Grant.objects.select_related("account"):
            invitation = grant.account.invitations.get(state__in=(S.LINKED, S.VERIFIED))
            assert set(grant.scopes) <= set(invitation.scopes) | {"view_bills"}

    def ensure_all(self) -> None:
        self.one_live_link_per_uid()
        self.every_move_is_one_of_the_drawing()
        self.nothing_is_linked_without_the_customers_yes()
        self.one_live_invitation_and_one_current_link()
        self.who_asked_is_not_who_checked()
        self.a_grant_is_at_most_what_was_agreed()

    # --- help

    def _staff(self, act: Callable[..., object], which: int, who: int, **more: object) -> None:
        if (invitation := self._one(Invitation, which)) is not None:
            made = self._try(act, actor=self._person(who), invitation_pk=invitation.pk, **more)
            if token := getattr(made, "fresh_token", ""):
                self._prove(token, invitation)

    def _person(self, number: int) -> Actor:
        return self.people[number % len(self.people)].actor

    def _one(self, model: Any, number: int) -> Any:
        rows = list(model.objects.order_by("pk"))
        return rows[number % len(rows)] if rows else None

    def _link(self, number: int) -> tuple[str, Invitation] | None:
        """A link of any mail ever sent, also a dead one."""
        mails = Email.objects.order_by("pk").values_list("message", flat=True)
        links = [found for text in mails for found in LINK.findall(text)]
        if not links:
            return None
        token = links[number % len(links)]
        row = InvitationToken.objects.select_related("invitation__partner").get(digest=digest(token))
        return token, row.invitation

    def _prove(self, token: str, invitation: Invitation) -> None:
        actor = services.customer_actor(invitation)
        proof = self._try(services.prove, actor=actor, token=token, digits=invitation.uid[-6:])
        if proof is not None:
            self.proofs.append((token, str(proof)))

    @staticmethod
    def _try(act: Callable[..., Any], **given: Any) -> Any:
        try:
            return act(**given)
        except DomainError:
            return None

    def _settle(self) -> None:
        for pk in list(Termination.objects.values_list("pk", flat=True)):
            tasks.settle_termination(pk)

    def _send_commands(self) -> None:
        for uid in set(CloudCommand.objects.values_list("uid", flat=True)):
            cloud_tasks.send_commands(uid)


type_of_act: TypeAlias = "Callable[[Links, int, int], None]"
TWICE: list[type_of_act] = [Links.invite, Links.second_person, Links.open_and_prove, Links.time_goes_by]
THRICE: list[type_of_act] = [Links.approve, Links.sweep, Links.deliver_message]
# What people do often stands here often.
ACTS: list[type_of_act] = [
    *TWICE * 2,
    *THRICE * 3,
    Links.resend, Links.copy_link, Links.withdraw, Links.retry, Links.extend, Links.guess, Links.decline, Links.check,
    Links.cloud_fails, Links.ask_to_end, Links.ask_to_end, Links.let_endings_go_on,
]  # fmt: skip
numbers = st.integers(0, 7)


@pytest.mark.servers
@pytest.mark.django_db
def test_any_order_of_everything_keeps_the_links_right() -> None:
    acme, globex = make_partner("acme"), make_partner("globex")
    people = (
        persona_of("owner", make_member(acme, Role.OWNER)),
        persona_of("manager", make_member(acme, Role.MANAGER)),
        persona_of("rival", make_member(globex, Role.OWNER)),
    )

    @settings(max_examples=10, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.sampled_from(ACTS), numbers, numbers), min_size=25, max_size=40))
    def walk(steps: list[tuple[Callable[[Links, int, int], None], int, int]]) -> None:
        start = transaction.savepoint()
        with time_machine.travel(datetime(2026, 11, 2, 9, 0, tzinfo=UTC), tick=False) as now:
            links = Links(people, now)
            for act, which, what in steps:
                act(links, which, what)
                links.ensure_all()
            links.end()
            links.ensure_all()
        transaction.savepoint_rollback(start)  # every example begins with nothing

    walk()
