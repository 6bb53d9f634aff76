"""The wrong account was linked: hold, undo while nothing was used, and the package for whoever helps."""

from __future__ import annotations

import io
import json
import zipfile
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from post_office.models import Email

from linking import tasks
from linking.errors import CannotUndo, CloudAway, NotUnlinking
from linking.models import Invitation, Termination
from linking.services import settling, wrong_link
from linking.services.support_package import make_support_package
from linking.states import TerminationState
from partner_console.access.actor import system_actor
from partner_console.approvals.models import Approval, ApprovalRule
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud import services as cloud
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.port import CloudUnavailable, NotOffered
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.adapter import SimulatedCloud
from partner_console.cloud.simulated.models import SimAccount
from partner_console.errors import Conflict, Forbidden, NotFound
from quota.services.usage import apply_credit_figures
from tests.factories import make_account
from uids.errors import NotLive, SameControl
from uids.models import ControlChange, LinkedAccount
from uids.services import set_control
from uids.states import Control, PurchaseControl, Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

WORKER = system_actor("test worker")
REASON = "132 for 123"


@pytest.fixture
def linked(approved: Invitation) -> LinkedAccount:
    """Linked by invitation, at the cloud too."""
    tasks.push_link(approved.pk)
    approved.refresh_from_db()
    assert approved.account is not None
    cloud.send_due(uid=approved.uid)
    account: LinkedAccount = LinkedAccount.objects.select_related("partner").get(pk=approved.account_id)
    return account


def settle(termination: Termination) -> Termination:
    cloud.send_due(uid=termination.account.uid)
    settling.settle(actor=WORKER, termination_pk=termination.pk)
    termination.refresh_from_db()
    return termination


def refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_offered(_self: object, *, uid: str, partner_uid: str) -> None:
        raise NotOffered(uid, partner_uid)

    monkeypatch.setattr(SimulatedCloud, "unlink", not_offered)


def test_a_hold_forbids_orders_here_and_at_the_cloud(linked: LinkedAccount, acme_manager: Persona) -> None:
    sub = make_account(acme_manager.partner, trustee=linked)

    wrong_link.hold(actor=acme_manager.actor, account_pk=linked.pk, reason=REASON)

    cloud.send_due(uid=linked.uid)
    assert SimAccount.objects.get(uid=linked.uid).purchase_control == "ban"
    records = ControlChange.objects.filter(what="purchase_control").order_by("pk")
    assert [(row.account, row.before, row.after, row.cause) for row in records] == [
        (linked, "normal", "ban", None),
        (sub, "normal", "ban", linked),
    ]
    assert {row.reason for row in records} == {REASON}
    entries = AuditEntry.objects.filter(action="uids.account.purchase_control_changed")
    assert sorted(entry.subject_pk for entry in entries) == sorted([linked.pk, sub.pk])
    with pytest.raises(SameControl):
        wrong_link.hold(actor=acme_manager.actor, account_pk=linked.pk, reason=REASON)
    assert ControlChange.objects.filter(what="purchase_control").count() == 2


def test_a_hold_is_lifted_again(linked: LinkedAccount, acme_manager: Persona) -> None:
    wrong_link.hold(actor=acme_manager.actor, account_pk=linked.pk, reason=REASON)
    wrong_link.release(actor=acme_manager.actor, account_pk=linked.pk, reason="It was right")

    cloud.send_due(uid=linked.uid)
    linked.refresh_from_db()
    assert (linked.purchase_control, SimAccount.objects.get(uid=linked.uid).purchase_control) == ("normal", "normal")


