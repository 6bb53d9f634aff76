"""The end of a relationship from both sides: who may ask, what is in the way, how it goes on and ends."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from linking import blockers
from linking.contacts import contact_actor
from linking.ending_state import ending_of
from linking.errors import CannotTerminate, NotUnlinking, NotYours
from linking.models import BatchRow, Grant, Invitation, LinkAttempt, LinkBatch, LinkCheck, Termination
from linking.models.batch import BatchKind
from linking.services import settling, terminating
from linking.states import CheckKind, Side, TerminationState
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.port import CloudUnavailable, NotOffered
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.adapter import SimulatedCloud
from partner_console.cloud.simulated.models import SimAccount
from partner_console.errors import Conflict, Forbidden, NotFound
from quota.models import CreditAccount
from quota.services import edit_quota, set_threshold
from quota.services.usage import apply_credit_figures
from tests.factories import make_account, make_member
from tests.linking.conftest import send
from tests.quota.support import set_payg
from uids.errors import NotLive, ReasonMissing
from uids.models import LinkedAccount
from uids.services import edit_account, set_control, set_labels, set_trustee
from uids.states import Control, PurchaseControl, Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.access.actor import Actor
    from tests.personas import Persona

WORKER = system_actor("test worker")
T = TerminationState
REASON = "We change suppliers."


@pytest.fixture
def account(acme_master: Persona) -> LinkedAccount:
    return make_account(acme_master.partner, quota=Decimal(100), email="it@kaito.example", is_enterprise=True)


@pytest.fixture
def customer(account: LinkedAccount) -> Actor:
    return contact_actor(account.email)


@pytest.fixture
def asked(acme_master: Persona, account: LinkedAccount) -> Termination:
    return terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason=REASON)


def relationship(account: LinkedAccount) -> str:
    return LinkedAccount.objects.values_list("relationship", flat=True).get(pk=account.pk)


def actions(account: LinkedAccount) -> list[str]:
    rows = AuditEntry.objects.filter(subject_type="uids.linkedaccount", subject_pk=account.pk).order_by("pk")
    return [action.removeprefix("uids.account.") for action in rows.values_list("action", flat=True)]


def mails_to(address: str) -> list[str]:
    return [mail.subject for mail in Email.objects.order_by("pk") if address in mail.to]


def settle(termination: Termination) -> Termination:
    """What the worker does with one message, and the outbox with the order it may leave."""
    settling.settle(actor=WORKER, termination_pk=termination.pk)
    cloud.send_due(uid=termination.account.uid)
    settling.settle(actor=WORKER, termination_pk=termination.pk)
    termination.refresh_from_db()
    return termination


def consume(account: LinkedAccount, amount: str) -> None:
    """Consumption the cloud reports, applied here."""
    simulated.report_usage(uid=account.uid, amount=Decimal(amount))
    apply_credit_figures(actor=WORKER, credit=SimulatedCloud().credit(uid=account.uid))


def test_asking_tells_the_customer_and_changes_the_status(asked: Termination, account: LinkedAccount) -> None:
    assert asked.answer_due_at - asked.asked_at == timedelta(days=10)
    assert relationship(account) == Relationship.TO_BE_CONFIRMED
    assert actions(account)[-1] == "termination_asked"
    mail = Email.objects.get(to=[account.email])
    assert "Acme Cloud asks to end the relationship" in mail.subject
    assert REASON in mail.message
    assert "/my/" in mail.message


def test_confirmed_and_settled_it_ends_at_the_cloud_too(
    asked: Termination, account: LinkedAccount, customer: Actor
) -> None:
    terminating.confirm(actor=customer, termination_pk=asked.pk)
    assert relationship(account) == Relationship.IN_PROCESS

    settle(asked)

    assert (asked.state, relationship(account)) == (T.TERMINATED, Relationship.TERMINATED)
    assert SimAccount.objects.get(uid=account.uid).partner_uid == ""
    assert asked.delete_due_at is not None
    assert asked.ended_at is not None
    assert asked.delete_due_at - asked.ended_at == timedelta(days=90)
    assert actions(account)[-3:] == ["termination_confirmed", "termination_settled", "terminated"]
    assert mails_to("it@kaito.example")[-1] == f"The relationship with Acme Cloud has ended (account {account.uid})"
    assert any("has ended" in subject for subject in mails_to("owner@acme.example"))


def test_an_agencys_customer_is_told_that_they_pay_as_before(agency_master: Persona) -> None:
    account = make_account(agency_master.partner, email="it@kaito.example")
    asked = terminating.ask(actor=agency_master.actor, account_pk=account.pk, reason=REASON)
    terminating.confirm(actor=contact_actor(account.email), termination_pk=asked.pk)

    settle(asked)

    mail = Email.objects.filter(to=[account.email]).order_by("-pk")[0]
    for text in (mail.message, mail.html_message):
        assert "you go on paying the cloud yourself" in text
        assert "Add a way to pay" not in text


def test_the_customer_asks_and_the_owner_answers(account: LinkedAccount, customer: Actor, acme_master: Persona) -> None:
    found = terminating.ask(actor=customer, account_pk=account.pk, reason=REASON)
    assert (found.side, mails_to("owner@acme.example")) == (
        Side.CUSTOMER,
        ["Kaito Trading asks to end the relationship"],
    )

    terminating.reject(actor=acme_master.actor, termination_pk=found.pk, reason="Your bill is open.")

    found.refresh_from_db()
    assert (found.state, relationship(account)) == (T.REJECTED, Relationship.NORMAL)
    mail = Email.objects.filter(to=[account.email]).latest("pk")
    assert "Your bill is open." in mail.message


def test_who_asked_may_take_it_back_and_may_not_answer(
    asked: Termination, account: LinkedAccount, customer: Actor, acme_master: Persona
) -> None:
    with pytest.raises(NotYours):
        terminating.confirm(actor=acme_master.actor, termination_pk=asked.pk)
    with pytest.raises(NotYours):
        terminating.withdraw(actor=customer, termination_pk=asked.pk)

    terminating.withdraw(actor=acme_master.actor, termination_pk=asked.pk)

    asked.refresh_from_db()
    assert (asked.state, relationship(account)) == (T.WITHDRAWN, Relationship.NORMAL)
    assert "took back the request" in mails_to(account.email)[-1]


@pytest.mark.parametrize("again", ["confirm", "reject", "withdraw"])
def test_what_was_answered_is_not_answered_again(
    asked: Termination, account: LinkedAccount, customer: Actor, acme_master: Persona, again: str
) -> None:
    terminating.confirm(actor=customer, termination_pk=asked.pk)
    before = (actions(account), Email.objects.count())
    actor = acme_master.actor if again == "withdraw" else customer
    more = {"reason": "x"} if again == "reject" else {}

    with pytest.raises(Conflict):
        getattr(terminating, again)(actor=actor, termination_pk=asked.pk, **more)

    assert (actions(account), Email.objects.count()) == before
    assert relationship(account) == Relationship.IN_PROCESS


def test_without_an_answer_it_goes_on_after_ten_days_once(asked: Termination, account: LinkedAccount) -> None:
    assert terminating.proceed_due(actor=WORKER) == 0

    with time_machine.travel(asked.answer_due_at + timedelta(seconds=1), tick=False):
        assert [terminating.proceed_due(actor=WORKER) for _twice in range(2)] == [1, 0]

    assert relationship(account) == Relationship.IN_PROCESS
    assert actions(account).count("termination_proceeded") == 1
    assert any("is being ended" in subject for subject in mails_to(account.email))


def test_who_has_not_answered_is_reminded_once_three_days_before(asked: Termination, account: LinkedAccount) -> None:
    assert terminating.remind_due(actor=WORKER) == 0

    with time_machine.travel(asked.answer_due_at - timedelta(days=2), tick=False):
        assert [terminating.remind_due(actor=WORKER) for _twice in range(2)] == [1, 0]

    assert mails_to(account.email)[-1].startswith("Reminder:")


def test_everything_in_the_way_is_named_at_once(account: LinkedAccount, acme_master: Persona) -> None:
    sub = make_account(acme_master.partner, trustee=account)
    consume(account, "137.20")
    set_payg(acme_master.actor, account.pk, "frozen", reason="Late")
    before = (actions(account), Termination.objects.count(), Email.objects.count())

    with pytest.raises(CannotTerminate) as refused:
        terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason=REASON)

    assert [one.code for one in refused.value.blockers] == ["in_arrears", "frozen", "holds_sub_accounts"]
    text = str(refused.value)
    assert "37.20 USD are missing" in text
    assert sub.uid in text
    assert "Unfreeze it." in text
    assert (actions(account), Termination.objects.count(), Email.objects.count()) == before
    assert relationship(account) == Relationship.NORMAL


def test_a_sub_account_has_to_leave_its_master_first(account: LinkedAccount, acme_master: Persona) -> None:
    sub = make_account(acme_master.partner, trustee=account)

    with pytest.raises(CannotTerminate) as refused:
        terminating.ask(actor=acme_master.actor, account_pk=sub.pk, reason=REASON)

    assert [one.code for one in refused.value.blockers] == ["held_by_master"]


def test_three_requests_of_a_side_within_ninety_days(
    account: LinkedAccount, acme_master: Persona, customer: Actor
) -> None:
    for _number in range(3):
        found = terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason=REASON)
        terminating.withdraw(actor=acme_master.actor, termination_pk=found.pk)

    with pytest.raises(CannotTerminate) as refused:
        terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason=REASON)
    assert [one.code for one in refused.value.blockers] == ["too_many_requests"]

    # The other side has three of its own; and ours come back with time.
    theirs = terminating.ask(actor=customer, account_pk=account.pk, reason=REASON)
    terminating.withdraw(actor=customer, termination_pk=theirs.pk)
    with time_machine.travel(timezone.now() + timedelta(days=91), tick=False):
        assert terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason=REASON).state == T.TO_BE_CONFIRMED


def test_it_waits_until_everything_is_settled(
    asked: Termination, account: LinkedAccount, customer: Actor, acme_master: Persona
) -> None:
    terminating.confirm(actor=customer, termination_pk=asked.pk)
    simulated.report_usage(uid=account.uid, amount=Decimal("120.5"))

    settle(asked)

    assert (asked.state, asked.unlink) == (T.IN_PROCESS, None)
    left = blockers.to_settle(LinkedAccount.objects.select_related("partner", "trustee").get(pk=account.pk))
    assert [one.code for one in left] == ["in_arrears", "undeducted"]
    assert SimAccount.objects.get(uid=account.uid).partner_uid == acme_master.partner.master_uid

    simulated.settle(uid=account.uid)
    credit = CreditAccount.objects.get(pk=account.pk)
    edit_quota(
        actor=acme_master.actor, account_pk=account.pk, version=credit.version, amount=Decimal(121), reason="Paid"
    )
    cloud.send_due(uid=account.uid)
    settle(asked)

    assert asked.state == T.TERMINATED


def test_an_order_without_an_answer_holds_it_up(
    asked: Termination, account: LinkedAccount, customer: Actor, acme_master: Persona
) -> None:
    terminating.confirm(actor=customer, termination_pk=asked.pk)
    set_threshold(actor=acme_master.actor, account_pk=account.pk, version=1, percent=30, reason="x")

    settling.settle(actor=WORKER, termination_pk=asked.pk)

    asked.refresh_from_db()
    assert asked.unlink is None
    cloud.send_due(uid=account.uid)
    assert settle(asked).state == T.TERMINATED


def test_nothing_is_decided_while_the_cloud_does_not_answer(
    asked: Termination, customer: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_self: object, *, uid: str) -> None:
        raise CloudUnavailable(uid)

    terminating.confirm(actor=customer, termination_pk=asked.pk)
    monkeypatch.setattr(SimulatedCloud, "credit", away)

    settling.settle(actor=WORKER, termination_pk=asked.pk)

    asked.refresh_from_db()
    assert (asked.unlink, asked.checked_at is not None) == (None, True)
    assert settling.due_terminations(actor=WORKER) == []
    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        assert settling.due_terminations(actor=WORKER) == [asked.pk]


def test_a_cloud_that_cannot_unlink_leaves_it_to_people_who_record_it(
    asked: Termination,
    account: LinkedAccount,
    customer: Actor,
    acme_master: Persona,
    monkeypatch: pytest.MonkeyPatch,
    as_: Callable[[Persona], Client],
) -> None:
    def not_offered(_self: object, *, uid: str, partner_uid: str) -> None:
        raise NotOffered(uid, partner_uid)

    monkeypatch.setattr(SimulatedCloud, "unlink", not_offered)
    terminating.confirm(actor=customer, termination_pk=asked.pk)
    assert settle(asked).state == T.IN_PROCESS
    client = as_(acme_master)
    page = client.get(reverse("linking:termination", args=[account.uid])).content.decode()
    assert "This cloud has no unlinking through its API." in page
    assert "Record that it is unlinked" in page

    url = reverse("linking:termination_by_hand", args=[account.uid, asked.pk])
    assert client.post(url, {"note": "  "}).status_code == 422
    assert client.post(url, {"note": "Ticket 4711, Mei, in ACPN"}).status_code == 303

    asked.refresh_from_db()
    assert (asked.state, relationship(account)) == (T.TERMINATED, Relationship.TERMINATED)
    assert asked.unlink_id is not None
    order = CloudCommand.objects.get(pk=asked.unlink_id)
    assert (order.state, order.vendor_code, order.vendor_message) == (
        CommandState.CONFIRMED,
        "by_hand",
        "Ticket 4711, Mei, in ACPN",
    )
    assert AuditEntry.objects.filter(action="cloud.command.done_by_hand", note__contains="4711").count() == 1
    with pytest.raises(NotUnlinking):
        settling.record_unlinked(actor=acme_master.actor, termination_pk=asked.pk, note="again")


def test_nothing_is_recorded_by_hand_before_the_cloud_was_asked(
    asked: Termination, customer: Actor, acme_master: Persona
) -> None:
    with pytest.raises(NotUnlinking):
        settling.record_unlinked(actor=acme_master.actor, termination_pk=asked.pk, note="done")
    terminating.confirm(actor=customer, termination_pk=asked.pk)
    with pytest.raises(NotUnlinking):
        settling.record_unlinked(actor=acme_master.actor, termination_pk=asked.pk, note="done")


def test_redelivered_messages_end_it_once(asked: Termination, account: LinkedAccount, customer: Actor) -> None:
    terminating.confirm(actor=customer, termination_pk=asked.pk)

    for _time in range(3):
        settle(asked)

    assert asked.state == T.TERMINATED
    assert CloudCommand.objects.filter(uid=account.uid, operation=Operation.UNLINK).count() == 1
    assert actions(account).count("terminated") == 1
    assert sum("has ended" in subject for subject in mails_to(account.email)) == 1


def test_a_message_about_nothing_is_left_alone(asked: Termination) -> None:
    settling.settle(actor=WORKER, termination_pk=-1)
    settling.settle(actor=WORKER, termination_pk=asked.pk)

    asked.refresh_from_db()
    assert asked.state == T.TO_BE_CONFIRMED


def test_the_end_takes_permissions_checks_and_waiting_orders_with_it(
    asked: Termination, account: LinkedAccount, customer: Actor, acme_master: Persona
) -> None:
    Grant.objects.create(account=account, scopes=["view_bills"])
    LinkCheck.objects.create(account=account, kind=CheckKind.LISTED, next_at=timezone.now())
    refused = CloudCommand.objects.create(
        partner=acme_master.partner, uid=account.uid, operation=Operation.FREEZE, topic="payg", asked_by="x",
        state=CommandState.REFUSED, finished_at=timezone.now(),
    )  # fmt: skip
    terminating.confirm(actor=customer, termination_pk=asked.pk)

    settle(asked)

    assert not Grant.objects.filter(account=account, ended_at__isnull=True).exists()
    assert not LinkCheck.objects.filter(account=account, next_at__isnull=False).exists()
    with pytest.raises(Conflict):
        cloud.retry(actor=acme_master.actor, command_pk=refused.pk)


def end(account: LinkedAccount) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)


CHANGES: dict[str, Callable[[Actor, LinkedAccount], Any]] = {
    "edit": lambda actor, row: edit_account(
        actor=actor, account_pk=row.pk, version=row.version, nickname="x", business_manager="", remarks=""
    ),
    "labels": lambda actor, row: set_labels(actor=actor, account_pk=row.pk, label_pks=[]),
    "freeze": lambda actor, row: set_control(
        actor=actor, account_pk=row.pk, what=Control.PAYG_FREEZE, value="frozen", reason="x"
    ),
    "unfreeze": lambda actor, row: set_payg(actor, row.pk, "normal"),
    "purchase": lambda actor, row: set_control(
        actor=actor, account_pk=row.pk, what=Control.PURCHASE_CONTROL, value=PurchaseControl.BAN, reason="x"
    ),
    "trustee": lambda actor, row: set_trustee(actor=actor, account_pk=row.pk, trustee_pk=row.pk, reason="x"),
    "quota": lambda actor, row: edit_quota(
        actor=actor, account_pk=row.pk, version=1, amount=Decimal(5), reason="x", accept_arrears=True
    ),
    "threshold": lambda actor, row: set_threshold(actor=actor, account_pk=row.pk, version=1, percent=5, reason="x"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_ended_account_no_longer_changes(account: LinkedAccount, acme_master: Persona, change: str) -> None:
    end(account)
    before = (AuditEntry.objects.count(), CloudCommand.objects.count())

    with pytest.raises(NotLive) as refused:
        CHANGES[change](acme_master.actor, account)

    assert "is Terminated: its record is kept and can no longer be changed." in str(refused.value)
    assert (AuditEntry.objects.count(), CloudCommand.objects.count()) == before


def test_consumption_reported_late_does_not_reach_an_ended_account(account: LinkedAccount) -> None:
    simulated.report_usage(uid=account.uid, amount=Decimal(5))
    reading = SimulatedCloud().credit(uid=account.uid)
    end(account)

    assert apply_credit_figures(actor=WORKER, credit=reading) is None
    assert CreditAccount.objects.get(pk=account.pk).undeducted == 0


def test_ninety_days_later_the_contact_is_forgotten_and_the_record_stays(
    asked: Termination, account: LinkedAccount, customer: Actor
) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(mobile="+81 3", login_name="kaito")
    terminating.confirm(actor=customer, termination_pk=asked.pk)
    settle(asked)
    assert settling.delete_due(actor=WORKER) == 0

    with time_machine.travel(timezone.now() + timedelta(days=91), tick=False):
        assert [settling.delete_due(actor=WORKER) for _twice in range(2)] == [1, 0]

    account.refresh_from_db()
    assert (account.relationship, account.email, account.mobile, account.login_name) == (
        Relationship.DELETED, "", "", "",
    )  # fmt: skip
    assert account.nickname == "Kaito Trading"
    assert CreditAccount.objects.filter(pk=account.pk).exists()
    with pytest.raises(NotFound):
        terminating.ask(actor=customer, account_pk=account.pk, reason=REASON)


def test_no_copy_of_the_contact_is_left(account: LinkedAccount, acme_manager: Persona) -> None:
    invitation = send(acme_manager, uid="6113766248601929", email="copied@x.example", company="Copied")
    Invitation.objects.filter(pk=invitation.pk).update(account=account)
    LinkAttempt.objects.create(invitation=invitation, round=1, asked={"email": "copied@x.example", "quota": "1500"})
    batch = LinkBatch.objects.create(partner=account.partner, kind=BatchKind.INVITE, title="customers.csv")
    BatchRow.objects.create(batch=batch, number=1, email="copied@x.example", cells=["copied@x.example"])
    BatchRow.objects.update(invitation=invitation)
    LinkedAccount.objects.filter(pk=account.pk).update(is_enterprise=False, relationship=Relationship.TERMINATED)
    Termination.objects.create(
        account=account, side=Side.PARTNER, reason=REASON, state=T.TERMINATED, answer_due_at=timezone.now(),
        delete_due_at=timezone.now(),
    )  # fmt: skip

    settling.delete_due(actor=WORKER)

    row, attempt = BatchRow.objects.get(), LinkAttempt.objects.get(invitation=invitation)
    assert (row.email, row.company, row.cells) == ("", account.uid, [])
    assert attempt.asked == {"email": "", "company": account.uid, "quota": "1500"}


def test_a_private_persons_name_is_forgotten_too(account: LinkedAccount, acme_master: Persona) -> None:
    LinkedAccount.objects.filter(pk=account.pk).update(is_enterprise=False, relationship=Relationship.TERMINATED)
    Termination.objects.create(
        account=account, side=Side.PARTNER, reason=REASON, state=T.TERMINATED, answer_due_at=timezone.now(),
        delete_due_at=timezone.now(),
    )  # fmt: skip

    settling.delete_due(actor=WORKER)

    account.refresh_from_db()
    assert (account.nickname, account.relationship) == ("", Relationship.DELETED)


def test_only_owners_may(account: LinkedAccount, acme_manager: Persona, acme_finance: Persona) -> None:
    for persona in (acme_manager, acme_finance):
        with pytest.raises(Forbidden):
            terminating.ask(actor=persona.actor, account_pk=account.pk, reason=REASON)
    assert relationship(account) == Relationship.NORMAL


def test_nobody_reaches_anothers_account(asked: Termination, account: LinkedAccount, outsider: Persona) -> None:
    stranger = contact_actor("somebody@else.example")
    for actor in (outsider.actor, stranger):
        with pytest.raises(NotFound):
            terminating.ask(actor=actor, account_pk=account.pk, reason=REASON)
        with pytest.raises(NotFound):
            terminating.reject(actor=actor, termination_pk=asked.pk, reason=REASON)
    with pytest.raises(NotFound):
        settling.record_unlinked(actor=outsider.actor, termination_pk=asked.pk, note="x")
    asked.refresh_from_db()
    assert asked.state == T.TO_BE_CONFIRMED


def test_a_reason_is_asked_for(account: LinkedAccount, acme_master: Persona) -> None:
    with pytest.raises(ReasonMissing):
        terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason=" \n")


def test_an_agency_ends_it_without_a_word_about_money(agency_master: Persona, as_: Callable[[Persona], Client]) -> None:
    account = make_account(agency_master.partner, email="it@kaito.example")
    customer = contact_actor(account.email)
    client = as_(agency_master)
    url = reverse("linking:termination", args=[account.uid])
    assert client.post(reverse("linking:termination_ask", args=[account.uid]), {"reason": REASON}).status_code == 303
    found = Termination.objects.get()
    terminating.confirm(actor=customer, termination_pk=found.pk)
    page = client.get(url).content.decode()

    settle(found)

    assert found.state == T.TERMINATED
    for word in ("Quota", "PAYG", "undeducted", "Orders to the cloud"):
        assert word not in page.partition('id="main"')[2]


def test_the_owners_page_names_what_is_in_the_way_and_offers_no_button(
    account: LinkedAccount, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    consume(account, "137.20")

    page = as_(acme_master).get(reverse("linking:termination", args=[account.uid])).content.decode()
    refused = as_(acme_master).get(reverse("linking:termination_ask", args=[account.uid]))

    assert "Available Quota is below 0: 37.20 USD are missing." in page
    assert reverse("quota:account_quota", args=[account.uid]) in page
    assert reverse("linking:termination_ask", args=[account.uid]) not in page
    assert refused.status_code == 409


def test_a_manager_reads_why_only_owners_may(
    account: LinkedAccount, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    page = as_(acme_manager).get(reverse("linking:termination", args=[account.uid])).content.decode()

    assert "Your role, Business manager, does not include: End the relationship with a customer." in page


def test_the_page_walks_from_asking_to_the_end(
    account: LinkedAccount, acme_master: Persona, customer: Actor, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_master)
    url = reverse("linking:termination", args=[account.uid])
    ask_url = reverse("linking:termination_ask", args=[account.uid])
    assert "Ask to end it" in client.get(url).content.decode()
    assert "Without an answer the relationship ends all the same." in client.get(ask_url).content.decode()

    assert client.post(ask_url, {"reason": REASON}).status_code == 303

    found = Termination.objects.get()
    page = client.get(url).content.decode()
    assert "You asked; Kaito Trading answers until" in page
    assert "Take it back" in page
    terminating.confirm(actor=customer, termination_pk=found.pk)
    assert "Look again now" in client.get(url).content.decode()
    settle(found)
    page = client.get(url).content.decode()
    assert "It has ended." in page
    assert "Contact data is deleted" in page


def test_the_customers_words_tell_nothing_that_is_the_partners(
    account: LinkedAccount, customer: Actor, acme_master: Persona
) -> None:
    consume(account, "137.20")
    set_payg(acme_master.actor, account.pk, "frozen", reason="Late")
    account = LinkedAccount.objects.select_related("partner", "trustee").get(pk=account.pk)

    found = ending_of(customer, account)

    assert [one.url for one in found.blockers] == ["", ""]
    assert found.blockers[0].reason == "37.20 USD more was used than Acme Cloud granted."
    assert found.blockers[1].clears == "Ask Acme Cloud to unfreeze it."


def test_an_account_without_an_address_is_said_so(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    account = make_account(acme_master.partner, quota=Decimal(1))

    terminating.ask(actor=acme_master.actor, account_pk=account.pk, reason=REASON)

    page = as_(acme_master).get(reverse("linking:termination", args=[account.uid])).content.decode()
    assert "There is no e-mail address on record" in page
    assert not Email.objects.exists()


def test_every_owner_is_told(account: LinkedAccount, acme_master: Persona, customer: Actor) -> None:
    make_member(acme_master.partner, email="second@acme.example")

    terminating.ask(actor=customer, account_pk=account.pk, reason=REASON)

    assert sorted(Email.objects.get().to) == ["owner@acme.example", "second@acme.example"]


@pytest.mark.parametrize("before", [Relationship.TO_BE_CONFIRMED, Relationship.IN_PROCESS])
@pytest.mark.parametrize(("answer", "after"), [("yes", Relationship.TERMINATED), ("no", Relationship.NORMAL)])
def test_an_end_in_the_clouds_own_console_is_recorded(
    acme_master: Persona, as_: Callable[[Persona], Client], before: str, answer: str, after: str
) -> None:
    """Imported accounts may be ending without anybody having asked here."""
    account = make_account(acme_master.partner, relationship=before, email="it@kaito.example")
    client = as_(acme_master)
    page = client.get(reverse("linking:termination", args=[account.uid])).content.decode()
    assert "It is ending in the cloud&#x27;s own console" in page
    url = reverse("linking:termination_outcome", args=[account.uid])
    assert client.post(url, {"note": "Gone since Monday"}).status_code == 422

    assert client.post(url, {"has_ended": answer, "note": "Gone since Monday"}).status_code == 303

    assert relationship(account) == after
    assert client.get(url).status_code == 409
    if after == Relationship.TERMINATED:
        assert Termination.objects.get().delete_due_at is not None
