"""Whom an invitation was for is forgotten 90 days after it ended without a link; its record stays."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from linking import services, tasks
from linking.errors import NothingToRetry
from linking.models import BatchRow, Invitation, InvitationMail, LinkAttempt, LinkBatch
from linking.models.batch import BatchKind, BatchState
from linking.services import batches, forgetting
from linking.states import DeclineReason
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from tests.linking.conftest import consent, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from tests.personas import Persona

WORKER = system_actor("test worker")
LATER = timedelta(days=90, minutes=1)


def decline(invitation: Invitation) -> None:
    actor = services.customer_actor(invitation)
    services.decline(actor=actor, token=invitation.fresh_token, code=DeclineReason.OTHER_PARTNER, reason="We left.")


def forget(after: timedelta = LATER) -> int:
    with time_machine.travel(timezone.now() + after, tick=False):
        return forgetting.forget_due(actor=WORKER)


def test_the_contact_is_forgotten_and_the_record_stays(sent: Invitation) -> None:
    Invitation.objects.filter(pk=sent.pk).update(note_to_customer="Hello Kaito")
    decline(sent)
    batch = LinkBatch.objects.create(partner=sent.partner, kind=BatchKind.INVITE, title="customers.csv")
    BatchRow.objects.create(
        batch=batch, number=1, invitation=sent, email=sent.email, company=sent.company, cells=[sent.email]
    )
    LinkAttempt.objects.create(invitation=sent, round=1, code="3017", asked={"email": sent.email, "quota": "1500"})

    assert [forget(), forget()] == [1, 0]

    sent.refresh_from_db()
    assert (sent.email, sent.note_to_customer) == ("", "")
    assert (sent.company, sent.state, sent.decline_reason) == ("Kaito Trading", "declined", "We left.")
    assert list(InvitationMail.objects.values_list("to", flat=True)) == [""]
    row = BatchRow.objects.get()
    assert (row.email, row.company, row.cells) == ("", "Kaito Trading", [])
    assert LinkAttempt.objects.get().asked == {"email": "", "company": "Kaito Trading", "quota": "1500"}
    assert AuditEntry.objects.filter(action="linking.invitation.forgotten").count() == 1


def test_nothing_is_forgotten_a_minute_early_nor_while_it_is_open(acme_manager: Persona, sent: Invitation) -> None:
    decline(sent)
    send(acme_manager, uid="5113766248601937", email="open@customer.example")

    assert forget(timedelta(days=89, hours=23)) == 0
    assert forget() == 1
    assert Invitation.objects.exclude(email="").get().email == "open@customer.example"


def test_what_was_linked_is_the_terminations_to_forget(approved: Invitation) -> None:
    tasks.push_link(approved.pk)

    assert forget() == 0


def test_a_refused_link_nobody_tried_again_is_forgotten_and_invited_anew(
    approved: Invitation, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    now = timezone.now()
    Invitation.objects.filter(pk=approved.pk).update(state="failed", failure_code="3017", closed_at=now)
    assert forget() == 1

    with pytest.raises(NothingToRetry):
        services.retry(actor=acme_manager.actor, invitation_pk=approved.pk)
    page = as_(acme_manager).get(reverse("linking:invitation_detail", args=[approved.pk])).content.decode()
    assert "Deleted 90 days after the end" in page
    assert reverse("linking:invitation_retry", args=[approved.pk]) not in page


def test_many_are_not_invited_anew_without_an_address(sent: Invitation, acme_manager: Persona) -> None:
    decline(sent)
    forget()
    sent.refresh_from_db()

    batch = batches.choose(actor=acme_manager.actor, kind=BatchKind.REINVITE, invitations=[sent])

    assert batch.state == BatchState.CHECKED
    assert BatchRow.objects.get(batch=batch).reason.startswith("Its contact data was deleted")


def test_forgetting_is_set_based(acme_manager: Persona, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(5):
        one = send(acme_manager, uid=str(5_113_766_248_602_000 + 37 * number), email=f"c{number}@customer.example")
        consent(one)
    Invitation.objects.update(state="failed", closed_at=timezone.now())

    with django_assert_max_num_queries(12):
        assert forget() == 5