def test_a_hold_and_its_end_keep_to_the_partners_rule(
    linked: LinkedAccount, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    """No way round the second person; the page says that nothing happened yet."""
    ApprovalRule.objects.create(partner=acme_manager.partner, action=Action.PURCHASE_CONTROL_CHANGED, when=When.ALWAYS)

    url = reverse("linking:wrong_link_hold", args=[linked.uid])
    page = as_(acme_manager).post(url, {"reason": REASON}, follow=True).content.decode()

    assert "Nothing is changed yet: a second person has to agree." in page
    linked.refresh_from_db()
    assert linked.purchase_control == "normal"
    assert Approval.objects.get().reason == REASON


def test_a_sub_account_banned_itself_does_not_notice(linked: LinkedAccount, acme_manager: Persona) -> None:
    make_account(acme_manager.partner, trustee=linked, purchase_control=PurchaseControl.BAN)

    set_control(
        actor=acme_manager.actor,
        account_pk=linked.pk,
        what=Control.PURCHASE_CONTROL,
        value=PurchaseControl.BAN,
        reason="x",
    )

    assert ControlChange.objects.filter(what="purchase_control").count() == 1


def test_undone_while_nothing_was_used(linked: LinkedAccount, acme_master: Persona) -> None:
    found = wrong_link.undo(actor=acme_master.actor, account_pk=linked.pk, reason=REASON)
    linked.refresh_from_db()
    assert linked.relationship == Relationship.IN_PROCESS

    settle(found)

    linked.refresh_from_db()
    assert (found.state, linked.relationship) == (TerminationState.TERMINATED, Relationship.TERMINATED)
    assert SimAccount.objects.get(uid=linked.uid).partner_uid == ""
    mail = Email.objects.latest("pk")
    assert (mail.to, mail.subject) == ([linked.email], "Your cloud account is no longer linked to Acme Cloud")
    assert REASON not in mail.message


def test_what_was_used_is_not_undone_even_when_only_the_cloud_knows(
    linked: LinkedAccount, acme_master: Persona
) -> None:
    simulated.report_usage(uid=linked.uid, amount=Decimal("0.000001"))

    with pytest.raises(CannotUndo) as refused:
        wrong_link.undo(actor=acme_master.actor, account_pk=linked.pk, reason=REASON)

    assert [one.code for one in refused.value.blockers] == ["used"]
    linked.refresh_from_db()
    assert linked.relationship == Relationship.NORMAL
    assert not CloudCommand.objects.filter(operation=Operation.UNLINK).exists()


def test_what_was_refunded_was_used_all_the_same(linked: LinkedAccount, acme_master: Persona) -> None:
    for change in (simulated.report_usage, simulated.settle, simulated.refund):
        change(uid=linked.uid, amount=Decimal(5))
        apply_credit_figures(actor=WORKER, credit=SimulatedCloud().credit(uid=linked.uid))

    with pytest.raises(CannotUndo):
        wrong_link.undo(actor=acme_master.actor, account_pk=linked.pk, reason=REASON)


def test_nothing_is_undone_while_nobody_can_know(
    linked: LinkedAccount, acme_master: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_self: object, *, uid: str) -> None:
        raise CloudUnavailable(uid)

    monkeypatch.setattr(SimulatedCloud, "credit", away)

    with pytest.raises(CloudAway):
        wrong_link.undo(actor=acme_master.actor, account_pk=linked.pk, reason=REASON)

    assert not Termination.objects.exists()


def test_undoing_twice_or_what_is_ending_is_refused(linked: LinkedAccount, acme_master: Persona) -> None:
    wrong_link.undo(actor=acme_master.actor, account_pk=linked.pk, reason=REASON)

    with pytest.raises(CannotUndo) as refused:
        wrong_link.undo(actor=acme_master.actor, account_pk=linked.pk, reason=REASON)

    assert "already_ending" in [one.code for one in refused.value.blockers]
    assert Termination.objects.count() == 1


def test_a_cloud_that_cannot_unlink_lets_one_give_up(
    linked: LinkedAccount, acme_master: Persona, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch)
    found = wrong_link.undo(actor=acme_master.actor, account_pk=linked.pk, reason=REASON)
    with pytest.raises(Conflict):  # still being asked
        wrong_link.keep(actor=acme_master.actor, termination_pk=found.pk)
    settle(found)

    wrong_link.keep(actor=acme_master.actor, termination_pk=found.pk, reason="The ticket was rejected")

    linked.refresh_from_db()
    found.refresh_from_db()
    assert (found.state, linked.relationship) == (TerminationState.WITHDRAWN, Relationship.NORMAL)
    with pytest.raises(Conflict):  # nobody may unlink it by an old order afterwards
        cloud.retry(actor=acme_master.actor, command_pk=found.unlink_id or -1)
    with pytest.raises(NotUnlinking):
        wrong_link.keep(actor=acme_master.actor, termination_pk=found.pk)


def test_the_package_has_what_support_asks_for(
    linked: LinkedAccount, acme_manager: Persona, approved: Invitation, as_: Callable[[Persona], Client]
) -> None:
    wrong_link.hold(actor=acme_manager.actor, account_pk=linked.pk, reason=REASON)

    answer = as_(acme_manager).post(
        reverse("linking:support_package", args=[linked.uid]), {"note": "<b>We linked 132 for 123</b>"}
    )

    assert answer["Content-Type"] == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    story = json.loads(archive.read("data.json"))
    assert story["note"] == "<b>We linked 132 for 123</b>"
    assert (story["account"]["uid"], story["partner"]["master_uid"]) == (linked.uid, linked.partner.master_uid)
    (invitation,) = story["invitations"]
    assert invitation["reference_at_the_cloud"] == approved.reference
    assert invitation["rounds_at_the_cloud"][0]["code"] == ""
    assert {"linking.invitation.approved", "uids.account.linked", "uids.account.purchase_control_changed"} <= {
        entry["action"] for entry in story["timeline"]
    }
    assert "set_purchase_control" in {order["operation"] for order in story["orders_to_the_cloud"]}
    assert [entry["at"] for entry in story["timeline"]] == sorted(entry["at"] for entry in story["timeline"])
    summary = archive.read("summary.html").decode()
    assert "Set purchase control" in summary
    assert "&lt;b&gt;We linked 132 for 123&lt;/b&gt;" in summary
    receipt = approved.receipt
    assert archive.read(f"consent-{receipt.digest}.json").decode() == receipt.body
    assert AuditEntry.objects.filter(action="uids.account.support_package_made").count() == 1


def test_the_package_holds_no_secret(linked: LinkedAccount, acme_manager: Persona, sent: Invitation) -> None:
    package = make_support_package(actor=acme_manager.actor, account_pk=linked.pk)

    archive = zipfile.ZipFile(io.BytesIO(package.content))
    for name in archive.namelist():
        text = archive.read(name).decode()
        assert sent.fresh_token not in text
        assert all(token.digest not in text for token in sent.tokens.all())


def test_an_agencys_package_has_no_figures_and_no_switches(agency_master: Persona) -> None:
    account = make_account(agency_master.partner, email="it@kaito.example")

    package = make_support_package(actor=agency_master.actor, account_pk=account.pk)

    story = json.loads(zipfile.ZipFile(io.BytesIO(package.content)).read("data.json"))
    assert not {"figures", "switches", "switch_changes"} & story.keys()


def test_only_an_owner_undoes_and_nobody_elses(
    linked: LinkedAccount, acme_manager: Persona, acme_readonly: Persona, outsider: Persona
) -> None:
    with pytest.raises(Forbidden):
        wrong_link.undo(actor=acme_manager.actor, account_pk=linked.pk, reason=REASON)
    with pytest.raises(Forbidden):
        wrong_link.hold(actor=acme_readonly.actor, account_pk=linked.pk, reason=REASON)
    for act in (wrong_link.undo, wrong_link.hold):
        with pytest.raises(NotFound):
            act(actor=outsider.actor, account_pk=linked.pk, reason=REASON)
    with pytest.raises(NotFound):
        make_support_package(actor=outsider.actor, account_pk=linked.pk)


def test_an_ended_link_can_still_be_packed_but_not_held(linked: LinkedAccount, acme_manager: Persona) -> None:
    LinkedAccount.objects.filter(pk=linked.pk).update(relationship=Relationship.TERMINATED)

    with pytest.raises(NotLive):
        wrong_link.hold(actor=acme_manager.actor, account_pk=linked.pk, reason=REASON)

    assert make_support_package(actor=acme_manager.actor, account_pk=linked.pk).content


def test_the_page_says_what_to_do_in_order(
    linked: LinkedAccount, acme_master: Persona, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    url = reverse("linking:wrong_link", args=[linked.uid])
    page = as_(acme_manager).get(url).content.decode()
    titles = ["Stop what could be bought", "Note what was linked", "Undo the link", "Link the right one"]
    assert [page.index(title) for title in titles] == sorted(page.index(title) for title in titles)
    assert "does not include: End the relationship with a customer" in page

    client = as_(acme_master)
    hold_url = reverse("linking:wrong_link_hold", args=[linked.uid])
    assert client.post(hold_url, {"reason": REASON}).status_code == 303
    assert "Lift the hold" in client.get(url).content.decode()
    undo_url = reverse("linking:wrong_link_undo", args=[linked.uid])
    assert client.post(undo_url, {"reason": ""}).status_code == 422
    answer = client.post(undo_url, {"reason": REASON})
    assert answer["Location"] == reverse("linking:termination", args=[linked.uid])
    found = Termination.objects.get()
    assert found.unlink is not None
    assert found.unlink.state == CommandState.QUEUED
    assert "the cloud is asked to unlink" in client.get(answer["Location"]).content.decode()
