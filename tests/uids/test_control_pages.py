"""Shutdown Policy Management as people see it: the switches, the dry run, the confirmation and the records."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partner_console.access.actor import Channel
from partner_console.approvals import services as approvals
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.exports.models import ExportJob, FileFormat
from partner_console.exports.registry import Selection
from partner_console.exports.running import run_export
from partner_console.exports.services import request_export
from quota.services import controls as quota
from tests.factories import make_account
from tests.personas import Persona
from uids.models import ControlChange, LinkedAccount
from uids.states import Control, Relationship

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from partner_console.access.models import Partner

type_of_sign_in = Callable[[Persona], Client]
YESTERDAY = timezone.now() - timedelta(days=1)


def url_of(name: str, account: LinkedAccount) -> str:
    return reverse(f"uids:{name}", args=[account.uid])


def day(moment: datetime) -> date:
    """In the partner's zone, UTC+8."""
    return moment.astimezone(timezone.get_fixed_timezone(480)).date()


def words(source: Any, selector: str = "main") -> str:
    soup = source if isinstance(source, BeautifulSoup) else BeautifulSoup(source.content, "html.parser")
    found = soup.select_one(selector)
    assert found is not None, selector
    return " ".join(found.get_text(" ").split())


def record(account: LinkedAccount, what: Control, before: str, after: str, **fields: Any) -> ControlChange:
    given = {
        "reason": "late payment",
        "method": Channel.CONSOLE,
        "operator": "manager@acme.example",
        "operator_uid": "2099",
        "operation_id": uuid.uuid4(),
        **fields,
    }
    return ControlChange.objects.create(account=account, what=what, before=before, after=after, **given)


def ordered(change: ControlChange, account: LinkedAccount, operation: Operation, topic: str, **fields: Any) -> None:
    """What was asked of the cloud in the same action."""
    CloudCommand.objects.create(
        partner=account.partner, uid=account.uid, operation=operation, topic=topic,
        operation_id=change.operation_id, asked_by="manager@acme.example", **fields,
    )  # fmt: skip


@pytest.fixture
def recorded(acme: Partner) -> LinkedAccount:
    """A sub-account with one change of every kind, each of which the cloud answered in its own way."""
    master = make_account(acme, "700")
    account = make_account(acme, "701", trustee=master)
    frozen = record(account, Control.PAYG_FREEZE, "normal", "frozen")
    ordered(frozen, account, Operation.FREEZE, "payg", state=CommandState.REFUSED, vendor_code="3040")
    stopped = record(
        account, Control.PAYG_SHUTDOWN, "normal", "stopped", cause=master, method=Channel.SYSTEM, operator="enforce",
        operator_uid="", reason="Available Quota is below 0",
    )  # fmt: skip
    ordered(stopped, master, Operation.SET_QUOTA, "quota", state=CommandState.UNKNOWN)
    banned = record(account, Control.PURCHASE_CONTROL, "normal", "ban", reason="=1+1")
    ordered(banned, account, Operation.SET_PURCHASE_CONTROL, "purchase", state=CommandState.CONFIRMED)
    record(account, Control.SHUTDOWN_POLICY, "immediatelyStop", "noStop", at=YESTERDAY, method=Channel.API)
    return account


