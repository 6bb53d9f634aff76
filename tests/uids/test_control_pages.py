"""Shutdown Policy Management as people see it: the switches, the dry run, the confirmation and the records."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from partner_console.access.actor import Channel
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.exports.models import ExportJob, FileFormat
from partner_console.exports.registry import Selection
from partner_console.exports.running import run_export
from partner_console.exports.services import request_export
from tests.factories import make_account
from tests.personas import Persona
from uids.models import ControlChange, LinkedAccount
from uids.states import Control

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
        "Refused by the cloud 3040 This account",
        "PAYG shutdown Normal → to Stopped by arrears Available Quota is below 0",
        "The console itself System — 700",  # nobody asked the cloud to stop anything: another order of the same action is no answer
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
