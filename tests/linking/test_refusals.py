"""The cloud refuses with each code it has (agency-api.md §16.6), is slow, or answers too late: never linked twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.utils import timezone
from post_office.models import Email

from linking import services, tasks
from linking.known_codes import KNOWN
from linking.models import Invitation, InvitationMail, LinkAttempt
from linking.states import InvitationState, MailKind
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.cloud.simulated.adapter import SimulatedCloud
from partner_console.cloud.simulated.models import FaultKind, SimAccount, SimLink
from partner_console.cloud.simulated.services import add_fault
from quota.models import LedgerEntry
from tests.linking.conftest import UID
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from tests.personas import Persona

# agency-api.md §16.6, line by line.
CODES = (
    "1109", "3008", "3009", "3010", "3011", "3012", "3013", "3014", "3015", "3016", "3017", "3029", "3030", "3031",
    "3040", "3041", "3044", "3045", "3048", "3049", "3050", "3055", "3056", "3057", "3058", "3060", "3061", "3062",
    "3063", "3067", "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008", "1009",
    "IdempotentParameterMismatch",
)  # fmt: skip
S = InvitationState


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as now:
        yield now


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The reference of every `start_link` that reached the cloud."""
    real, seen = SimulatedCloud.start_link, []

    def start_link(self: SimulatedCloud, request: object) -> object:
        seen.append(request.reference)  # type: ignore[attr-defined]
        return real(self, request)  # type: ignore[arg-type]

    monkeypatch.setattr(SimulatedCloud, "start_link", start_link)
    return seen


def work(invitation: Invitation) -> InvitationState:
    tasks.push_link(invitation.pk)
    invitation.refresh_from_db()
    return InvitationState(invitation.state)


def assert_linked_once(invitation: Invitation) -> None:
    """One account, one Quota Create, one line in the trail, one mail, one relationship at the cloud."""
    invitation.refresh_from_db()
    account = LinkedAccount.objects.get(uid=UID)
    assert invitation.state in (S.LINKED, S.VERIFIED)
    assert invitation.account == account
    assert LedgerEntry.objects.filter(credit_id=account.pk).count() == 1
    assert AuditEntry.objects.filter(action="linking.invitation.linked").count() == 1
    assert InvitationMail.objects.filter(kind=MailKind.LINKED).count() == 1
    assert SimAccount.objects.get().partner_uid == invitation.partner.master_uid


def test_every_code_of_the_api_is_explained() -> None:
    assert set(CODES) <= set(KNOWN)


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_ends_in_failed_and_a_retry_links_once(
    approved: Invitation, acme_manager: Persona, client: Client, code: str
) -> None:
    known = KNOWN[code]
    add_fault(operation="start_link", uid=UID, kind=FaultKind.REFUSE, code=code, message=known.message)

    assert work(approved) is S.FAILED

    assert (approved.failure_code, approved.failure_message) == (code, known.message)
    assert work(approved) is S.FAILED, "redelivered: the cloud is not asked again by itself"
    assert not LinkedAccount.objects.exists()
    assert not SimLink.objects.exists()
    assert services.due_links(actor=system_actor("test")) == []
    assert acme_manager.user is not None
    client.force_login(acme_manager.user)
    page = client.get(f"/links/{approved.pk}/").content.decode()
    assert code in page
    assert str(known.fix).split(".")[0] in page.replace("&#x27;", "'").replace("&quot;", '"')

    services.retry(actor=acme_manager.actor, invitation_pk=approved.pk)
    work(approved)

    assert_linked_once(approved)
    assert list(LinkAttempt.objects.order_by("round").values_list("code", flat=True)) == [code, ""]


@pytest.mark.parametrize("code", ["1109", "3009", "3058", "3060", "3061", "IdempotentParameterMismatch"])
def test_a_refusal_after_the_cloud_did_the_work_links_once_in_the_end(
    approved: Invitation, acme_manager: Persona, code: str
) -> None:
    """The answer to the start was lost; asked how it stands, the cloud refuses although it has linked."""
    add_fault(operation="start_link", kind=FaultKind.TIMEOUT_AFTER)
    add_fault(operation="link_status", kind=FaultKind.REFUSE, code=code, message=KNOWN[code].message)

    assert work(approved) is S.APPROVED
    assert SimLink.objects.count() == 1
    assert work(approved) is S.FAILED
    assert approved.failure_code == code
    assert not LinkedAccount.objects.exists()

    services.retry(actor=acme_manager.actor, invitation_pk=approved.pk)
    work(approved)

    assert_linked_once(approved)


def test_a_slow_cloud_is_asked_how_it_stands_and_never_to_start_again(
    approved: Invitation, clock: time_machine.Traveller, started: list[str]
) -> None:
    SimAccount.objects.create(uid=UID, partner_uid=approved.partner.master_uid)
    link = SimLink.objects.create(
        reference=approved.reference, uid=UID, partner_uid=approved.partner.master_uid, progress="pending"
    )

    assert work(approved) is S.APPROVED
    waits = []
    for _ in range(8):
        assert approved.next_attempt_at is not None
        waits.append(approved.next_attempt_at - timezone.now())
        clock.shift(waits[-1])
        tasks.sweep_invitations()
        approved.refresh_from_db()
        assert approved.state == S.APPROVED
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(minutes=30)
    assert not LinkedAccount.objects.exists()

    SimLink.objects.filter(pk=link.pk).update(progress="linked")
    clock.shift(timedelta(minutes=30))
    tasks.sweep_invitations()

    assert_linked_once(approved)
    assert started == [approved.reference]


def test_lost_answers_one_after_the_other_link_once(
    approved: Invitation, clock: time_machine.Traveller, started: list[str]
) -> None:
    for operation, times in (("start_link", 1), ("link_status", 2), ("account", 2)):
        add_fault(operation=operation, kind=FaultKind.TIMEOUT_AFTER, times=times)

    work(approved)
    for _ in range(5):
        assert approved.state == S.APPROVED
        clock.shift(timedelta(minutes=30))
        tasks.sweep_invitations()
        approved.refresh_from_db()

    assert_linked_once(approved)
    assert started == [approved.reference]


def test_what_follows_a_link_is_ordered_once_although_answers_are_lost(
    approved: Invitation, clock: time_machine.Traveller
) -> None:
    """The mail to the customer and the account stay one when the message comes again after a lost answer."""
    add_fault(operation="start_link", kind=FaultKind.TIMEOUT_AFTER)
    work(approved)
    clock.shift(timedelta(minutes=1))
    for _ in range(3):
        work(approved)

    assert_linked_once(approved)
    subjects = Email.objects.filter(to=["kaito@customer.example"]).values_list("subject", flat=True)
    assert len(subjects) == 2, "the invitation, and that it is linked"
