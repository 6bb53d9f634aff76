"""The Linked User ID list as a file: what the screen shows, exactly, in three languages."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup, Tag

from partner_console.access.policy import PartnerKind
from partner_console.exports.models import ExportJob, FileFormat, JobState
from partner_console.exports.registry import Selection
from partner_console.exports.running import run_export
from partner_console.web.formats import amount
from quota.models import CreditAccount
from quota.services.imports.columns import FIELDS, guess
from tests.exports.conftest import content_of, read_workbook
from tests.factories import make_account
from uids.exports import ACCOUNTS, COLUMNS
from uids.models import Label, LinkedAccount
from uids.states import PurchaseControl, Relationship, ShutdownPolicy
from uids.tables import COLUMNS as LISTED

if TYPE_CHECKING:
    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

pytestmark = pytest.mark.django_db
Ask = Callable[..., ExportJob]

ACPN = [
    "UID", "Login Name", "Nickname", "Account Type", "E-mail", "Mobile", "Country", "Business Manager", "Remarks",
    "Associated Time (UTC+8)", "Account Status", "PAYG Freeze Status", "Purchase Control", "Shutdown Policy",
    "Overdraft (USD)", "Quota Amount (USD)", "Consumed & Deducted Value (USD)", "Consumed & Undeducted Value (USD)",
    "Available Quota (USD)", "Quota Warning Threshold (%)", "Financial Trusteeship Master UID",
]  # fmt: skip
LONG_UID = "12345678901234567890"
EVIL = '=HYPERLINK("http://evil.example","click")'


def give_credit(account: LinkedAccount, amount: str, deducted: str, undeducted: str, percent: int = 20) -> None:
    CreditAccount.objects.create(
        account=account,
        partner=account.partner,
        amount=Decimal(amount),
        deducted=Decimal(deducted),
        undeducted=Decimal(undeducted),
        warning_percent=percent,
        alarms=int(Decimal(amount) - Decimal(deducted) - Decimal(undeducted) < Decimal(amount) * percent / 100),
    )


@pytest.fixture
def accounts(acme: Partner) -> dict[str, LinkedAccount]:
    """One of each kind a list can hold."""
    at = datetime(2026, 1, 31, 9, 48, 7, tzinfo=UTC)
    plain = make_account(acme, "1792155717328010", nickname="Kaito Trading", country="JP", linked_at=at)
    give_credit(plain, "1000.00", "128.000000", "2.013283")
    plain.labels.add(Label.objects.create(partner=acme, name="VIP"), Label.objects.create(partner=acme, name="東京"))
    master = make_account(
        acme,
        LONG_UID,
        nickname="星河 Games",
        email="ops@games.example",
        login_name="games@corp.example",
        mobile="+65 81886904",
        business_manager="王芳",
        remarks=EVIL,
        shutdown_policy=ShutdownPolicy.DELAY_STOP,
        overdraft=Decimal("600.00"),
        payg_frozen=True,
        purchase_control=PurchaseControl.BAN,
        linked_at=at,
    )
    give_credit(master, "12345678901234567.89", "9999999999999999.000001", "2345678901234600.000000", 50)
    sub = make_account(acme, "5281", nickname="+65 6123 4567", trustee=master, remarks="-10% discount", linked_at=at)
    gone = make_account(acme, "42", nickname="@finance", relationship=Relationship.TERMINATED, linked_at=at)
    return {"plain": plain, "master": master, "sub": sub, "gone": gone}


def make(ask: Ask, persona: Persona, **fields: Any) -> ExportJob:
    job = ask(persona.actor, "uids.accounts", **fields)
    run_export(job_pk=job.pk, in_background=False)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    return job


def table_of(job: ExportJob) -> list[dict[str, Any]]:
    keys = job.parameters["columns"]
    return [dict(zip(keys, row, strict=True)) for row in read_workbook(content_of(job))[1][1:]]


def on_screen(client: Client, language: str) -> list[dict[str, Tag]]:
    client.cookies["django_language"] = language
    response = client.get("/uids/", {"columns": ",".join(SHOWN), "sort": "uid"})
    assert response.status_code == 200
    page = BeautifulSoup(response.content, "html.parser")
    assert page.html is not None
    assert page.html["lang"] == language
    return [dict(zip(SHOWN, row.select("td:not(.pick), th"), strict=False)) for row in page.select("#results tbody tr")]


def in_cell(cell: Tag, key: str) -> str:
    """What a person reads in a cell of the list, without its buttons and marks."""
    for mark in cell.select("svg, button, .visually-hidden"):
        mark.decompose()
    time = cell.find("time")
    if isinstance(time, Tag):
        return datetime.fromisoformat(str(time["datetime"])).astimezone(UTC).isoformat()
    if key == "labels":
        return ", ".join(tag.get_text() for tag in cell.select(".tag"))
    if key == "payg" and (note := cell.select_one(".soft")):
        note.decompose()
    text = " ".join(cell.stripped_strings)
    return "" if text == "—" else text


def in_file(row: dict[str, Any], key: str) -> str:
    """The same cell of the file in the list's manner: grouped to two places, a share with its master."""
    value = row["country_name"] if key == "country" else row[key]
    if key == "available" and row["master"]:
        return f"shared with {row['master']}"
    if value is None:
        return ""
    if key in {"amount", "available"}:
        return amount(Decimal(str(value)))
    if key == "warning":
        return f"{value} %"
    if key == "linked":
        return value.replace(tzinfo=None).isoformat()  # type: ignore[no-any-return]
    return str(value)


