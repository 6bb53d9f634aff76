"""Adjust Detail info as a file: what the screen shows, exactly (seed 004 §2.3)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bs4 import BeautifulSoup
from django.utils import translation
from django.utils.translation import gettext

from partner_console.errors import Forbidden, NotFound
from partner_console.exports.models import ExportJob, JobState
from partner_console.exports.running import run_export
from quota import services
from quota.states import EntryKind
from tests.exports.conftest import content_of, read_workbook
from tests.factories import make_account
from tests.quota.support import move

if TYPE_CHECKING:
    from django.test import Client

    from tests.personas import Persona
    from uids.models import LinkedAccount

pytestmark = pytest.mark.django_db(transaction=True)  # the run takes a snapshot of its own
Ask = Callable[..., ExportJob]
UID = "1792155717328010"
EVIL = '=HYPERLINK("http://evil.example")'


@pytest.fixture
def account(acme_finance: Persona) -> LinkedAccount:
    """A quota created, lowered by a person with a nasty reason, and a crumb consumed."""
    with time_machine.travel(datetime(2026, 7, 15, 20, 30, tzinfo=UTC), tick=False):
        account = make_account(acme_finance.partner, UID, quota=Decimal(1500))
        services.edit_quota(
            actor=acme_finance.actor, account_pk=account.pk, version=1, amount=Decimal("1200.5"), reason=EVIL
        )
        move(account, EntryKind.USAGE, undeducted="0.000001")
    return account


def rows_of(job: ExportJob) -> list[list[Any]]:
    run_export(job_pk=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.DONE, "")
    return read_workbook(content_of(job))[1]


def test_the_file_holds_the_records_cell_by_cell(ask: Ask, acme_finance: Persona, account: LinkedAccount) -> None:
    head, *rows = rows_of(ask(acme_finance.actor, "quota.entries", f"period=all&uid={UID}"))

    assert head == [
        "Operation Type",
        "Operation Time (UTC+8)",
        "Figure",
        "Adjust Before (USD)",
        "Operation Value (USD)",
        "Adjust After (USD)",
        "Operation Method",
        "Operator UID",
        "Operator",
        "Reason",
        "Number",
    ]
    operator = [acme_finance.partner.master_uid, "finance@acme.example"]
    at = "2026-07-16 04:30:00"
    assert rows == [
        ["Quota Adjustment", at, "Quota Amount", 1500, -299.5, 1200.5, "Console", *operator, EVIL, 2],
        ["Quota Create", at, "Quota Amount", 0, 1500, 1500, "System", None, "The console itself", None, 1],
    ]


def test_the_filter_of_the_page_is_that_of_the_file(ask: Ask, acme_finance: Persona, account: LinkedAccount) -> None:
    _head, *rows = rows_of(ask(acme_finance.actor, "quota.entries", f"kind=usage&period=all&uid={UID}"))

    assert [(row[0], row[4]) for row in rows] == [("Usage", 0.000001)]


@pytest.mark.parametrize("language", ["zh-hans", "ja"])
def test_the_words_are_those_of_the_language_asked_for(
    ask: Ask, acme_finance: Persona, account: LinkedAccount, language: str
) -> None:
    head, first, *_rest = rows_of(ask(acme_finance.actor, "quota.entries", f"period=all&uid={UID}", language=language))

    with translation.override(language):
        assert (head[0], first[0]) == (gettext("Operation Type"), gettext("Quota Adjustment"))
    assert head[0] != "Operation Type"


def test_the_button_leads_to_an_export_of_this_account(
    as_: Callable[[Persona], Client], acme_readonly: Persona, account: LinkedAccount
) -> None:
    client = as_(acme_readonly)
    page = BeautifulSoup(client.get(f"/uids/{UID}/quota/?period=all").content, "html.parser")
    button = page.select_one("#adjust-detail a[href*='/exports/new/']")
    assert button is not None

    start = client.get(str(button["href"]))

    assert start.status_code == 200
    assert "Adjust Detail info" in start.content.decode()


def test_to_an_outsider_the_account_does_not_exist(ask: Ask, outsider: Persona, account: LinkedAccount) -> None:
    with pytest.raises(NotFound):
        ask(outsider.actor, "quota.entries", f"uid={UID}")

    assert not ExportJob.objects.exists()


def test_an_agency_cannot_even_ask(ask: Ask, agency_master: Persona, account: LinkedAccount) -> None:
    with pytest.raises(Forbidden):
        ask(agency_master.actor, "quota.entries", f"uid={UID}")
