"""Reminders: when they are due, who gets them, and that nobody gets two."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from post_office.models import Email

from linking import services, tasks
from linking.errors import NothingToResend, TooManyMails
from linking.models import Invitation, InvitationMail
from linking.reminders import next_reminder
from linking.selectors import visit
from linking.states import DeclineReason, InvitationState, MailKind, Standing
from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, Invalid, NotFound
from tests.linking.conftest import send

if TYPE_CHECKING:
    from tests.personas import Persona

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def day(n: float) -> datetime:
    return START + timedelta(days=n)


def run(at: datetime) -> int:
    with time_machine.travel(at, tick=False):
        return services.remind_due(actor=system_actor("reminders"))


def reminders() -> list[str]:
    return list(InvitationMail.objects.filter(kind=MailKind.REMINDER).order_by("pk").values_list("to", flat=True))


def link_in(mail: Email) -> str:
    found = re.search(r"/invite/([\w-]+)/", mail.message)
    assert found
    return found.group(1)


@pytest.fixture
def invitation(acme_manager: Persona) -> Invitation:
    with time_machine.travel(START, tick=False):
        return send(acme_manager)


@pytest.mark.parametrize(
    ("valid_days", "expected"), [(15, [3, 7, 14]), (30, [3, 7, 29]), (7, [3, 6]), (8, [3, 7]), (4, [3])]
)
def test_the_days_of_reminding(valid_days: int, expected: list[int]) -> None:
    moments, after = [], START
    while (found := next_reminder(sent_at=START, expires_at=day(valid_days), after=after)) is not None:
        moments.append(found)
        after = found

    assert moments == [day(n) for n in expected]


def test_a_late_reminder_takes_the_place_of_the_next_when_that_is_near() -> None:
    assert next_reminder(sent_at=START, expires_at=day(15), after=day(6.8)) == day(14)


def test_customers_who_do_not_answer_are_reminded_three_times(invitation: Invitation) -> None:
    sent = [n for n in range(17) if run(day(n))]

    assert sent == [3, 7, 14]
    assert reminders() == ["kaito@customer.example"] * 3
    assert AuditEntry.objects.filter(action=Action.LINK_REMINDED).count() == 3


def test_the_worker_run_twice_reminds_once(invitation: Invitation) -> None:
    with time_machine.travel(day(3), tick=False):
        tasks.remind_customers()
        tasks.remind_customers()

    assert len(reminders()) == 1


def test_the_reminder_brings_a_link_and_the_first_goes_on_working(invitation: Invitation) -> None:
    run(day(3))

    with time_machine.travel(day(3.1), tick=False):
        mail = Email.objects.latest("pk")
        assert mail.subject == "Reminder: Acme Cloud asks to link your cloud account"
        assert "2026-03-02" in mail.message
        assert visit(link_in(mail)).standing is Standing.OPEN
        assert visit(invitation.fresh_token).standing is Standing.OPEN


def test_sending_again_retires_the_reminders_links_too(invitation: Invitation, acme_manager: Persona) -> None:
    run(day(3))
    token = link_in(Email.objects.latest("pk"))

    with time_machine.travel(day(4), tick=False):
        services.resend(actor=acme_manager.actor, invitation_pk=invitation.pk)
        assert visit(token).standing is Standing.REPLACED
    assert [n for n in range(4, 20) if run(day(n))] == [7, 11, 18], "the days count from the new mail"


def test_who_answered_or_is_reading_is_left_alone(invitation: Invitation, acme_manager: Persona) -> None:
    with time_machine.travel(START, tick=False):
        declined = send(acme_manager, uid="6113766248601929", email="no@x.example")
    with time_machine.travel(day(2.9), tick=False):
        services.record_opened(actor=services.customer_actor(invitation), token=invitation.fresh_token)
        services.decline(
            actor=services.customer_actor(declined), token=declined.fresh_token, code=DeclineReason.TERMS, reason=""
        )

    assert run(day(3)) == 0
    assert run(day(4)) == 1, "opened a day ago and not answered"
    assert reminders() == ["kaito@customer.example"]


def test_reminders_keep_to_the_partners_limit_and_leave_room_for_people(acme_manager: Persona) -> None:
    actor = system_actor("import", partner=acme_manager.partner)
    with time_machine.travel(START, tick=False):
        for n in range(12):
            services.invite(
                actor=actor,
                uid=f"51137662486019{n:02}",
                email=f"c{n}@x.example",
                company="C",
                country="JP",
                quota=Decimal(1),
            )

    assert run(day(3)) == 8, "10 in 5 minutes, 2 of them for people"
    assert run(day(3)) == 0
    assert run(day(3) + timedelta(minutes=5)) == 4
    assert sorted(reminders()) == sorted(f"c{n}@x.example" for n in range(12))


def test_a_customer_gets_three_mails_a_day_at_most(acme_manager: Persona) -> None:
    actor = system_actor("import", partner=acme_manager.partner)
    with time_machine.travel(START, tick=False):
        for n in range(3):
            services.invite(
                actor=actor,
                uid=f"511376624860192{n}",
                email="same@x.example",
                company="C",
                country="JP",
                quota=Decimal(1),
            )
    with time_machine.travel(day(1.5), tick=False):
        services.invite(
            actor=actor, uid="5113766248601928", email="same@x.example", company="C", quota=Decimal(1), country="JP"
        )

    sent = [run(day(3) + timedelta(minutes=n)) for n in range(5)]

    assert sent == [1, 1, 1, 0, 0], "one of an address at a time, and three within a day"
    assert run(day(4.01)) == 0, "the fourth is due on its own day"
    assert run(day(4.5)) == 1


def test_staff_remind_by_hand_and_the_next_reminder_moves(invitation: Invitation, acme_manager: Persona) -> None:
    with time_machine.travel(day(2.8), tick=False):
        services.remind(actor=acme_manager.actor, invitation_pk=invitation.pk)

    assert run(day(3)) == 0, "reminded five hours ago"
    assert run(day(7)) == 1


def test_reminding_is_refused_when_it_is_not_the_customers_turn(
    invitation: Invitation, acme_manager: Persona, acme_readonly: Persona, outsider: Persona
) -> None:
    for persona, error in ((acme_readonly, Forbidden), (outsider, NotFound)):
        with pytest.raises(error):
            services.remind(actor=persona.actor, invitation_pk=invitation.pk)
    with time_machine.travel(day(16), tick=False), pytest.raises(NothingToResend):
        services.remind(actor=acme_manager.actor, invitation_pk=invitation.pk)
    with time_machine.travel(day(1.5), tick=False):
        for _ in range(3):
            services.remind(actor=acme_manager.actor, invitation_pk=invitation.pk)
        with pytest.raises(TooManyMails):
            services.remind(actor=acme_manager.actor, invitation_pk=invitation.pk)
    assert len(reminders()) == 3


def test_extending_gives_time_and_keeps_the_link(invitation: Invitation, acme_manager: Persona) -> None:
    with time_machine.travel(day(14.5), tick=False):
        services.extend(actor=acme_manager.actor, invitation_pk=invitation.pk, days=30)

        assert visit(invitation.fresh_token).standing is Standing.OPEN
    invitation.refresh_from_db()
    assert invitation.expires_at == day(44.5)
    assert invitation.next_reminder_at == day(43.5)
    assert AuditEntry.objects.filter(action=Action.LINK_EXTENDED, subject_pk=invitation.pk).exists()
    assert InvitationMail.objects.count() == 1


@pytest.mark.parametrize("days", [-1, 6, 7, 31, 10_000])
def test_only_more_time_within_30_days_can_be_given(invitation: Invitation, acme_manager: Persona, days: int) -> None:
    with time_machine.travel(day(0.1), tick=False), pytest.raises(Invalid):
        services.extend(actor=acme_manager.actor, invitation_pk=invitation.pk, days=days)

    invitation.refresh_from_db()
    assert invitation.expires_at == day(15)


def test_what_is_over_is_neither_extended_nor_handed_out(invitation: Invitation, acme_manager: Persona) -> None:
    with time_machine.travel(day(15), tick=False):
        with pytest.raises(NothingToResend):
            services.extend(actor=acme_manager.actor, invitation_pk=invitation.pk, days=30)
        with pytest.raises(NothingToResend):
            services.copy_link(actor=acme_manager.actor, invitation_pk=invitation.pk)


def test_a_handed_out_link_is_new_and_the_mailed_one_dies(
    invitation: Invitation, acme_manager: Persona, acme_readonly: Persona, outsider: Persona
) -> None:
    for persona, error in ((acme_readonly, Forbidden), (outsider, NotFound)):
        with pytest.raises(error):
            services.copy_link(actor=persona.actor, invitation_pk=invitation.pk)
    with time_machine.travel(day(1), tick=False):
        copied = services.copy_link(actor=acme_manager.actor, invitation_pk=invitation.pk)

        assert visit(copied.fresh_token).standing is Standing.OPEN
        assert visit(invitation.fresh_token).standing is Standing.REPLACED
    assert InvitationMail.objects.count() == 1
    assert AuditEntry.objects.filter(action=Action.LINK_COPIED, subject_pk=invitation.pk).exists()


def test_the_expired_are_not_reminded(invitation: Invitation) -> None:
    assert run(day(15)) == 0
    Invitation.objects.update(state=InvitationState.WITHDRAWN)
    assert run(day(14)) == 0
