"""The customer opens, proves, approves or declines."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.utils import timezone
from post_office.models import Email

from linking import services, tasks
from linking.errors import LinkNotUsable, LinkUnknown, ProofLocked, ProofMissing, WrongDigits
from linking.models import Invitation
from linking.states import MOVES, DeclineReason, InvitationState, Standing, ensure_move
from partner_console.access.actor import NOBODY, system_actor
from partner_console.access.models import Partner
from partner_console.audit.models import AuditEntry
from partner_console.errors import Conflict, DomainError, Forbidden
from tests.linking.conftest import DIGITS, consent, send
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.personas import Persona


def test_the_customer_actor_sees_nothing_and_is_named_after_the_invitation(sent: Invitation) -> None:
    actor = services.customer_actor(sent)

    assert not Invitation.objects.visible_to(actor).exists()
    assert not Partner.objects.visible_to(actor).exists()
    assert not LinkedAccount.objects.visible_to(actor).exists()
    services.record_opened(actor=actor, token=sent.fresh_token)
    entry = AuditEntry.objects.get(action="linking.invitation.opened")
    assert (entry.actor_label, entry.channel, entry.partner_id) == (
        f"customer of invitation {sent.pk}", "customer", sent.partner_id,
    )  # fmt: skip


def test_nobody_answers_for_the_customer(sent: Invitation, acme_master: Persona, unchanged: Callable[[], bool]) -> None:
    assert unchanged()
    for actor in (acme_master.actor, system_actor("x"), NOBODY):
        for act in (
            lambda who: services.record_opened(actor=who, token=sent.fresh_token),
            lambda who: services.prove(actor=who, token=sent.fresh_token, digits=DIGITS),
            lambda who: services.approve(actor=who, token=sent.fresh_token, proof=""),
            lambda who: services.decline(actor=who, token=sent.fresh_token, code=DeclineReason.OTHER),
        ):
            with pytest.raises(Forbidden):
                act(actor)
    assert unchanged()


def test_opening_is_recorded_once(sent: Invitation) -> None:
    for _ in range(2):
        services.record_opened(actor=services.customer_actor(sent), token=sent.fresh_token)

    sent.refresh_from_db()
    assert sent.state == InvitationState.OPENED
    assert AuditEntry.objects.filter(action="linking.invitation.opened").count() == 1


@pytest.mark.parametrize("digits", [DIGITS, "６０１９２９", "60 19-29", " 601929 "])
def test_the_right_digits_prove_the_account_however_they_are_typed(sent: Invitation, digits: str) -> None:
    actor = services.customer_actor(sent)

    proof = services.prove(actor=actor, token=sent.fresh_token, digits=digits)

    assert services.approve(actor=actor, token=sent.fresh_token, proof=proof).state == InvitationState.APPROVED


def test_five_wrong_tries_lock_for_fifteen_minutes_also_for_the_right_digits(sent: Invitation) -> None:
    actor = services.customer_actor(sent)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        left = []
        for _ in range(4):
            with pytest.raises(WrongDigits) as wrong:
                services.prove(actor=actor, token=sent.fresh_token, digits="000000")
            left.append(wrong.value.data["left"])
        assert left == [4, 3, 2, 1]
        for digits in ("111111", DIGITS, "222222"):
            with pytest.raises(ProofLocked):
                services.prove(actor=actor, token=sent.fresh_token, digits=digits)

        clock.shift(timedelta(minutes=15, seconds=1))
        assert services.prove(actor=actor, token=sent.fresh_token, digits=DIGITS)

    sent.refresh_from_db()
    assert sent.proof_failures == 5, "tries while locked are not judged, so they are not counted"
    assert AuditEntry.objects.filter(action="linking.invitation.proof_failed").count() == 5


def test_a_wrong_try_says_the_same_whatever_was_wrong(sent: Invitation) -> None:
    said = set()
    for digits in ("601928", "x", "5113766248601929", ""):
        with pytest.raises(WrongDigits) as wrong:
            services.prove(actor=services.customer_actor(sent), token=sent.fresh_token, digits=digits)
        said.add(str(wrong.value))

    assert len(said) == 1


def test_a_proof_is_for_one_link_and_a_short_time(sent: Invitation, acme_manager: Persona) -> None:
    other = send(acme_manager, uid="6113766248601929", email="other@x.example")
    actor = services.customer_actor(sent)
    proof = services.prove(actor=actor, token=sent.fresh_token, digits=DIGITS)

    with pytest.raises(ProofMissing):
        services.approve(actor=services.customer_actor(other), token=other.fresh_token, proof=proof)
    with pytest.raises(ProofMissing):
        services.approve(actor=actor, token=sent.fresh_token, proof=proof[:-1])
    with time_machine.travel(timezone.now() + timedelta(minutes=31), tick=False), pytest.raises(ProofMissing):
        services.approve(actor=actor, token=sent.fresh_token, proof=proof)
    assert services.approve(actor=actor, token=sent.fresh_token, proof=proof).approved_at


def test_approving_wakes_the_worker_after_the_commit_and_only_once(
    sent: Invitation,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    woken: list[int] = []
    monkeypatch.setattr(tasks.push_link, "run", woken.append)

    with django_capture_on_commit_callbacks(execute=True):
        consent(sent)
    with pytest.raises(LinkNotUsable) as again:
        consent(sent)

    assert woken == [sent.pk]
    assert again.value.standing is Standing.ANSWERED


def test_declining_keeps_the_reason(sent: Invitation) -> None:
    services.decline(
        actor=services.customer_actor(sent), token=sent.fresh_token, code=DeclineReason.STRANGER, reason="Never met."
    )

    sent.refresh_from_db()
    assert (sent.state, sent.decline_code, sent.decline_reason) == ("declined", "stranger", "Never met.")
    assert AuditEntry.objects.get(action="linking.invitation.declined").note == "Never met."


def test_whoever_invited_is_told_that_the_customer_said_no(sent: Invitation, acme_manager: Persona) -> None:
    Email.objects.all().delete()
    services.decline(
        actor=services.customer_actor(sent), token=sent.fresh_token, code=DeclineReason.STRANGER, reason="Never <met>."
    )

    mail = Email.objects.get()
    assert acme_manager.user is not None
    assert mail.to == [acme_manager.user.email]
    assert mail.subject == "Kaito Trading declined your invitation"
    assert "Reason: I do not know this company" in mail.message
    assert "Never <met>." in mail.message
    assert "Never &lt;met&gt;." in mail.html_message
    assert f"/links/{sent.pk}/" in mail.message


def test_of_a_wrong_address_whoever_remains_is_told(sent: Invitation, acme_master: Persona) -> None:
    assert sent.created_by is not None
    sent.created_by.memberships.update(is_active=False)
    type(sent.partner).objects.filter(pk=sent.partner_id).update(alert_recipients=["Desk@acme.example"])
    Email.objects.all().delete()

    services.decline(actor=services.customer_actor(sent), token=sent.fresh_token, code=DeclineReason.NOT_ME)

    mail = Email.objects.get()
    assert mail.to == ["desk@acme.example"]
    assert mail.subject == "Wrong address: the invitation of Kaito Trading reached somebody else"
    assert "kaito@customer.example" in mail.message
    assert "Reason:" not in mail.message


def every_answer(invitation: Invitation, token: str) -> list[Callable[[], object]]:
    actor = services.customer_actor(invitation)
    return [
        lambda: services.record_opened(actor=actor, token=token),
        lambda: services.prove(actor=actor, token=token, digits=DIGITS),
        lambda: services.approve(actor=actor, token=token, proof=""),
        lambda: services.decline(actor=actor, token=token, code=DeclineReason.OTHER),
    ]


def test_a_link_that_is_over_answers_nothing(sent: Invitation, unchanged: Callable[[], bool]) -> None:
    assert unchanged()
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        for act in every_answer(sent, sent.fresh_token):
            with pytest.raises(LinkNotUsable) as over:
                act()
            assert over.value.standing is Standing.EXPIRED
    assert unchanged(), "expired by the clock, although no worker has said so"


def test_withdrawn_and_replaced_links_say_which(sent: Invitation, acme_manager: Persona) -> None:
    old = sent.fresh_token
    new = services.resend(actor=acme_manager.actor, invitation_pk=sent.pk).fresh_token

    for act in every_answer(sent, old):
        with pytest.raises(LinkNotUsable) as over:
            act()
        assert over.value.standing is Standing.REPLACED

    services.withdraw(actor=acme_manager.actor, invitation_pk=sent.pk)
    for act in every_answer(sent, new):
        with pytest.raises(LinkNotUsable) as over:
            act()
        assert over.value.standing is Standing.WITHDRAWN


def test_a_link_nobody_was_sent_is_unknown(sent: Invitation) -> None:
    for act in every_answer(sent, sent.fresh_token[:-1] + "_"):
        with pytest.raises(LinkUnknown):
            act()


@pytest.mark.parametrize("current", InvitationState)
@pytest.mark.parametrize("target", InvitationState)
def test_only_the_moves_that_are_drawn(current: InvitationState, target: InvitationState) -> None:
    if target in MOVES[current]:
        ensure_move(current, target)
    else:
        with pytest.raises(Conflict) as refusal:
            ensure_move(current, target)
        assert isinstance(refusal.value, DomainError)
        assert refusal.value.data == {"state": current}


def test_nothing_is_linked_without_an_approval() -> None:
    ways = {state for state, targets in MOVES.items() if InvitationState.LINKED in targets}
    assert ways == {InvitationState.APPROVED}
    assert {s for s, t in MOVES.items() if InvitationState.APPROVED in t} == {
        InvitationState.SENT, InvitationState.OPENED, InvitationState.FAILED,
    }  # fmt: skip