def test_records_show_every_kind_and_can_be_narrowed_down(
    acme_readonly: Persona, recorded: LinkedAccount, as_: type_of_sign_in
) -> None:
    client, url = as_(acme_readonly), url_of("control_list", recorded)

    everything = words(client.get(url, {"sort": "-at"}), "tbody")
    seeds_own = client.get(url, {"kind": "payg"})

    for shown in (
        "PAYG freeze Normal → to Frozen by the partner late payment manager@acme.example 2099 · Console "
        "Refused by the cloud 3040",
        "PAYG shutdown Normal → to Stopped by arrears Followed its master 700 Available Quota is below 0",
        # Nobody asked the cloud to stop anything: another order of the same action is no answer.
        "The console itself System — ",
        "Purchase control Normal → to Disabled =1+1",
        "Confirmed by the cloud",
        "Shutdown policy Immediate shutdown → to No shutdown",
    ):
        assert shown in everything, (shown, everything)
    assert "PAYG Freeze Status & PAYG Shutdown Status Changes" in words(seeds_own, "h1")
    assert "Records begin at" in words(seeds_own)
    for query, n in (
        ({"kind": "payg"}, 2),
        ({"kind": "payg_shutdown"}, 1),
        ({"kind": "shutdown_policy"}, 1),
        ({"method": "api"}, 1),
        ({"until": f"{day(YESTERDAY)}"}, 1),
        ({"since": f"{day(timezone.now())}"}, 3),
        ({"operation": str(ControlChange.objects.get(what=Control.PURCHASE_CONTROL).operation_id)}, 1),
    ):
        rows = BeautifulSoup(client.get(url, query).content, "html.parser").select("tbody tr")
        assert len(rows) == n, query
    for bad in ({"kind": "nonsense"}, {"since": "2026-02-02", "until": "2026-02-01"}, {"operation": "x"}):
        assert client.get(url, bad).status_code == 422
    assert "Nothing of this kind has changed" in words(
        client.get(url_of("control_list", make_account(recorded.partner)), {"kind": "payg"})
    )


def test_a_page_of_records_costs_as_much_with_fifty_rows(
    acme_readonly: Persona, recorded: LinkedAccount, as_: type_of_sign_in
) -> None:
    client, url = as_(acme_readonly), url_of("control_list", recorded)
    client.get(url, {"sort": "-at"})
    with CaptureQueriesContext(connection) as few:
        client.get(url, {"sort": "-at"})
    for _number in range(40):
        ordered(record(recorded, Control.PAYG_FREEZE, "normal", "frozen"), recorded, Operation.FREEZE, "payg")

    with CaptureQueriesContext(connection) as many:
        client.get(url, {"sort": "-at"})

    assert len(many) == len(few)