SHOWN = [column.key for column in LISTED if column.key != "actions"]


@pytest.mark.parametrize("language", ["en", "zh-hans", "ja"])
def test_every_cell_is_what_the_screen_shows(
    accounts: dict[str, LinkedAccount], acme_master: Persona, as_: Callable[[Persona], Client], ask: Ask, language: str
) -> None:
    screen = on_screen(as_(acme_master), language)
    job = make(
        ask,
        acme_master,
        selection=Selection(f"columns={','.join(SHOWN)}&sort=uid"),
        all_columns=False,
        language=language,
    )

    rows = table_of(job)

    assert len(rows) == len(screen) == len(accounts)
    for row, cells in zip(rows, screen, strict=True):
        for key in SHOWN:
            seen, written = in_cell(cells[key], key), in_file(row, key)
            if key == "linked":  # the file's times are in the person's zone, which its heading names
                written = datetime.fromisoformat(f"{written}+08:00").astimezone(UTC).isoformat()
            if key == "available" and row["master"]:
                assert row["master"] in seen
                continue
            assert written == seen, (row["uid"], key)


def test_all_columns_begin_as_acpns_own_list_does(
    accounts: dict[str, LinkedAccount], acme_master: Persona, ask: Ask
) -> None:
    job = make(ask, acme_master)

    header = read_workbook(content_of(job))[1][0]

    assert header[: len(ACPN)] == ACPN
    assert len(header) == len(COLUMNS)
    assert len(set(header)) == len(header)


def test_figures_are_exact_and_ids_stay_text(
    accounts: dict[str, LinkedAccount], acme_master: Persona, ask: Ask
) -> None:
    rows = {row["uid"]: row for row in table_of(make(ask, acme_master))}

    plain, master, sub = rows["1792155717328010"], rows[LONG_UID], rows["5281"]
    assert (plain["amount"], plain["deducted"], plain["undeducted"]) == (1000, 128, 2.013283)
    assert plain["available"] == 869.986717
    assert (plain["warning"], plain["in_alarm"], plain["overdraft"]) == (20, "No", None)
    # More digits than a spreadsheet's number holds: text, to the last digit.
    assert master["amount"] == "12345678901234567.89"
    assert master["available"] == -31.110001
    assert (master["deducted"], master["overdraft"]) == ("9999999999999999.000001", 600)
    assert sub["master"] == LONG_UID
    assert (sub["amount"], sub["available"], sub["own_payg"], sub["payg"]) == (
        None,
        None,
        "Normal",
        "Frozen by the partner",
    )
    assert plain["linked"] == datetime(2026, 1, 31, 17, 48, 7)  # noqa: DTZ001 a sheet's times have no zone; the heading has


def test_formula_looking_text_is_only_text(accounts: dict[str, LinkedAccount], acme_master: Persona, ask: Ask) -> None:
    rows = {row["uid"]: row for row in table_of(make(ask, acme_master))}

    assert rows[LONG_UID]["remarks"] == EVIL
    assert rows["5281"]["nickname"] == "+65 6123 4567"
    assert rows["42"]["nickname"] == "@finance"


