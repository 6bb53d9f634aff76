"""The four checks after linking: what they find, when they run again, and that a link becomes verified."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from linking import services, tasks
from linking.check_words import in_words
from linking.errors import NothingToConfirm
from linking.models import Grant, LinkCheck
from linking.states import InvitationState
from partner_console.access.actor import system_actor
from partner_console.audit.models import AuditEntry
from partner_console.cloud import tasks as cloud_tasks
from partner_console.cloud.models import CloudCommand
from partner_console.cloud.port import CloudRefused, NotOffered
from partner_console.cloud.simulated import services as simulated
from partner_console.cloud.simulated.adapter import SimulatedCloud
from partner_console.cloud.simulated.models import FaultKind
from partner_console.errors import Forbidden, NotFound
from tests.factories import make_account
from tests.linking.conftest import UID, consent
from uids.errors import NotLive
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from linking.models import Invitation
    from tests.personas import Persona
    from uids.models import LinkedAccount

WORKER = system_actor("test worker")


@pytest.fixture
def linked(sent: Invitation) -> Invitation:
    """Linked with see bills and see resources; the order to the cloud is done, no check has run."""
    type(sent).objects.filter(pk=sent.pk).update(scopes=["view_bills", "view_resources"])
    consent(sent)
    tasks.push_link(sent.pk)
    cloud_tasks.send_commands(UID)
    sent.refresh_from_db()
    return sent


@pytest.fixture
def account(linked: Invitation) -> LinkedAccount:
    assert linked.account is not None
    return linked.account


def run(account: LinkedAccount) -> dict[str, str]:
    """What a worker does with one message, and what stands there afterwards."""
    tasks.check_link(account.pk)
    return outcomes(account)


def outcomes(account: LinkedAccount) -> dict[str, str]:
    return dict(LinkCheck.objects.filter(account=account).values_list("kind", "outcome"))


def check_of(account: LinkedAccount, kind: str) -> LinkCheck:
    return LinkCheck.objects.get(account=account, kind=kind)


def again(account: LinkedAccount, wait: timedelta) -> dict[str, str]:
    with time_machine.travel(timezone.now() + wait, tick=False):
        return run(account)


def test_a_fresh_link_is_verified_though_no_bill_came_yet(linked: Invitation, account: LinkedAccount) -> None:
    assert run(account) == {"listed": "ok", "permissions": "ok", "billing": "not_due", "access": "ok"}

    linked.refresh_from_db()
    assert linked.state == InvitationState.VERIFIED
    assert AuditEntry.objects.filter(action="linking.invitation.verified").count() == 1
    entry = AuditEntry.objects.get(action="linking.check.changed")
    assert entry.changes["billing"] == ["not_yet", "not_due"], "one entry for what one look found"
    assert Grant.objects.get(account=account).observed == ["view_bills", "view_resources"]


def test_redelivered_it_checks_nothing_twice(account: LinkedAccount) -> None:
    run(account)
    entries, before = AuditEntry.objects.count(), list(LinkCheck.objects.order_by("pk").values())

    run(account)

    assert AuditEntry.objects.count() == entries
    assert list(LinkCheck.objects.order_by("pk").values()) == before


def test_a_killed_worker_is_found_by_the_sweep(account: LinkedAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(self: SimulatedCloud, *, uid: str) -> None:
        raise SystemExit

    monkeypatch.setattr(SimulatedCloud, "account", killed)
    with pytest.raises(SystemExit):
        run(account)
    monkeypatch.undo()
    assert services.due_checks(actor=WORKER) == [], "somebody seems to be at it"

    with time_machine.travel(timezone.now() + timedelta(minutes=6), tick=False):
        assert services.due_checks(actor=WORKER) == [account.pk]
        assert run(account)["listed"] == "ok"


def test_an_answer_that_comes_after_somebody_took_over_is_not_written(
    account: LinkedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(self: SimulatedCloud, *, uid: str) -> None:
        monkeypatch.undo()
        assert again(account, timedelta(minutes=6))["listed"] == "ok"
        raise CloudRefused("3029", "an old answer")

    monkeypatch.setattr(SimulatedCloud, "account", slow)

    assert run(account)["listed"] == "ok"


def test_an_order_on_its_way_is_no_difference(sent: Invitation) -> None:
    type(sent).objects.filter(pk=sent.pk).update(scopes=["view_bills", "buy"])
    consent(sent)
    tasks.push_link(sent.pk)
    sent.refresh_from_db()
    assert sent.account is not None

    assert run(sent.account)["permissions"] == "not_due"

    cloud_tasks.send_commands(UID)
    assert again(sent.account, timedelta(minutes=6))["permissions"] == "ok"


def test_drift_is_seen_explained_and_put_right(
    acme_manager: Persona, account: LinkedAccount, as_: Callable[[Persona], Client]
) -> None:
    run(account)
    simulated.override(uid=UID, scopes=["view_bills", "buy"])

    assert again(account, timedelta(days=8))["permissions"] == "differs"

    shown = in_words(check_of(account, "permissions"))
    assert "not in force at the cloud: See resources" in shown.text
    assert "never agreed: Buy for the customer" in shown.text
    client = as_(acme_manager)
    page = client.get(reverse("linking:account_permissions", args=[UID])).content.decode()
    assert "Send the permissions again" in page
    client.post(reverse("linking:account_resend", args=[UID]))
    cloud_tasks.send_commands(UID)
    assert again(account, timedelta(minutes=3))["permissions"] == "ok"


def test_a_verified_link_stays_verified_when_something_drifts(linked: Invitation, account: LinkedAccount) -> None:
    run(account)
    simulated.override(uid=UID, scopes=["view_bills"])

    again(account, timedelta(days=8))

    linked.refresh_from_db()
    assert linked.state == InvitationState.VERIFIED


def test_a_difference_keeps_the_link_from_being_verified_until_it_is_gone(
    linked: Invitation, account: LinkedAccount
) -> None:
    simulated.override(uid=UID, bill_to="customer")

    assert run(account)["billing"] == "differs"
    linked.refresh_from_db()
    assert linked.state == InvitationState.LINKED
    shown = in_words(check_of(account, "billing"))
    assert shown.text == "Expected: On the partner's bill. The cloud says: On the customer's own bill."

    simulated.override(uid=UID, bill_to="partner")
    simulated.report_usage(uid=UID, amount=Decimal(5))
    simulated.settle(uid=UID)
    assert again(account, timedelta(days=2))["billing"] == "ok"
    linked.refresh_from_db()
    assert linked.state == InvitationState.VERIFIED


def test_an_account_the_cloud_no_longer_knows_differs(account: LinkedAccount) -> None:
    simulated.override(uid=UID, partner_uid="")

    assert run(account) == dict.fromkeys(("listed", "permissions", "billing", "access"), "differs")
    assert "3029" in in_words(check_of(account, "listed")).text


def test_a_cloud_that_is_away_changes_no_outcome_and_is_asked_later_each_time(account: LinkedAccount) -> None:
    run(account)
    waits = []
    for _try in range(3):
        simulated.add_fault(operation="account", kind=FaultKind.UNAVAILABLE)
        LinkCheck.objects.filter(account=account, kind="listed").update(next_at=timezone.now())
        run(account)
        check = check_of(account, "listed")
        assert (check.outcome, check.next_at is not None) == ("ok", True)
        waits.append(round((check.next_at - timezone.now()).total_seconds() / 60))  # type: ignore[operator]

    assert waits == [5, 10, 20]


def test_the_first_time_without_an_answer_says_so(account: LinkedAccount) -> None:
    simulated.add_fault(operation="", kind=FaultKind.UNAVAILABLE, times=4)

    assert set(run(account).values()) == {"unknown"}
    assert in_words(check_of(account, "access")).text == "The cloud did not answer."


def test_what_the_cloud_does_not_offer_is_looked_up_by_hand(
    linked: Invitation, account: LinkedAccount, acme_manager: Persona, as_: Callable[[Persona], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def no_such_thing(self: SimulatedCloud, *, uid: str) -> list[str]:
        raise NotOffered

    monkeypatch.setattr(SimulatedCloud, "permissions", no_such_thing)
    assert run(account)["permissions"] == "unknown"
    assert "own console" in in_words(check_of(account, "permissions")).todo

    client, url = as_(acme_manager), reverse("linking:account_confirm", args=[UID, "permissions"])
    assert client.post(url).status_code == 303

    linked.refresh_from_db()
    assert linked.state == InvitationState.VERIFIED
    assert again(account, timedelta(days=8))["permissions"] == "ok", "the word stands while the cloud cannot be asked"
    assert "manager@acme.example" in in_words(check_of(account, "permissions")).text
    assert client.post(url).status_code == 409


def test_what_the_cloud_answers_itself_is_not_confirmed_by_hand(
    account: LinkedAccount, acme_manager: Persona, acme_readonly: Persona, outsider: Persona
) -> None:
    simulated.override(uid=UID, scopes=["view_bills"])
    run(account)

    for actor, refusal in (
        (acme_manager.actor, NothingToConfirm), (acme_readonly.actor, Forbidden), (outsider.actor, NotFound),
    ):  # fmt: skip
        with pytest.raises(refusal):
            services.confirm_by_hand(actor=actor, account_pk=account.pk, kind="permissions")

    assert outcomes(account)["permissions"] == "differs"


def test_when_each_result_is_looked_at_again(account: LinkedAccount) -> None:
    run(account)
    days = {check.kind: (check.next_at - timezone.now()).days for check in LinkCheck.objects.all()}

    assert days == {"listed": 6, "permissions": 6, "billing": 0, "access": 6}


def test_an_ended_link_is_checked_no_more(account: LinkedAccount, acme_manager: Persona) -> None:
    type(account).objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)

    assert set(run(account).values()) == {"not_yet"}
    assert services.due_checks(actor=WORKER) == []
    with pytest.raises(NotLive):
        services.recheck(actor=acme_manager.actor, account_pk=account.pk)


def test_an_imported_account_is_checked_when_somebody_asks(acme_manager: Persona) -> None:
    imported = make_account(acme_manager.partner)
    assert services.due_checks(actor=WORKER) == []

    services.recheck(actor=acme_manager.actor, account_pk=imported.pk)

    assert services.due_checks(actor=WORKER) == [imported.pk]
    assert run(imported)["permissions"] == "unknown"
    assert in_words(check_of(imported, "permissions")).text.endswith("At the cloud you may: See bills.")


def test_who_may_not_invite_starts_no_checks(account: LinkedAccount, acme_readonly: Persona, outsider: Persona) -> None:
    with pytest.raises(Forbidden):
        services.recheck(actor=acme_readonly.actor, account_pk=account.pk)
    with pytest.raises(NotFound):
        services.recheck(actor=outsider.actor, account_pk=account.pk)


def test_uid_details_loads_the_panel_by_its_address(
    account: LinkedAccount, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    run(account)
    client = as_(acme_manager)
    panel_url = reverse("linking:account_panel", args=[UID])

    details = client.get(reverse("uids:account_detail", args=[UID])).content.decode()
    panel = client.get(panel_url, headers={"HX-Request": "true"}).content.decode()

    assert f'hx-get="{panel_url}"' in details
    assert "<html" not in panel
    assert 'id="permissions-panel"' in panel
    assert "See resources" in panel
    assert "no charge was reported yet" in panel.lower()
    assert client.get(panel_url).status_code == 302


def test_check_now_asks_and_the_panel_looks_again_by_itself(
    account: LinkedAccount, acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    run(account)

    answer = as_(acme_manager).post(reverse("linking:account_recheck", args=[UID]), headers={"HX-Request": "true"})

    page = answer.content.decode()
    assert "The cloud is being asked." in page
    assert "delay:5s" in page
    assert services.due_checks(actor=WORKER) == [account.pk]


def test_the_agency_expects_its_customer_to_pay(agency_master: Persona) -> None:
    from tests.linking.conftest import send  # noqa: PLC0415 beside its only use

    invitation = send(agency_master)
    consent(invitation)
    tasks.push_link(invitation.pk)
    cloud_tasks.send_commands(UID)
    invitation.refresh_from_db()
    assert invitation.account is not None

    assert run(invitation.account)["billing"] == "not_due"
    assert CloudCommand.objects.get().operation == "set_permissions"
