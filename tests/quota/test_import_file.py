"""The customer list as ACPN exports it comes in whole, and only once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from quota.models import CreditAccount, ImportRow, LedgerEntry
from quota.models.imports import ImportState
from quota.states import EntryKind
from tests.quota.import_support import LIST, bring_in, check, verdicts
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from tests.personas import Persona

pytestmark = pytest.mark.django_db
AMOUNT, DEDUCTED = "Quota Amount (USD)", "Consumed & Deducted Value (USD)"
UNDEDUCTED, AVAILABLE = "Consumed & Undeducted Value (USD)", "Available Quota (USD)"
MASTER = "Financial Trusteeship Master UID"
LIVE_WORDS = {"Normal", "To Be Confirmed", "In Process"}


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


def rows_of_file() -> dict[str, dict[str, Any]]:
    sheet = openpyxl.load_workbook(LIST).worksheets[0]
    header, *rows = sheet.iter_rows(values_only=True)
    return {str(row[0]): dict(zip(header, row, strict=True)) for row in rows}


def test_it_comes_in_whole_and_a_second_time_changes_nothing(acme_master: Persona) -> None:
    expected = rows_of_file()

    job = bring_in(acme_master.actor, LIST.read_bytes(), LIST.name)

    assert job.state == ImportState.DONE, job.error
    assert job.counts == Counter(verdict for verdict, _reason in verdicts(job))
    assert sum(job.counts.values()) == job.n_rows == len(expected) == 2400
    # Every second-tier reseller, at a partner that is no distributor; whoever arrears stop once they are here.
    second_tier = {uid for uid, row in expected.items() if row["Account Type"] == "T2 reseller"}
    stopped = {uid for uid, row in expected.items() if arrears_stop(row)}
    assert (len(second_tier), len(stopped)) == (82, 200)
    n_warned = len(second_tier | stopped)
    assert job.counts == {"create": 2400 - n_warned, "warn": n_warned}
    accounts = {one.uid: one for one in LinkedAccount.objects.select_related("credit", "trustee")}
    assert accounts.keys() == expected.keys()
    for uid, row in expected.items():
        assert_same(accounts[uid], row)
    assert_ledger_says_the_same(expected)
    imported = AuditEntry.objects.filter(action=Action.ACCOUNT_IMPORTED)
    assert imported.count() == 2400
    assert set(imported.values_list("actor_label", flat=True)) == {"owner@acme.example"}

    before = state_of_everything()
    again = check(acme_master.actor, LIST.read_bytes(), LIST.name)

    assert again.counts == {"unchanged": 2400}
    assert again.n_coming_in == 0
    assert state_of_everything() == before


def arrears_stop(row: dict[str, Any]) -> bool:
    if row[MASTER] or row["Account Status"] not in LIVE_WORDS or row["Shutdown Policy"] == "noStop":
        return False
    overdraft = Decimal(row["Overdraft (USD)"] or 0) if row["Shutdown Policy"] == "delayStop" else Decimal(0)
    return Decimal(row[AVAILABLE]) < -overdraft


def assert_same(account: LinkedAccount, row: dict[str, Any]) -> None:
    texts = [account.login_name, account.nickname, account.email, account.mobile, account.country]
    assert texts == [row[name] for name in ("Login Name", "Nickname", "E-mail", "Mobile", "Country")]
    assert account.remarks == (row["Remarks"] or "")  # formula-looking ones too
    assert account.business_manager == (row["Business Manager"] or "")
    assert account.get_account_type_display() == row["Account Type"]
    assert account.get_relationship_display() == row["Account Status"]
    linked_at = datetime.strptime(row["Associated Time (UTC+8)"], "%Y-%m-%d %H:%M:%S") - timedelta(hours=8)  # noqa: DTZ007
    assert account.linked_at == linked_at.replace(tzinfo=UTC)
    assert account.payg_frozen is (row["PAYG Freeze Status"] == "Shutdown")
    assert account.purchase_control == ("ban" if row["Purchase Control"] == "Purchase Forbidden" else "normal")
    assert account.shutdown_policy == row["Shutdown Policy"]
    assert account.overdraft == Decimal(row["Overdraft (USD)"] or 0)
    assert (account.trustee.uid if account.trustee else None) == row[MASTER]


def assert_ledger_says_the_same(expected: dict[str, dict[str, Any]]) -> None:
    """Cell by cell, against the balances and against the sums of their entries. Sub-accounts have neither."""
    credits = {credit.account.uid: credit for credit in CreditAccount.objects.select_related("account")}
    assert credits.keys() == {uid for uid, row in expected.items() if not row[MASTER]}
    sums: dict[str, list[Decimal]] = {uid: [Decimal(0)] * 3 for uid in credits}
    firsts: dict[str, str] = {}
    for entry in LedgerEntry.objects.select_related("credit__account").order_by("credit", "seq"):
        uid = entry.credit.account.uid
        firsts.setdefault(uid, entry.kind)
        deltas = (entry.amount_delta, entry.deducted_delta, entry.undeducted_delta)
        sums[uid] = [one + delta for one, delta in zip(sums[uid], deltas, strict=True)]
    assert set(firsts.values()) == {EntryKind.QUOTA_CREATE}
    for uid, credit in credits.items():
        figures = [Decimal(expected[uid][name]) for name in (AMOUNT, DEDUCTED, UNDEDUCTED)]
        assert sums[uid] == figures
        assert [credit.amount, credit.deducted, credit.undeducted] == figures
        assert credit.available == Decimal(expected[uid][AVAILABLE])
        assert not credit.deducted.is_signed() or credit.deducted < 0
        assert credit.warning_percent == expected[uid]["Quota Warning Threshold (%)"]


def state_of_everything() -> tuple[int, ...]:
    audited = AuditEntry.objects.exclude(action__startswith="quota.import.").count()
    return LinkedAccount.objects.count(), CreditAccount.objects.count(), LedgerEntry.objects.count(), audited


def test_a_check_writes_nothing_but_its_verdicts(acme_master: Persona) -> None:
    job = check(acme_master.actor, LIST.read_bytes(), LIST.name)

    assert job.state == ImportState.CHECKED
    assert ImportRow.objects.filter(job=job).count() == 2400
    assert state_of_everything() == (0, 0, 0, 0)
