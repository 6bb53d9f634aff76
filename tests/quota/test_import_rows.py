"""What becomes of a row: each reason to refuse it, to look at it, or to leave it as it is."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import openpyxl
import pytest
from django.utils import timezone, translation

from partner_console.access.policy import PartnerKind
from partner_console.errors import Invalid
from quota.models import AccountImport, CreditAccount, LedgerEntry
from quota.models.imports import ImportState
from quota.services import imports
from quota.services.imports.columns import guess, zone_of
from tests.factories import make_account
from tests.quota.import_support import (
    FILES,
    OTHER_UID,
    UID,
    bring_in,
    check,
    csv_of,
    one_verdict,
    upload,
    verdicts,
)
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from partner_console.access.models import Partner
    from tests.personas import Persona

pytestmark = pytest.mark.django_db
QUOTA = ("UID", "Quota Amount", "Consumed & Deducted Value", "Consumed & Undeducted Value", "Available Quota")


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.mark.parametrize(
    ("header", "cell", "reason"),
    [
        ("Nickname", "界" * 51, "Nickname: 153 bytes, at most 150."),
        ("Remarks", "界" * 1001, "Remarks: 3003 bytes, at most 3000."),
        ("Business Manager", "x" * 51, "Business Manager: 51 characters, at most 50."),
        ("Account Status", "Sleeping", "“Sleeping” is not understood. Understood are: Normal, To Be Confirmed,"),
        ("Shutdown Policy", "maybe", "Understood are: Immediate shutdown, Delayed shutdown, No shutdown."),
        ("Purchase Control", "perhaps", "Understood are: Normal, Disabled."),
        ("PAYG Freeze Status", "cold", "Understood are: Normal, Frozen by the partner"),
        ("Account Type", "Agency end user", "not possible for a partner of kind Reseller."),
        ("Country", "Atlantis", "“Atlantis” is no country we know."),
        ("Associated Time", "31/01/2026", "“31/01/2026” is not a clear time."),
        ("Quota Warning Threshold (%)", "0", "between 1 and 100"),
        ("Quota Warning Threshold (%)", "101", "between 0 and 100"),
        ("Quota Amount", "12.345", "has more than 2 decimal places"),
        ("Quota Amount", "-1", "A quota is 0 or more."),
        ("Quota Amount", "12,5", "is not a clear number"),
        ("Quota Amount", "EUR 12", "The amount is in EUR, expected USD."),
        ("Consumed & Undeducted Value", "0.0000001", "has more than 6 decimal places"),
        ("Overdraft", "-1", "An overdraft is 0 or more."),
        ("Financial Trusteeship Master UID", UID, "An account cannot be its own master."),
        ("Financial Trusteeship Master UID", OTHER_UID, f"Its master {OTHER_UID} is neither linked to you nor in"),
        ("Financial Trusteeship Master UID", "a@b.example", "Financial Trusteeship Master UID: e-mail, not a UID"),
    ],
)
def test_a_cell_that_cannot_be_taken_refuses_the_row(acme_master: Persona, header: str, cell: str, reason: str) -> None:
    verdict, said = one_verdict(acme_master.actor, ["UID", header], [UID, cell])

    assert verdict == "refuse"
    assert reason in said


@pytest.mark.parametrize(
    ("typed", "verdict", "reason"),
    [
        ("", "refuse", "UID missing"),
        ("ops@acme.example", "refuse", "E-mail, not a UID."),
        ("5.26018E+15", "refuse", "Spreadsheet notation lost digits."),
        ("acorn-games", "refuse", "Login name, not a UID."),
        ("526018159083", "warn", "12 digits"),
        ("５２６０ 1815-9083 0166", "warn", "No Quota Amount"),
    ],
)
def test_the_uid_is_recognised_like_everywhere(acme_master: Persona, typed: str, verdict: str, reason: str) -> None:
    found, said = one_verdict(acme_master.actor, ["UID", "Nickname"], [typed, "Acorn"])

    assert found == verdict
    assert reason in said


def test_figures_that_do_not_add_up_are_refused_with_the_numbers(acme_master: Persona) -> None:
    verdict, reason = one_verdict(acme_master.actor, QUOTA, [UID, "100", "20.5", "1.000001", "78.50"])

    assert verdict == "refuse"
    assert "100.00 − 20.50 − 1.000001 = 78.499999, but Available Quota says 78.50." in reason


def test_the_smallest_amount_is_kept_and_a_negative_zero_is_zero(acme_master: Persona) -> None:
    job = bring_in(
        acme_master.actor,
        csv_of(QUOTA, [UID, "0.01", "-0.00", "0.000001", "0.009999"], [OTHER_UID, "0", "-5.25", "0", "5.25"]),
    )

    assert job.counts == {"create": 2}
    credits = {credit.account.uid: credit for credit in CreditAccount.objects.select_related("account")}
    assert [credits[UID].deducted, credits[UID].undeducted] == [Decimal(0), Decimal("0.000001")]
    assert credits[UID].available == Decimal("0.009999")
    assert credits[OTHER_UID].deducted == Decimal("-5.25")
    assert list(LedgerEntry.objects.filter(credit=credits[UID]).values_list("kind", flat=True).order_by("seq")) == [
        "quota_create",
        "sync",
    ]


@pytest.mark.parametrize("reverse", [False, True])
def test_sub_accounts_find_their_master_in_any_order(acme_master: Persona, reverse: bool) -> None:  # noqa: FBT001
    rows = [[UID, "100", ""], [OTHER_UID, "", UID], ["5181909378657975", "0", UID]]
    headers = ["UID", "Quota Amount", "Financial Trusteeship Master UID"]

    job = bring_in(acme_master.actor, csv_of(headers, *(rows[::-1] if reverse else rows)))

    assert job.counts == {"create": 3}
    master = LinkedAccount.objects.get(uid=UID)
    assert set(master.sub_accounts.values_list("uid", flat=True)) == {OTHER_UID, "5181909378657975"}
    assert [credit.account_id for credit in CreditAccount.objects.all()] == [master.pk]


def test_a_master_must_be_live_imported_and_no_sub_account_itself(acme_master: Persona, acme: Partner) -> None:
    linked = make_account(acme, "1111111111111111")
    make_account(acme, "2222222222222222", trustee=linked)
    headers = ["UID", "Account Status", "Quota Amount", "Financial Trusteeship Master UID"]
    rows = [
        ["3333333333333331", "Normal", "", "1111111111111111"],  # a master linked before
        ["3333333333333332", "Normal", "", "2222222222222222"],  # that one's sub-account
        ["3333333333333333", "Normal", "", "3333333333333331"],  # a sub-account of this file
        ["4444444444444441", "Terminated", "5", ""],
        ["3333333333333334", "Normal", "", "4444444444444441"],
        ["4444444444444442", "Asleep", "5", ""],
        ["3333333333333335", "Normal", "", "4444444444444442"],
        ["3333333333333336", "Normal", "7", "1111111111111111"],  # money of its own
    ]

    job = bring_in(acme_master.actor, csv_of(headers, *rows))

    found = verdicts(job)
    assert [verdict for verdict, _reason in found] == [
        "create", "refuse", "refuse", "create", "refuse", "refuse", "refuse", "refuse",
    ]  # fmt: skip
    reasons = [reason for _verdict, reason in found]
    assert "2222222222222222 is itself a sub-account" in reasons[1]
    assert "3333333333333331 is itself a sub-account (row 2)" in reasons[2]
    assert "4444444444444441 (row 5) is no longer linked" in reasons[4]
    assert "4444444444444442 (row 7) was not imported" in reasons[6]
    assert "its own figures must be empty or 0" in reasons[7]
    assert sum(job.counts.values()) == len(rows)


def test_ended_links_come_in_as_records(acme_master: Persona, outsider: Persona) -> None:
    assert outsider.partner is not None
    make_account(outsider.partner, UID)  # live at somebody else's by now

    job = bring_in(acme_master.actor, csv_of(["UID", "Account Status", "Quota Amount"], [UID, "Deleted", "10"]))

    assert job.counts == {"create": 1}
    assert not LinkedAccount.objects.get(partner=acme_master.partner).is_live


def test_a_uid_linked_elsewhere_is_refused_without_saying_whose(acme_master: Persona, outsider: Persona) -> None:
    assert outsider.partner is not None
    make_account(outsider.partner, UID)

    verdict, reason = one_verdict(acme_master.actor, ["UID", "Quota Amount"], [UID, "5"])

    assert verdict == "refuse"
    assert "linked elsewhere" in reason
    assert "globex" not in reason.lower()


def test_one_that_is_here_with_other_values_is_left_as_it_is(acme_master: Persona, acme: Partner) -> None:
    make_account(acme, UID, quota=Decimal(100), nickname="Acorn", remarks="old")

    job = check(acme_master.actor, csv_of(["UID", "Nickname", "Remarks", "Quota"], [UID, "Acorn", "new", "250"]))

    assert verdicts(job) == [("differs", "Differs in: Remarks, Quota Amount. Not changed.")]
    assert job.n_coming_in == 0
    assert LinkedAccount.objects.get(uid=UID).remarks == "old"


HEADS = ["UID", "PAYG Freeze Status", "Shutdown Policy", "Quota Amount", "Consumed & Undeducted Value"]


@pytest.mark.parametrize(
    ("payg", "policy", "used", "is_told"),
    [
        ("Normal", "immediatelyStop", "100.000001", True),
        ("Normal", "immediatelyStop", "100", False),
        ("Normal", "delayStop", "700", False),
        ("Normal", "delayStop", "700.01", True),
        ("Normal", "noStop", "9999", False),
        ("Stopped by arrears", "immediatelyStop", "150", False),
    ],
)
def test_whoever_arrears_will_stop_is_told_before_the_import(
    acme_master: Persona, payg: str, policy: str, used: str, *, is_told: bool
) -> None:
    _verdict, reason = one_verdict(acme_master.actor, HEADS, [UID, payg, policy, "100", used])

    assert ("In arrears: Available Quota is −" in reason) is is_told
    assert ("pay-as-you-go instances stop at once and are released 15 days later" in reason) is is_told


def test_a_stop_by_arrears_is_no_difference_to_the_file(acme_master: Persona, acme: Partner) -> None:
    row = [UID, "Normal", "immediatelyStop", "100", "150"]
    bring_in(acme_master.actor, csv_of(HEADS, row))
    LinkedAccount.objects.update(payg_stopped_at=timezone.now())

    again = check(acme_master.actor, csv_of(HEADS, row))
    assert again.counts == {"unchanged": 1}
    assert again.is_all_here

    other = check(acme_master.actor, csv_of(HEADS, [UID, "Shutdown", *row[2:]]))
    assert verdicts(other) == [("differs", "Differs in: PAYG Freeze Status. Not changed.")]


def test_a_uid_twice_in_the_file_comes_in_once(acme_master: Persona) -> None:
    job = bring_in(acme_master.actor, csv_of(["UID", "Quota"], [UID, "1"], [OTHER_UID, "1"], [UID, "2"]))

    assert verdicts(job)[2] == ("refuse", "The same UID stands in row 2.")
    assert CreditAccount.objects.get(account__uid=UID).amount == 1


def test_a_lookalike_of_a_known_uid_is_pointed_out(acme_master: Persona, acme: Partner) -> None:
    make_account(acme, UID)
    swapped = UID[:6] + UID[7] + UID[6] + UID[8:]

    verdict, reason = one_verdict(acme_master.actor, ["UID", "Quota Amount"], [swapped, "5"])

    assert verdict == "warn"
    assert f"Looks like {UID}" in reason


def test_other_things_worth_a_look_come_in(acme_master: Persona, acme: Partner) -> None:
    acme.contract_countries = ["SG"]
    acme.save(update_fields=["contract_countries"])
    headers = ["UID", "Country", "E-mail", "Account Type", "Shutdown Policy", "PAYG Freeze Status", "Quota"]

    job = bring_in(
        acme_master.actor, csv_of(headers, [UID, "Japan", "ops", "T2 reseller", "delayStop", "Stopped by arrears", "1"])
    )

    ((verdict, reason),) = verdicts(job)
    assert verdict == "warn"
    for words in (
        "JP is outside your contract",
        "no e-mail address",
        "distributors only",
        "600",
        "count from the import",
    ):
        assert words in reason
    account = LinkedAccount.objects.get(uid=UID)
    assert (account.country, account.overdraft) == ("JP", Decimal(600))
    assert account.payg_stopped_at is not None


def test_rounded_uids_stop_the_whole_file(acme_master: Persona) -> None:
    job = check(acme_master.actor, (FILES / "crm-rounded.csv").read_bytes(), "crm-rounded.csv")

    assert job.state == ImportState.FAILED
    assert "a spreadsheet has probably rounded them. Nothing was imported." in job.error
    assert not LinkedAccount.objects.exists()


def test_a_uid_stored_as_a_number_is_refused(acme_master: Persona, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["UID", "Quota"])
    book.active.append([5260181590830160, 5])
    book.active.append([OTHER_UID, 5.5])
    book.save(tmp_path / "numbers.xlsx")

    job = check(acme_master.actor, (tmp_path / "numbers.xlsx").read_bytes())

    assert [verdict for verdict, _reason in verdicts(job)] == ["refuse", "create"]
    assert "lost digits" in verdicts(job)[0][1]


def test_a_shifted_row_is_refused(acme_master: Persona) -> None:
    job = check(acme_master.actor, csv_of(["UID", "Quota"], [UID, "1"], [OTHER_UID, "1", "beyond"]))

    assert verdicts(job)[1][0] == "refuse"
    assert "“beyond”" in verdicts(job)[1][1]


CHINESE = [
    "用户ID", "昵称", "账号类型", "国家", "账号状态", "按量付费冻结状态", "购买控制", "停机策略", "额度",
    "预警阈值",
    "关联时间 (UTC+8)",
]  # fmt: skip
JAPANESE = [
    "アカウントID", "ニックネーム", "アカウントタイプ", "国", "アカウントステータス", "従量課金凍結ステータス",
    "購入制御",
    "停止ポリシー", "クォータ額", "警告しきい値", "関連付け日時 (UTC+9)",
]  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "words", "encoding", "hour"),
    [
        (CHINESE, ["经销商终端客户", "日本", "待确认", "停机", "禁止购买", "延迟停机"], "gb18030", 9),
        (JAPANESE, ["リセラーエンドユーザー", "日本", "確認待ち", "凍結", "購入禁止", "遅延停止"], "cp932", 8),
    ],
)
def test_files_in_chinese_and_japanese_are_understood(
    acme_master: Persona, headers: list[str], words: list[str], encoding: str, hour: int
) -> None:
    kind, country, status, payg, purchase, policy = words
    row = [UID, "富士見", kind, country, status, payg, purchase, policy, "1000", "30", "2026-01-31 17:00:00"]

    job = bring_in(acme_master.actor, csv_of(headers, row, encoding=encoding))

    assert job.state == ImportState.DONE, job.error
    account = LinkedAccount.objects.get(uid=UID)
    assert (account.nickname, account.account_type, account.country) == ("富士見", 2, "JP")
    assert (account.relationship, account.payg_frozen, account.purchase_control) == ("to_be_confirmed", True, "ban")
    assert (account.shutdown_policy, account.credit.amount, account.credit.warning_percent) == (
        "delayStop",
        Decimal(1000),
        30,
    )
    assert account.linked_at.hour == hour


@pytest.mark.parametrize("language", ["en", "zh-hans", "ja"])
def test_our_own_export_is_recognised_in_every_language(language: str) -> None:
    from partner_console.exports.cells import header  # noqa: PLC0415
    from uids.exports import COLUMNS  # noqa: PLC0415

    with translation.override(language):
        headers = [header(column, zone_of("(UTC+8)", zone_of("UTC", None))) for column in COLUMNS]  # type: ignore[arg-type]

    found = guess(headers, PartnerKind.RESELLER)

    expected = {
        "uid", "login", "nickname", "type", "email", "mobile", "country", "manager", "remarks", "linked", "status",
        "overdraft", "amount", "deducted", "undeducted", "available", "warning", "master", "environment", "cid",
        "is_enterprise", "is_certified",
    }  # fmt: skip
    keys = [column.key for column in COLUMNS]
    assert {key: keys[at] for key, at in found.items() if key in expected} == {key: key for key in expected}
    assert [keys[found[key]] for key in ("payg", "purchase", "policy")] == ["own_payg", "own_purchase", "own_policy"]


def test_an_agency_brings_in_neither_quota_nor_controls(agency_master: Persona) -> None:
    headers = ["UID", "Nickname", "Business Manager", "Quota Amount", "PAYG Freeze Status", "Available Quota"]

    job = bring_in(agency_master.actor, csv_of(headers, [UID, "Acorn", "Mei", "100", "Shutdown", "3"]))

    assert job.columns == {"uid": 0, "nickname": 1}
    account = LinkedAccount.objects.get(uid=UID)
    assert (account.account_type, account.payg_frozen, account.business_manager) == (1, False, "")
    assert not CreditAccount.objects.exists()
    second = upload(agency_master.actor, csv_of(headers, [OTHER_UID, "A", "", "1", "", "1"]))
    with pytest.raises(Invalid):
        imports.settle_columns(actor=agency_master.actor, job_pk=second.pk, columns={"uid": 0, "amount": 3})


def test_columns_are_judged_before_any_row(acme_master: Persona) -> None:
    job = upload(acme_master.actor, csv_of(["UID", "Quota (EUR)", "Name"], [UID, "1", "x"]))
    actor = acme_master.actor

    for columns, field in (
        ({"nickname": 2}, "uid"),
        ({"uid": 0, "login": 0}, "login"),
        ({"uid": 0, "amount": 1}, "amount"),
    ):
        with pytest.raises(Invalid) as refused:
            imports.settle_columns(actor=actor, job_pk=job.pk, columns=columns)
        assert refused.value.field == field
    assert AccountImport.objects.get().state == ImportState.UPLOADED


def test_text_our_own_csv_made_harmless_comes_back_as_it_was(acme_master: Persona) -> None:
    bring_in(
        acme_master.actor, csv_of(["UID", "Remarks", "Quota"], [f"'{UID}", "'=1+1", "1"], [OTHER_UID, "'quoted'", "1"])
    )

    remarks = dict(LinkedAccount.objects.values_list("uid", "remarks"))
    assert remarks == {UID: "=1+1", OTHER_UID: "'quoted'"}