def test_records_leave_as_a_file_in_three_languages(
    acme_readonly: Persona, recorded: LinkedAccount, as_: type_of_sign_in, settings: Settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    client = as_(acme_readonly)
    soup = BeautifulSoup(client.get(url_of("control_list", recorded), {"kind": "payg"}).content, "html.parser")
    link = soup.select_one("#export-link")
    assert link is not None
    assert client.get(str(link["href"])).status_code == 200

    for language, heading, method in (
        ("en", "Operation time", "System"),
        ("ja", "操作日時", "システム"),
        ("zh-hans", "操作时间", "系统"),
    ):
        job = request_export(
            actor=acme_readonly.actor, spec_name="uids.controls", selection=Selection(f"uid={recorded.uid}"),
            all_columns=True, file_format=FileFormat.CSV, language=language, in_background=False,
        )  # fmt: skip
        run_export(job_pk=job.pk, in_background=False)
        with ExportJob.objects.get(pk=job.pk).file.open() as file:
            head, *rows = file.read().decode("utf-8-sig").splitlines()
        assert heading in head, language
        assert len(rows) == 4
        whole = "\n".join(rows)
        for shown in (method, "3040", "'=1+1", "700"):
            assert shown in whole, (language, shown)


def control_query(client: Client, url: str, query: dict[str, str]) -> tuple[str, str]:
    """Path and query of a page as its form posts them."""
    soup = BeautifulSoup(client.get(url, query).content, "html.parser")
    form = soup.select_one("form#confirm")
    assert form is not None
    return str(form["action"]), words(soup)


PAGES: list[tuple[str, dict[str, str], dict[str, Any], str, str, str]] = [
    # page, query, the account before, what is warned of, what the customer notices, what is said when done
    ("account_freeze", {}, {}, "instantly suspends its PAYG instances", "servers, databases", "is frozen"),
    (
        "account_unfreeze",
        {},
        {"payg_frozen": True},
        "PAYG Freeze",
        "can be started and bought again",
        "no longer frozen",
    ),
    ("purchases_disable", {}, {}, "prevents all new orders", "Every new order is refused", "can no longer order"),
    ("purchases_enable", {}, {"purchase_control": "ban"}, "Purchase Control", "can order again", "can order again"),
    ("account_policy", {"value": "delayStop"}, {}, "Updating the shutdown policy", "for about 15 days", "is changed"),
    ("account_policy", {"value": "noStop"}, {}, "Updating the shutdown policy", "everything that runs", "is changed"),
]


@pytest.mark.parametrize("is_master", [False, True])
def test_every_switch_warns_shows_the_dry_run_and_is_confirmed(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in, *, is_master: bool
) -> None:
    client = as_(acme_manager)
    for name, query, before, warned, noticed, done in PAGES:
        account = make_account(acme, quota=Decimal(100), **before)
        if is_master:
            for n in range(10):
                make_account(acme, trustee=account, nickname=f"Sub {n}")
            # One for which nothing changes, except that a policy always follows.
            make_account(acme, trustee=account, payg_frozen=True, purchase_control="ban")
        n_accounts = {False: 1, True: 12 if name == "account_policy" else 11}[is_master]

        action, text = control_query(client, url_of(name, account), query)

        for shown in (warned, noticed, "Please proceed with caution", "Now", "After", "100.00"):
            assert shown in text, (name, shown)
        assert ("no sub-accounts are touched" in text) is not is_master
        assert (f"Type {n_accounts}:" in text) is is_master
        assert ("11 sub-accounts" in text) is is_master
        without_reason = client.post(action, {"reason": " ", "confirmed": str(n_accounts)})
        assert (without_reason.status_code, "Say why" in words(without_reason)) == (422, True)
        if is_master:
            mistyped = client.post(action, {"reason": "late", "confirmed": str(n_accounts + 1)})
            assert mistyped.status_code == 422
            assert f"This changes {n_accounts} accounts, not “{n_accounts + 1}”." in words(mistyped)
        assert not ControlChange.objects.filter(account=account).exists()
        response = client.post(action, {"reason": "late", "confirmed": f" {n_accounts} "}, follow=True)
        assert response.redirect_chain == [(url_of("account_detail", account), 303)]
        assert done in words(response, "#toasts")
        operation_id = ControlChange.objects.get(account=account).operation_id
        assert ControlChange.objects.filter(operation_id=operation_id).count() == n_accounts


def test_what_cannot_be_done_is_said_before_a_reason_is_written(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    client = as_(acme_manager)
    owing = make_account(acme, "701", quota=Decimal(0), payg_frozen=True)
    owing.credit.__class__.objects.filter(pk=owing.pk).update(undeducted=Decimal("37.20"))
    sub = make_account(acme, "702", trustee=make_account(acme, "700"))
    ended = make_account(acme, "703", relationship=Relationship.TERMINATED)
    refusals: list[tuple[str, LinkedAccount, dict[str, str], str]] = [
        ("account_unfreeze", owing, {}, "37.20"),
        ("account_freeze", owing, {}, "already frozen"),
        ("purchases_enable", owing, {}, "already is so"),
        ("account_policy", owing, {"value": "immediatelyStop"}, "already has this shutdown policy"),
        ("account_policy", sub, {}, "follows the shutdown policy of its master 700"),
        ("account_policy", sub, {"value": "noStop"}, "follows the shutdown policy of its master 700"),
        ("purchases_disable", ended, {}, "Terminated"),
        ("account_policy", ended, {}, "Terminated"),
    ]
    for name, account, query, reason in refusals:
        response = client.get(url_of(name, account), query)
        assert (response.status_code, reason in words(response)) == (409, True), (name, words(response))
    for value in ("", "sometimes"):
        wrong = client.get(url_of("account_policy", owing), {"value": value})
        assert wrong.status_code == 422
    assert "Choose a shutdown policy" in words(client.get(url_of("account_policy", owing), {"value": ""}))


def test_the_policies_are_explained_with_the_accounts_own_figures(
    acme_manager: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme, quota=Decimal(0), shutdown_policy="noStop")
    account.credit.__class__.objects.filter(pk=account.pk).update(undeducted=Decimal("37.20"))
    client = as_(acme_manager)

    for name in ("account_policy", "account_detail"):
        text = words(client.get(url_of(name, account)))
        assert "−37.20 USD: would be stopped now." in text
        assert "−37.20 USD: runs while the debt grows" in text
        assert "562.80 USD left of an overdraft of 600.00 USD" in text


def test_a_dry_run_has_room_for_every_sub_account(acme_manager: Persona, acme: Partner, as_: type_of_sign_in) -> None:
    master = make_account(acme, "500")
    LinkedAccount.objects.bulk_create(
        LinkedAccount(partner=acme, uid=str(600_000 + n), account_type=2, trustee=master) for n in range(300)
    )
    held = make_account(acme, "700", trustee=master)
    quota.change_control(
        actor=acme_manager.actor, account_pk=held.pk, what=Control.PAYG_FREEZE, value="frozen", reason="its own debt"
    )
    client, url = as_(acme_manager), reverse("uids:control_preview", args=[master.uid, "payg_freeze", "frozen"])
    client.get(url, {"sort": "uid"})

    with CaptureQueriesContext(connection) as first:
        page = client.get(url, {"sort": "uid", "size": "25"})
    with CaptureQueriesContext(connection) as larger:
        client.get(url, {"sort": "uid", "size": "200"})
    stays = client.get(url, {"effect": "stays"})

    assert "Sub-accounts that change: 300. That stay as they are: 1." in words(page)
    assert "1–25 of 301" in words(page)
    assert len(first) == len(larger)
    assert "700" in words(stays, "tbody")
    assert "By its own switch: stays. its own debt" in words(stays, "tbody")
    assert "Stopped by arrears" not in words(page)
    LinkedAccount.objects.filter(pk=master.pk).update(payg_stopped_at=timezone.now())
    assert "Stopped by arrears: its pay-as-you-go instances stand still already." in words(client.get(url), "tbody")
    assert "Continue to confirm" in words(page)
    for bad in (("payg_shutdown", "stopped"), ("payg_freeze", "melted")):
        assert client.get(reverse("uids:control_preview", args=[master.uid, *bad])).status_code == 422


def test_a_change_is_taken_back_from_the_page_and_from_the_records(
    acme_manager: Persona, acme_readonly: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account = make_account(acme, "701", quota=Decimal(10))
    client = as_(acme_manager)
    client.post(url_of("purchases_disable", account), {"reason": "late"})
    undo = reverse("uids:control_undo", args=[account.uid, ControlChange.objects.get().operation_id])

    for page in (url_of("account_detail", account), url_of("control_list", account) + "?sort=-at"):
        for persona, sees in ((acme_manager, True), (acme_readonly, False)):
            soup = BeautifulSoup(as_(persona).get(page).content, "html.parser")
            assert bool(soup.select_one(f'a[href="{undo}"]')) is sees, (page, persona)
    text = words(client.get(undo))
    assert "Take the purchase ban of 701 Kaito Trading back?" in text
    assert "This takes back what manager@acme.example changed" in text
    assert "“late”" in text
    done = client.post(undo, {"reason": "paid"}, follow=True)

    assert "is as it was before" in words(done, "#toasts")
    account.refresh_from_db()
    assert account.purchase_control == "normal"
    assert client.get(undo).status_code == 409
    assert "was changed again" in words(client.get(undo))
    assert client.get(reverse("uids:control_undo", args=[account.uid, uuid.uuid4()])).status_code == 404


def test_a_second_person_is_announced_and_then_waited_for(
    acme_manager: Persona, acme_master: Persona, acme: Partner, as_: type_of_sign_in
) -> None:
    account, client = make_account(acme, "701", quota=Decimal(10)), as_(acme_manager)
    approvals.set_rule(actor=acme_master.actor, action=Action.ACCOUNT_FROZEN, version=0, when=When.ALWAYS)

    text = words(client.get(url_of("account_freeze", account)))
    response = client.post(url_of("account_freeze", account), {"reason": "late payment"}, follow=True)

    assert "Nothing changes until somebody else has agreed." in text
    assert "Ask a second person" in text
    assert "a second person has to agree" in words(response, "#toasts")
    switches = words(response, "#switches")
    assert "It waits for a second person. late payment" in switches
    account.refresh_from_db()
    assert not account.payg_frozen
    again = client.post(url_of("account_freeze", account), {"reason": "late payment"})
    assert again.status_code == 409
