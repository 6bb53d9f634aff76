"""Deciding: a second person, never the first; what a blind entry shows; and alone, where there is nobody else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from post_office.models import Email

from partner_console.access.actor import actor_for_membership, system_actor
from partner_console.access.models import Membership
from partner_console.access.policy import Role
from partner_console.approvals import selectors, services
from partner_console.approvals.errors import EntryDiffers, FirstPerson, NoTriesLeft, NotWaiting, SomebodyElseCan
from partner_console.approvals.models import Approval
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Conflict, Forbidden, Invalid, NotFound
from tests.approvals.conftest import ANSWER, Deeds, ask
from tests.factories import make_account, make_member, make_partner
from tests.personas import Persona, persona_of

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


def decide(actor: Actor, approval: Approval, *, approve: bool = True, **fields: Any) -> Approval:
    return services.decide(actor=actor, approval_pk=approval.pk, approve=approve, **fields)


def trail() -> list[str]:
    rows = AuditEntry.objects.filter(action__startswith="approvals.").order_by("pk")
    return [row.action.removeprefix("approvals.approval.") for row in rows]


def mails(template: str) -> list[str]:
    rows = Email.objects.order_by("pk")
    return sorted(row.to[0] for row in rows if row.headers["X-Console-Mail"] == template)


def ensure_untouched(approval: Approval, deeds: Deeds) -> None:
    approval.refresh_from_db()
    assert approval.state == "waiting"
    assert approval.decided_by is None
    assert deeds.done == []
    assert trail() == ["asked"]
    assert mails("approval_ended") == []


def test_asking_tells_everybody_who_may_decide_but_the_asker(
    deeds: Deeds, acme_master: Persona, acme_manager: Persona, acme_finance: Persona, acme_readonly: Persona,
    outsider: Persona,
) -> None:  # fmt: skip
    make_member(acme_master.partner, Role.MANAGER, email="gone@acme.example", is_active=False)

    approval = ask(acme_manager)

    assert mails("approval_asked") == ["finance@acme.example", "owner@acme.example"]
    assert trail() == ["asked"]
    assert (approval.state, approval.asked_by, approval.involved) == (
        "waiting", acme_manager.user, [acme_manager.actor.user_pk],
    )  # fmt: skip
    assert selectors.count_waiting_for(acme_master.actor) == 1
    assert selectors.count_waiting_for(acme_manager.actor) == 0
    assert selectors.count_waiting_for(acme_readonly.actor) == 0
    assert selectors.count_waiting_for(outsider.actor) == 0


def test_a_file_of_requests_is_one_mail(deeds: Deeds, acme_master: Persona, acme_manager: Persona) -> None:
    first = ask(acme_manager)
    ask(acme_manager)
    assert mails("approval_asked") == ["owner@acme.example"]
    ask(acme_master)
    assert mails("approval_asked") == ["manager@acme.example", "owner@acme.example"]

    Approval.objects.update(asked_at=timezone.now() - timedelta(minutes=11))
    ask(acme_manager)
    assert mails("approval_asked").count("owner@acme.example") == 2
    decide(acme_master.actor, first)


def test_a_mail_speaks_its_reader_s_language(deeds: Deeds, acme_master: Persona, acme_manager: Persona) -> None:
    assert acme_master.user
    acme_master.user.language = "ja"
    acme_master.user.save()
    ask(acme_manager, reason="五月の契約 <b>", blind_answer=ANSWER)
    mail = Email.objects.get(to=["owner@acme.example"])
    assert "五月の契約 <b>" in mail.message
    assert "<b>" not in mail.html_message.split("五月の契約")[1][:4]
    assert ANSWER not in mail.message + mail.html_message + mail.subject
    assert "UTC+8" in mail.message


def test_asking_twice_is_refused_and_after_the_end_it_is_not(
    deeds: Deeds, acme_master: Persona, acme_manager: Persona
) -> None:
    account = make_account(acme_master.partner)
    first = ask(acme_manager, subject=account)
    with pytest.raises(Conflict) as error:
        ask(acme_manager, subject=account)
    assert error.value.code == "already_asked"
    assert Approval.objects.count() == 1
    decide(acme_master.actor, first, approve=False, note="No.")
    ask(acme_manager, subject=account)


def test_an_action_nobody_checks_is_not_asked_for(deeds: Deeds, acme_manager: Persona) -> None:
    with pytest.raises(NotFound):
        ask(acme_manager, action=Action.LABEL_CREATED)
    assert not Approval.objects.exists()


def test_a_second_person_approves_and_it_happens(deeds: Deeds, acme_manager: Persona, acme_finance: Persona) -> None:
    approval = ask(acme_manager)

    decide(acme_finance.actor, approval, note="Checked with the contract")

    approval.refresh_from_db()
    assert (approval.state, approval.decided_by) == ("approved", acme_finance.user)
    assert deeds.done == [("executed", approval.pk)]
    assert trail() == ["asked", "approved"]
    assert mails("approval_ended") == ["manager@acme.example"]


def test_a_second_person_rejects_saying_why(deeds: Deeds, acme_manager: Persona, acme_finance: Persona) -> None:
    approval = ask(acme_manager)
    with pytest.raises(Invalid) as error:
        decide(acme_finance.actor, approval, approve=False, note="  ")
    assert error.value.field == "note"
    ensure_untouched(approval, deeds)

    decide(acme_finance.actor, approval, approve=False, note="Another customer")

    approval.refresh_from_db()
    assert (approval.state, approval.note) == ("rejected", "Another customer")
    assert deeds.done == [("refused rejected", approval.pk)]
    mail = Email.objects.get(to=["manager@acme.example"])
    assert "Another customer" in mail.message


def test_deciding_twice_changes_nothing(deeds: Deeds, acme_manager: Persona, acme_finance: Persona) -> None:
    approval = ask(acme_manager)
    decide(acme_finance.actor, approval)
    for approve in (True, False):
        with pytest.raises(NotWaiting) as error:
            decide(acme_finance.actor, approval, approve=approve, note="again")
        assert "finance@acme.example" in str(error.value)
    assert deeds.done == [("executed", approval.pk)]
    assert trail() == ["asked", "approved"]


# --- never the same person ---------------------------------------------------------------------------------------


def test_the_first_person_never_decides(deeds: Deeds, acme_master: Persona, acme_manager: Persona) -> None:
    approval = ask(acme_master)
    for approve in (True, False):
        with pytest.raises(FirstPerson):
            decide(acme_master.actor, approval, approve=approve, note="mine")
    ensure_untouched(approval, deeds)


def test_nor_from_another_partner_they_belong_to(deeds: Deeds, acme_master: Persona, acme_manager: Persona) -> None:
    """The same login in another partner, even as its owner, sees nothing here."""
    approval = ask(acme_master)
    assert acme_master.user
    elsewhere = Membership.objects.create(partner=make_partner("other"), user=acme_master.user, role=Role.OWNER)
    with pytest.raises(NotFound):
        decide(actor_for_membership(elsewhere), approval)
    ensure_untouched(approval, deeds)


def test_nor_under_another_login_of_the_same_ram_account(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona
) -> None:
    twin = persona_of("twin", make_member(acme_manager.partner, Role.OWNER, email="twin@acme.example", ram_uid="2099"))
    approval = ask(acme_manager)  # its RAM account is 2099, too
    with pytest.raises(FirstPerson) as error:
        decide(twin.actor, approval)
    assert "RAM account" in str(error.value)
    assert "twin@acme.example" not in mails("approval_asked")
    ensure_untouched(approval, deeds)


def test_nor_whoever_prepared_it(deeds: Deeds, acme_manager: Persona, acme_finance: Persona) -> None:
    assert acme_finance.actor.user_pk
    approval = ask(acme_manager, involved=[acme_finance.actor.user_pk])
    with pytest.raises(FirstPerson):
        decide(acme_finance.actor, approval)
    assert "finance@acme.example" not in mails("approval_asked")
    ensure_untouched(approval, deeds)


def test_nor_a_program(deeds: Deeds, acme_manager: Persona) -> None:
    approval = ask(acme_manager)
    for actor in (system_actor("robot", partner=acme_manager.partner), system_actor("robot")):
        with pytest.raises(Forbidden):
            decide(actor, approval)
        with pytest.raises(Forbidden):
            services.break_glass(actor=actor, approval_pk=approval.pk, reason="Because")
    ensure_untouched(approval, deeds)


@pytest.mark.parametrize("who", ["acme_readonly", "operator"])
def test_nor_who_may_only_look(deeds: Deeds, acme_manager: Persona, who: str, request: pytest.FixtureRequest) -> None:
    approval = ask(acme_manager)
    actor = request.getfixturevalue(who).actor
    with pytest.raises(Forbidden):
        decide(actor, approval)
    with pytest.raises(Forbidden):
        services.withdraw(actor=actor, approval_pk=approval.pk)
    ensure_untouched(approval, deeds)


def test_nor_somebody_else_s_partner(
    deeds: Deeds, acme_manager: Persona, outsider: Persona, agency_master: Persona
) -> None:
    approval = ask(acme_manager)
    for actor in (outsider.actor, agency_master.actor):
        with pytest.raises(NotFound):
            decide(actor, approval)
        with pytest.raises(NotFound):
            services.withdraw(actor=actor, approval_pk=approval.pk)
        with pytest.raises(NotFound):
            services.break_glass(actor=actor, approval_pk=approval.pk, reason="Mine")
    ensure_untouched(approval, deeds)


def test_the_database_itself_refuses_the_first_person(deeds: Deeds, acme_manager: Persona) -> None:
    approval = ask(acme_manager)
    done = {"state": "approved", "decided_by": acme_manager.user, "decided_at": timezone.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(**done)
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(state="approved")
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.filter(pk=approval.pk).update(**done, is_break_glass=True)
    Approval.objects.filter(pk=approval.pk).update(**done, is_break_glass=True, note="The only one here")


def test_what_a_program_asks_any_person_who_may_decides(deeds: Deeds, acme_manager: Persona) -> None:
    with transaction.atomic():
        approval = services.ask(
            actor=system_actor("import", partner=acme_manager.partner),
            action=Action.QUOTA_ADJUSTED,
            subject=make_account(acme_manager.partner),
            subject_label="Acorn",
            payload={},
        )
    assert (approval.asked_by, approval.asked_label, approval.involved) == (None, "import", [])
    decide(acme_manager.actor, approval)
    assert deeds.done == [("executed", approval.pk)]
    assert mails("approval_ended") == []


# --- the blind entry ---------------------------------------------------------------------------------------------


def test_the_right_entry_approves(deeds: Deeds, acme_manager: Persona, acme_finance: Persona) -> None:
    approval = ask(acme_manager, blind_answer=ANSWER)
    with pytest.raises(Invalid) as error:
        decide(acme_finance.actor, approval)
    assert error.value.code == "entry_missing"
    decide(acme_finance.actor, approval, typed="1792 1557 1732 8010")
    assert deeds.done == [("executed", approval.pk)]


def test_a_wrong_entry_shows_where_and_is_counted(deeds: Deeds, acme_manager: Persona, acme_finance: Persona) -> None:
    approval = ask(acme_manager, blind_answer=ANSWER)
    wrong = f"{ANSWER[:-1]}7"
    with pytest.raises(EntryDiffers) as error:
        decide(acme_finance.actor, approval, typed=wrong)

    data = error.value.data
    assert [at for at, mark in enumerate(data["marks"]) if mark.is_wrong] == [15]
    assert data["left"] == 2
    assert ANSWER not in str(data) + str(error.value)
    approval.refresh_from_db()
    assert approval.state == "waiting"
    assert trail() == ["asked", "entry_differed"]
    assert deeds.done == []


def test_nobody_learns_the_answer_by_trying(
    deeds: Deeds, acme_master: Persona, acme_manager: Persona, acme_finance: Persona
) -> None:
    """Ten uniform guesses would tell every digit by its marks: after three a person may only reject."""
    approval = ask(acme_manager, blind_answer=ANSWER)
    for digit in "012":
        with pytest.raises(EntryDiffers):
            decide(acme_finance.actor, approval, typed=digit * 16)
    with pytest.raises(NoTriesLeft):
        decide(acme_finance.actor, approval, typed=ANSWER)
    assert deeds.done == []
    decide(acme_master.actor, approval, typed=ANSWER)
    assert deeds.done == [("executed", approval.pk)]


def test_rejecting_needs_no_entry(deeds: Deeds, acme_manager: Persona, acme_finance: Persona) -> None:
    approval = ask(acme_manager, blind_answer=ANSWER)
    decide(acme_finance.actor, approval, approve=False, note="I have no papers of them")
    assert deeds.done == [("refused rejected", approval.pk)]


def test_what_the_executor_refuses_leaves_the_request_waiting(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona
) -> None:
    approval = ask(acme_manager)
    deeds.moved_on = True
    with pytest.raises(Conflict) as error:
        decide(acme_finance.actor, approval)
    assert error.value.code == "moved_on"
    ensure_untouched(approval, deeds)


# --- alone -------------------------------------------------------------------------------------------------------


def alone(actor: Actor, approval: Approval, **fields: Any) -> Approval:
    return services.break_glass(actor=actor, approval_pk=approval.pk, **{"reason": "Nobody else works here", **fields})


def test_the_only_person_may_decide_alone_and_the_owners_are_told(deeds: Deeds, acme_master: Persona) -> None:
    make_member(acme_master.partner, Role.VIEWER)
    approval = ask(acme_master, blind_answer=ANSWER)
    assert mails("approval_asked") == []
    with pytest.raises(Invalid):
        alone(acme_master.actor, approval, reason=" ", typed=ANSWER)
    with pytest.raises(EntryDiffers):
        alone(acme_master.actor, approval, typed="1")

    alone(acme_master.actor, approval, typed=ANSWER)

    approval.refresh_from_db()
    assert (approval.state, approval.is_break_glass, approval.note) == ("approved", True, "Nobody else works here")
    assert deeds.done == [("executed", approval.pk)]
    assert trail() == ["asked", "entry_differed", "decided_alone"]
    assert mails("approval_alone") == ["owner@acme.example"]
    assert mails("approval_ended") == []


def test_nobody_decides_alone_while_somebody_else_may(
    deeds: Deeds, acme_master: Persona, acme_manager: Persona
) -> None:
    approval = ask(acme_master)
    for actor in (acme_master.actor, acme_manager.actor):
        with pytest.raises(SomebodyElseCan):
            alone(actor, approval)
    ensure_untouched(approval, deeds)
    assert acme_manager.membership
    acme_manager.membership.is_active = False
    acme_manager.membership.save()
    alone(acme_master.actor, approval)
    assert deeds.done == [("executed", approval.pk)]