def test_csv_for_programs_and_for_excel(accounts: dict[str, LinkedAccount], acme_master: Persona, ask: Ask) -> None:
    def read(file_format: FileFormat) -> tuple[str, dict[str, dict[str, str]]]:
        text = content_of(make(ask, acme_master, file_format=file_format)).decode()
        rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
        return text, {row["UID"].strip("'"): row for row in rows}

    programs, bare = read(FileFormat.CSV)
    excel, protected = read(FileFormat.CSV_FOR_EXCEL)

    assert programs.startswith("UID,")
    assert excel.startswith("\ufeffUID,")
    assert bare[LONG_UID]["UID"] == LONG_UID
    assert protected[LONG_UID]["UID"] == f"'{LONG_UID}"
    assert bare[LONG_UID]["Quota Amount (USD)"] == "12345678901234567.89"
    assert bare[LONG_UID]["Available Quota (USD)"] == "-31.110001"
    assert bare[LONG_UID]["Remarks"] == f"'{EVIL}"


def test_an_empty_set_is_a_file_with_headings(acme_master: Persona, ask: Ask) -> None:
    job = make(ask, acme_master)

    cover, rows = read_workbook(content_of(job))

    assert rows[0][0] == "UID"
    assert len(rows) == 1
    assert ["Rows", "0"] in cover


def test_the_cover_says_what_the_file_is(accounts: dict[str, LinkedAccount], acme_master: Persona, ask: Ask) -> None:
    job = make(ask, acme_master, selection=Selection("q=kaito&status=normal"))

    cover = dict(line[:2] for line in read_workbook(content_of(job))[0])

    assert cover["Made by"] == "owner@acme.example"
    assert cover["Partner"] == "Acme Cloud"
    assert cover["Rows"] == "1"
    assert cover["Made at"].endswith("(UTC+8)")
    assert "Account Status: Normal" in cover["Filter"]
    assert "kaito" in cover["Filter"]


def test_an_agencys_file_has_no_quota_and_no_controls(agency_master: Persona, ask: Ask) -> None:
    assert agency_master.partner is not None
    make_account(agency_master.partner, "77")

    header = read_workbook(content_of(make(ask, agency_master)))[1][0]

    assert header == [
        "UID", "Login Name", "Nickname", "Account Type", "E-mail", "Mobile", "Country", "Remarks",
        "Associated Time (UTC+8)", "Account Status", "Labels", "Environment", "Name of the country", "CID",
        "Enterprise", "Certified",
    ]  # fmt: skip


def test_another_partners_accounts_are_absent(accounts: dict[str, LinkedAccount], outsider: Persona, ask: Ask) -> None:
    assert table_of(make(ask, outsider)) == []


def test_times_are_in_the_persons_zone_and_the_heading_says_so(
    accounts: dict[str, LinkedAccount], acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    assert acme_master.user is not None
    acme_master.user.time_zone = "America/New_York"
    acme_master.user.save(update_fields=["time_zone"])

    response = as_(acme_master).post(
        "/exports/new/",
        {
            "spec": "uids.accounts",
            "query": "q=1792155717328010",
            "scope": "filter",
            "columns": "all",
            "file_format": "csv",
            "language": "en",
        },
    )

    (row,) = csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode()))  # type: ignore[attr-defined]
    (heading,) = [name for name in row if name.startswith("Associated Time")]
    offset = {"Associated Time (UTC-5)": "2026-01-31 04:48:07", "Associated Time (UTC-4)": "2026-01-31 05:48:07"}
    assert row[heading] == offset[heading]


def test_it_reads_in_one_statement_whatever_the_rows(
    acme_master: Persona, acme: Partner, django_assert_num_queries: Any
) -> None:
    for _number in range(12):
        give_credit(make_account(acme), "10", "1", "1")
    columns = ACCOUNTS.columns_for(acme_master.actor)
    list(ACCOUNTS.rows(acme_master.actor, Selection(""), columns))

    with django_assert_num_queries(1):
        assert len(list(ACCOUNTS.rows(acme_master.actor, Selection(""), columns))) == 12


@pytest.mark.parametrize("language", ["en", "zh-hans", "ja"])
def test_the_import_knows_every_column_of_our_own_file(acme_master: Persona, ask: Ask, language: str) -> None:
    header = read_workbook(content_of(make(ask, acme_master, language=language)))[1][0]
    keys = [column.key for column in ACCOUNTS.columns]
    own = {"payg": "own_payg", "purchase": "own_purchase", "policy": "own_policy"}

    found = guess(header, PartnerKind.RESELLER)

    assert {key: keys[at] for key, at in found.items()} == {
        field.key: own.get(field.key, field.key) for field in FIELDS
    }
