"""From approved to linked, whatever the cloud, the broker and other partners do."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.utils import timezone
from post_office.models import Email

from linking import services, tasks
from linking.errors import AlreadyInvited, NothingToRetry
from linking.models import Invitation
from linking.services import executing
from linking.states import InvitationState
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from partner_console.cloud.port import LinkProgress, LinkStatus, NotOffered
from partner_console.cloud.simulated.adapter import SimulatedCloud
from partner_console.cloud.simulated.models import FaultKind, SimAccount, SimLink
from partner_console.cloud.simulated.services import add_fault
from partner_console.errors import Forbidden, Invalid
from quota.models import CreditAccount, LedgerEntry
from tests.factories import make_account
from tests.linking.conftest import UID, consent, send
from uids.errors import AlreadyLinked
from uids.models import LinkedAccount
from uids.states import AccountType, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.personas import Persona

WORKER = system_actor("test worker")


def work(invitation: Invitation) -> Invitation:
    """What the worker does with one message."""
    tasks.push_link(invitation.pk)
    invitation.refresh_from_db()
    return invitation


def later(invitation: Invitation, wait: timedelta) -> list[int]:
    """What a sweep finds after `wait`."""
    with time_machine.travel(timezone.now() + wait, tick=False):
        return services.due_links(actor=WORKER)


def is_linked_once(invitation: Invitation) -> bool:
    accounts = LinkedAccount.objects.filter(uid=invitation.uid)
    ends = AuditEntry.objects.filter(action="linking.invitation.linked", subject_pk=invitation.pk)
    done = (InvitationState.LINKED, InvitationState.VERIFIED)  # the checks may have run already
    return invitation.state in done and (accounts.count(), ends.count()) == (1, 1)


def test_a_link_creates_account_quota_and_controls_together(acme_manager: Persona) -> None:
    invitation = send(
        acme_manager,
        warning_percent=35,
        shutdown_policy=ShutdownPolicy.DELAY_STOP,
        purchase_control=PurchaseControl.BAN,
        business_manager="Mei Lin",
        remarks="long\nstory",
        environment="sandbox",
        purpose="Onboarding",
    )
    consent(invitation)

    work(invitation)

    assert is_linked_once(invitation)
    account = invitation.account
    assert account is not None
    assert (account.nickname, account.business_manager, account.remarks) == ("Kaito Trading", "Mei Lin", "long\nstory")
    assert (account.purchase_control, account.shutdown_policy, account.environment) == ("ban", "delayStop", "sandbox")
    assert account.overdraft == 600, "delayed shutdown grants at least 600 (design §6.3)"
    assert (account.email, account.login_name) == ("kaito@customer.example", "kaito")
    entry = LedgerEntry.objects.get(credit_id=account.pk)
    assert (entry.kind, entry.before, entry.value, entry.after) == ("quota_create", *map(Decimal, (0, 1500, 1500)))
    assert CreditAccount.objects.get(pk=account.pk).warning_percent == 35
    command = CloudCommand.objects.get(operation="set_warning")
    assert (command.operation, command.payload) == ("set_warning", {"percent": 35})
    at_cloud = SimAccount.objects.get(uid=UID)
    assert (at_cloud.partner_uid, at_cloud.amount) == (invitation.partner.master_uid, Decimal(1500))
    linked_mail = Email.objects.order_by("-pk")[0]
    assert linked_mail.to == ["kaito@customer.example"]
    assert "is linked to Acme Cloud" in linked_mail.subject


def test_an_agencys_account_has_no_quota(agency_master: Persona) -> None:
    invitation = send(agency_master)
    consent(invitation)

    work(invitation)

    assert is_linked_once(invitation)
    assert not CreditAccount.objects.exists()
    assert list(CloudCommand.objects.values_list("operation", flat=True)) == ["set_permissions"]


def test_a_redelivered_message_changes_nothing(approved: Invitation) -> None:
    work(approved)
    entries = AuditEntry.objects.count()

    for _ in range(3):
        work(approved)

    assert is_linked_once(approved)
    assert AuditEntry.objects.count() == entries
    assert approved.attempts == 1


def test_messages_about_nothing_are_left_alone(sent: Invitation) -> None:
    assert work(sent).state == InvitationState.SENT
    tasks.push_link(-1)


def test_a_second_worker_leaves_what_the_first_has_in_hand(
    approved: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner: list[str] = []
    start = SimulatedCloud.start_link

    def start_link(self: SimulatedCloud, request: object) -> object:
        tasks.push_link(approved.pk)
        inner.append(Invitation.objects.get(pk=approved.pk).state)
        return start(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(SimulatedCloud, "start_link", start_link)

    work(approved)

    assert inner == ["approved"]
    assert is_linked_once(approved)
    assert approved.attempts == 1


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("step", ["start_link", "link_status", "account"])
def test_a_worker_killed_at_any_step_is_taken_over_and_links_once(
    approved: Invitation, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    real = getattr(SimulatedCloud, step)

    def die(self: SimulatedCloud, *args: object, **kwargs: object) -> None:
        real(self, *args, **kwargs)
        raise Killed

    monkeypatch.setattr(SimulatedCloud, step, die)
    with pytest.raises(Killed):
        work(approved)
    monkeypatch.setattr(SimulatedCloud, step, real)

    assert work(approved).state == InvitationState.APPROVED, "its lease still runs"
    assert later(approved, timedelta(minutes=4)) == []
    assert later(approved, timedelta(minutes=6)) == [approved.pk]
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        work(approved)

    assert is_linked_once(approved)
    assert SimLink.objects.count() == 1


def test_a_worker_killed_while_it_writes_leaves_all_or_nothing(
    approved: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: object, **kwargs: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(executing, "open_credit", die)
        with pytest.raises(Killed):
            work(approved)
    assert not LinkedAccount.objects.exists()

    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        work(approved)

    assert is_linked_once(approved)


def test_a_cloud_that_is_away_is_asked_again_ever_more_slowly(approved: Invitation) -> None:
    add_fault(operation="start_link", kind=FaultKind.UNAVAILABLE, times=2)

    with time_machine.travel(timezone.now(), tick=False) as clock:
        work(approved)
        assert (approved.state, approved.in_flight_since) == (InvitationState.APPROVED, None)
        assert approved.next_attempt_at == timezone.now() + timedelta(seconds=30)
        assert services.due_links(actor=WORKER) == []
        clock.shift(timedelta(seconds=30))
        assert services.due_links(actor=WORKER) == [approved.pk]
        work(approved)
        assert approved.next_attempt_at == timezone.now() + timedelta(seconds=60)
        clock.shift(timedelta(seconds=60))
        tasks.sweep_invitations()

    approved.refresh_from_db()
    assert is_linked_once(approved)


@pytest.mark.parametrize("operation", ["start_link", "link_status", "account"])
def test_an_answer_that_was_lost_is_read_not_repeated(
    approved: Invitation, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_fault(operation=operation, kind=FaultKind.TIMEOUT_AFTER)
    calls: list[str] = []

    def noted(name: str) -> Callable[..., object]:
        real = getattr(SimulatedCloud, name)

        def call(*args: object) -> object:
            calls.append(name)
            return real(*args)

        return call

    for name in ("start_link", "link_status"):
        monkeypatch.setattr(SimulatedCloud, name, noted(name))

    work(approved)
    assert approved.state == InvitationState.APPROVED
    first = list(calls)
    work(approved)

    assert is_linked_once(approved)
    assert calls[len(first)] == "link_status", "reads before anything else"
    assert calls.count("start_link") == 1


def test_a_request_that_never_arrived_is_made_again(approved: Invitation) -> None:
    add_fault(operation="start_link", kind=FaultKind.UNAVAILABLE)

    work(approved)
    work(approved)

    assert is_linked_once(approved)
    assert approved.attempts == 2


def test_a_refusal_fails_with_the_clouds_code_and_can_be_retried(
    approved: Invitation,
    acme_manager: Persona,
    acme_readonly: Persona,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    add_fault(operation="start_link", kind=FaultKind.REFUSE, code="3009", message="customerAccount is error")

    work(approved)

    assert (approved.state, approved.failure_code, approved.failure_message) == (
        "failed", "3009", "customerAccount is error",
    )  # fmt: skip
    assert not LinkedAccount.objects.exists()
    assert AuditEntry.objects.get(action="linking.invitation.failed").note == "customerAccount is error"
    first_reference = approved.reference
    with pytest.raises(Forbidden):
        services.retry(actor=acme_readonly.actor, invitation_pk=approved.pk)

    with django_capture_on_commit_callbacks(execute=True):
        services.retry(actor=acme_manager.actor, invitation_pk=approved.pk)

    approved.refresh_from_db()
    assert is_linked_once(approved)
    assert approved.reference != first_reference, "a refused request is not the one that is repeated"
    with pytest.raises(NothingToRetry):
        services.retry(actor=acme_manager.actor, invitation_pk=approved.pk)


def test_a_link_the_cloud_wants_time_for_stays_approved(approved: Invitation, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(SimulatedCloud, "link_status", lambda self, ticket: LinkStatus(LinkProgress.PENDING))
        work(approved)
    assert (approved.state, approved.in_flight_since) == (InvitationState.APPROVED, None)

    assert is_linked_once(work(approved))


def test_a_link_that_fails_later_at_the_cloud_is_failed(approved: Invitation, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = LinkStatus(LinkProgress.FAILED, code="3067", message="Enterprise Customer Invitation Prohibition")
    monkeypatch.setattr(SimulatedCloud, "link_status", lambda self, ticket: answer)

    work(approved)

    assert (approved.state, approved.failure_code) == ("failed", "3067")


def test_another_uid_than_the_one_invited_is_never_taken_in(
    approved: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = LinkStatus(LinkProgress.LINKED, uid="5113766248601928", at=timezone.now())
    monkeypatch.setattr(SimulatedCloud, "link_status", lambda self, ticket: answer)
    SimAccount.objects.create(uid="5113766248601928", partner_uid=approved.partner.master_uid)

    work(approved)

    assert (approved.state, approved.failure_code) == ("failed", "other_uid")
    assert not LinkedAccount.objects.exists()


def test_a_cloud_that_cannot_link_says_so(approved: Invitation, monkeypatch: pytest.MonkeyPatch) -> None:
    def start_link(self: SimulatedCloud, request: object) -> None:
        raise NotOffered

    monkeypatch.setattr(SimulatedCloud, "start_link", start_link)

    assert work(approved).failure_code == "not_offered"


def test_linked_meanwhile_elsewhere_the_cloud_is_not_even_asked(
    approved: Invitation, outsider: Persona, acme_manager: Persona
) -> None:
    assert outsider.partner is not None
    make_account(outsider.partner, UID)

    work(approved)

    assert (approved.state, approved.failure_code, approved.account) == ("failed", "already_linked", None)
    assert not SimLink.objects.exists()
    with pytest.raises(AlreadyLinked):
        services.retry(actor=acme_manager.actor, invitation_pk=approved.pk)


def test_linked_elsewhere_while_the_cloud_worked(
    approved: Invitation, outsider: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SimulatedCloud.account
    partner = outsider.partner
    assert partner is not None

    def account(self: SimulatedCloud, *, uid: str) -> object:
        make_account(partner, UID)
        return real(self, uid=uid)

    monkeypatch.setattr(SimulatedCloud, "account", account)

    work(approved)

    assert (approved.state, approved.failure_code) == ("failed", "already_linked")
    assert LinkedAccount.objects.get().partner == partner


def test_what_our_own_rules_refuse_is_shown_and_not_tried_forever(
    approved: Invitation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**fields: object) -> None:
        raise Invalid("invalid", "Too long.", field="nickname")

    monkeypatch.setattr(executing, "create_account", refuse)

    work(approved)

    assert (approved.state, approved.failure_code, approved.failure_message) == ("failed", "invalid", "Too long.")
    assert not LinkedAccount.objects.exists()


def test_a_refused_link_is_not_retried_beside_a_newer_invitation(approved: Invitation, acme_manager: Persona) -> None:
    add_fault(operation="start_link", kind=FaultKind.REFUSE, code="1109")
    work(approved)
    Invitation.objects.create(
        partner=approved.partner,
        uid=UID,
        email="new@x.example",
        company="New",
        account_type=2,
        state=InvitationState.SENT,
        expires_at=timezone.now() + timedelta(days=1),
    )

    with pytest.raises(AlreadyInvited):
        services.retry(actor=acme_manager.actor, invitation_pk=approved.pk)


def test_a_worker_that_was_overtaken_writes_nothing(approved: Invitation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease ran out, another linked; then its own refusal arrives."""
    real = SimulatedCloud.start_link

    def slow(self: SimulatedCloud, request: object) -> object:
        with monkeypatch.context() as patch:
            patch.setattr(SimulatedCloud, "start_link", real)
            with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
                tasks.push_link(approved.pk)
        add_fault(operation="start_link", kind=FaultKind.REFUSE, code="1109")
        return real(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(SimulatedCloud, "start_link", slow)

    work(approved)

    assert is_linked_once(approved)
    assert approved.failure_code == ""


def test_what_is_due_expires_in_batches_with_a_row_in_the_trail_each(
    sent: Invitation, approved: Invitation, acme_manager: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    from linking.services import expiring  # noqa: PLC0415

    monkeypatch.setattr(expiring, "BATCH", 2)
    others = [send(acme_manager, uid=str(6113766248601000 + n), email=f"c{n}@x.example") for n in range(5)]
    services.record_opened(actor=services.customer_actor(others[0]), token=others[0].fresh_token)

    assert services.expire_due(actor=WORKER) == 0
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        assert services.expire_due(actor=WORKER) == 5
        tasks.expire_invitations()

    approved.refresh_from_db()
    assert approved.state == InvitationState.APPROVED
    trail = AuditEntry.objects.filter(action="linking.invitation.expired")
    assert {entry.subject_pk for entry in trail} == {one.pk for one in others}
    assert trail.get(subject_pk=others[0].pk).changes == {"state": ["opened", "expired"]}
    assert trail.count() == 5


def test_a_customer_without_an_account_gets_one_and_its_uid_is_learned(acme_manager: Persona) -> None:
    invitation = _agreed_without_uid(acme_manager)

    for _ in range(2):  # redelivered
        work(invitation)

    assert len(invitation.uid) == 16
    assert is_linked_once(invitation)
    assert invitation.account is not None
    assert invitation.account.uid == invitation.uid
    assert SimLink.objects.get().uid == invitation.uid
    entry = AuditEntry.objects.get(action="linking.invitation.linked")
    assert entry.changes["uid"] == ["", invitation.uid]


def test_a_lost_answer_makes_no_second_account(acme_manager: Persona) -> None:
    invitation = _agreed_without_uid(acme_manager)
    add_fault(operation="start_link", kind=FaultKind.TIMEOUT_AFTER)

    work(invitation)
    assert invitation.state == InvitationState.APPROVED
    Invitation.objects.filter(pk=invitation.pk).update(next_attempt_at=None)
    work(invitation)

    assert is_linked_once(invitation)
    assert SimAccount.objects.count() == 1


@pytest.mark.parametrize("told", ["", "kaito", "0000000000000000"])
def test_a_uid_that_cannot_be_right_is_not_taken_from_the_cloud(
    acme_manager: Persona, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    invitation = _agreed_without_uid(acme_manager)
    answer = LinkStatus(LinkProgress.LINKED, uid=told)
    monkeypatch.setattr(SimulatedCloud, "link_status", lambda self, ticket: answer)

    work(invitation)

    assert (invitation.state, invitation.failure_code) == (InvitationState.FAILED, "bad_uid")
    assert not LinkedAccount.objects.exists()


def test_a_learned_uid_that_is_linked_elsewhere_is_kept_with_the_refusal(
    acme_manager: Persona, outsider: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert outsider.partner is not None
    make_account(outsider.partner, UID)
    invitation = _agreed_without_uid(acme_manager)
    answer = LinkStatus(LinkProgress.LINKED, uid=UID)
    monkeypatch.setattr(SimulatedCloud, "link_status", lambda self, ticket: answer)

    work(invitation)

    assert (invitation.state, invitation.failure_code, invitation.uid) == (
        InvitationState.FAILED, "already_linked", UID,
    )  # fmt: skip


def test_a_second_tier_reseller_is_linked_with_its_quota(distributor_master: Persona) -> None:
    invitation = send(distributor_master, account_type=AccountType.T2_RESELLER)
    consent(invitation)

    work(invitation)

    assert is_linked_once(invitation)
    assert invitation.account is not None
    assert invitation.account.account_type == AccountType.T2_RESELLER
    assert CreditAccount.objects.get(pk=invitation.account.pk).amount == 1500


def _agreed_without_uid(persona: Persona) -> Invitation:
    """Approved by a customer who has no account yet; how they proved their address is tested elsewhere."""
    invitation = send(persona, uid="", learns_uid=True)
    Invitation.objects.filter(pk=invitation.pk).update(state=InvitationState.APPROVED, approved_at=timezone.now())
    invitation.refresh_from_db()
    return invitation
