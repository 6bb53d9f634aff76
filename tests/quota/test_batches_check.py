"""Many quotas: what is read, and what the dry run says of every row."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone, translation
from openpyxl import load_workbook

from partner_console.approvals import services as approvals
from partner_console.approvals.models import ApprovalRule
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from partner_console.errors import Forbidden, Invalid
from quota.models import LedgerEntry, QuotaBatch
from quota.models.quota_batch import QuotaBatchState, QuotaRowVerdict
from quota.services import batches, boosts, edit_quota
from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.quota.batch_support import checked, csv_of, rows_of, verdicts, xlsx_of
from tests.quota.support import move
from uids.models import LinkedAccount
from uids.states import Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.personas import Persona

D = Decimal
UIDS = ("1792155717328011", "1792155717328027", "1792155717328033")
V = QuotaRowVerdict


@pytest.fixture
def accounts(acme_finance: Persona) -> list[LinkedAccount]:
    return [make_account(acme_finance.partner, uid, quota=D("1500")) for uid in UIDS]


def test_each_row_says_what_it_would_do_and_nothing_happens(
    acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    move(accounts[0], EntryKind.USAGE, undeducted="100.25")
    batch = checked(acme_finance.actor, csv_of((UIDS[0], "2,000.50"), (UIDS[1], "1500"), (UIDS[2], "20000")))

    first, second, third = rows_of(batch)
    assert (first.before, first.after, first.available) == (D("1500"), D("2000.50"), D("1900.25"))
    assert (first.verdict, first.reason, first.needs_check) == (V.OK, "", False)
    assert second.verdict == V.SAME
    assert (third.verdict, third.reason, third.needs_check) == (V.WARN, "13 times its present quota.", True)
    assert (batch.state, batch.counts) == (QuotaBatchState.CHECKED, {"ok": 1, "same": 1, "warn": 1, "waiting": 2})
    assert not LedgerEntry.objects.filter(kind=EntryKind.QUOTA_ADJUST).exists()


def test_lowering_below_use_is_told_with_its_effect(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    LinkedAccount.objects.filter(pk=accounts[0].pk).update(shutdown_policy=ShutdownPolicy.NO_STOP)
    for account in accounts[:2]:
        move(account, EntryKind.USAGE, undeducted="600")

    batch = checked(acme_finance.actor, csv_of((UIDS[0], "500"), (UIDS[1], "599.99"), (UIDS[2], "0")))

    first, second, third = rows_of(batch)
    assert [row.is_arrears for row in rows_of(batch)] == [True, True, False]
    assert "Available Quota becomes −100.00 USD" in first.reason
    assert "instances keep running" in first.reason
    assert "stop at once" in second.reason
    assert "nothing to spend" in third.reason


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("-5", "A quota is 0 or more."),
        ("+5", "has no sign"),
        ("1.005", "decimal"),
        ("EUR 5", "The amount is in EUR"),
        ("lots", "lots"),
        ("1e5", "1e5"),
        ("99999999999999999", "too large"),
    ],
)
def test_what_is_no_total_is_refused(
    acme_finance: Persona, accounts: list[LinkedAccount], typed: str, reason: str
) -> None:
    (row,) = rows_of(checked(acme_finance.actor, csv_of((UIDS[0], typed))))

    assert row.verdict == V.REFUSE
    assert reason in row.reason
    assert row.after is None


def test_differences_are_added_and_never_below_nothing(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    content = csv_of(
        (UIDS[0], "+250.5"), (UIDS[1], "(1,500)"), (UIDS[2], "-1500.01"), headers=("uid", "Add or subtract")
    )

    rows = rows_of(checked(acme_finance.actor, content))

    assert [row.after for row in rows] == [D("1750.50"), D("0"), None]
    assert "not so much to subtract" in rows[2].reason


def test_a_row_has_a_total_or_a_difference(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    headers = ("Name", "Add or subtract", "UID", "New total")
    content = csv_of(("a", "10", UIDS[0], ""), ("b", "10", UIDS[1], "20"), ("c", "", UIDS[2], ""), headers=headers)

    batch = checked(acme_finance.actor, content)

    assert verdicts(batch) == [V.OK, V.REFUSE], "a row without an amount asks for nothing"
    assert [row.number for row in rows_of(batch)] == [2, 3]


def test_ids_that_are_not_ours_are_refused_each_for_its_reason(
    acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    partner = acme_finance.partner
    make_account(make_partner("umbrella"), "1792155717328044", quota=D("9"))
    make_account(partner, "1792155717328055", quota=D("9"), relationship=Relationship.TERMINATED)
    make_account(partner, "1792155717328066", trustee=accounts[0])
    rows = [
        (UIDS[0], "2"), (UIDS[0], "3"), ("it@acorn.example", "3"), ("", "3"),
        ("1792155717328044", "3"), ("1792155717328055", "3"), ("1792155717328066", "3"), ("1792155717328099", "3"),
    ]  # fmt: skip

    judged = rows_of(checked(acme_finance.actor, csv_of(*rows)))

    assert [row.verdict for row in judged] == [V.OK] + [V.REFUSE] * 7
    words = [row.reason for row in judged]
    assert words[1] == "The same UID stands in row 2. Keep one of the two."
    assert words[2].startswith("E-mail, not a UID.")
    assert words[3].startswith("UID missing.")
    assert words[4] == words[7] == "No account with this UID is linked to you.", "whose it is, nobody is told"
    assert "Terminated" in words[5]
    assert f"spends the quota of its master {UIDS[0]}" in words[6]


def test_ids_a_spreadsheet_cut_stop_the_row_or_the_file(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    (row,) = rows_of(checked(acme_finance.actor, xlsx_of((1792155717328011999, 5)), "quotas.xlsx"))
    assert (row.verdict, "lost digits" in row.reason) == (V.REFUSE, True)

    with pytest.raises(Invalid) as caught:
        checked(acme_finance.actor, csv_of(*[(f"17921557173280{n}0", "5") for n in range(10, 40)]))
    assert caught.value.code == "upload_rounded"
    assert QuotaBatch.objects.count() == 1


@pytest.mark.parametrize(
    "headers", [("账号ID", "新总额"), ("アカウントID", "新しい総額"), ("Customer UID", "new quota")]
)
def test_columns_are_known_in_three_languages(
    acme_finance: Persona, accounts: list[LinkedAccount], headers: tuple[str, str]
) -> None:
    assert verdicts(checked(acme_finance.actor, csv_of((UIDS[0], "5"), headers=headers))) == [V.OK]


@pytest.mark.parametrize("language", ["en", "zh-hans", "ja"])
def test_the_sheet_to_fill_in_comes_in_again(
    acme_finance: Persona, accounts: list[LinkedAccount], tmp_path: Path, language: str
) -> None:
    path = tmp_path / "sheet.xlsx"
    with translation.override(language):
        rows = LinkedAccount.objects.visible_to(acme_finance.actor).order_by("uid")
        assert batches.write_sheet(actor=acme_finance.actor, accounts=rows, path=path) == 3
        book = load_workbook(path)
        sheet = book.worksheets[-1]
        for number, row in enumerate(sheet.iter_rows(min_row=2), 1):
            row[4].value = number * 100
        book.save(path)

        batch = checked(acme_finance.actor, path.read_bytes(), "sheet.xlsx")

    assert [(row.uid, row.before, row.after) for row in rows_of(batch)] == [
        (uid, D("1500"), D(100 * number)) for number, uid in enumerate(UIDS, 1)
    ]


def test_a_paste_needs_no_heads(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    totals = batches.paste(actor=acme_finance.actor, text=f"{UIDS[0]}\t700\n{UIDS[1]}\t800\n")
    changes = batches.paste(actor=acme_finance.actor, text=f"{UIDS[0]}  +1\n{UIDS[1]}\t-2.5\n".replace("  ", "\t"))

    assert [row.after for row in rows_of(totals)] == [D(700), D(800)]
    assert [row.after for row in rows_of(changes)] == [D(1501), D("1497.5")]


def test_heads_that_leave_doubt_are_asked_about(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = checked(acme_finance.actor, csv_of(("x", UIDS[0], "5"), headers=("Name", "UID", "Betrag")))
    assert (batch.state, batch.columns) == (QuotaBatchState.UPLOADED, {"uid": 1, "total": 2})
    for columns, field in (({"uid": 1}, "total"), ({"total": 2}, "uid"), ({"uid": 1, "total": 1}, "total")):
        with pytest.raises(Invalid) as caught:
            batches.settle_columns(actor=acme_finance.actor, batch_pk=batch.pk, columns=columns)
        assert caught.value.field == field

    batches.settle_columns(actor=acme_finance.actor, batch_pk=batch.pk, columns={"uid": 1, "change": 2})
    assert [row.after for row in rows_of(batch)] == [D(1505)]
    batches.settle_columns(actor=acme_finance.actor, batch_pk=batch.pk, columns={"uid": 1, "total": 2})
    assert [row.after for row in rows_of(batch)] == [D(5)]


def test_the_new_total_wins_over_todays(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    headers = ("UID", "Quota Amount (USD)", "New total (USD)")
    batch = checked(acme_finance.actor, csv_of((UIDS[0], "1500", "1600"), (UIDS[1], "1500", ""), headers=headers))
    only = checked(acme_finance.actor, csv_of((UIDS[0], "1700"), headers=headers[:2]))

    assert [row.after for row in rows_of(batch)] == [D(1600)]
    assert [row.after for row in rows_of(only)] == [D(1700)]
    with pytest.raises(Invalid) as caught:
        checked(acme_finance.actor, csv_of((UIDS[0], "1"), headers=("UID", "New total (EUR)")))
    assert caught.value.code == "other_currency"


def test_what_is_no_table_leaves_nothing_behind(acme_finance: Persona) -> None:
    for content in (b"", b"UID,New total\n", csv_of((UIDS[0], "")), csv_of(*[(UIDS[0], "1")] * 5_001)):
        with pytest.raises(Invalid):
            checked(acme_finance.actor, content)
    assert not QuotaBatch.objects.exists()


def test_who_may_not_edit_prepares_nothing(
    acme_readonly: Persona, acme_manager: Persona, agency_master: Persona, accounts: list[LinkedAccount]
) -> None:
    for persona in (acme_readonly, acme_manager, agency_master):
        with pytest.raises(Forbidden):
            checked(persona.actor, csv_of((UIDS[0], "1")))
        with pytest.raises(Forbidden):
            batches.type_in(actor=persona.actor, totals=[(UIDS[0], "1")])


def test_a_request_that_waits_is_pointed_out(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    asked = edit_quota(
        actor=acme_finance.actor, account_pk=accounts[0].pk, version=1, amount=D("20000"), reason="contract"
    )
    assert asked is not None

    (row,) = rows_of(checked(acme_finance.actor, csv_of((UIDS[0], "1600"))))
    assert (row.verdict, row.reason) == (V.WARN, "A change of its money waits for a second person.")
    approvals.withdraw(actor=acme_finance.actor, approval_pk=asked.pk)
    (row,) = rows_of(checked(acme_finance.actor, csv_of((UIDS[0], "1600"))))
    assert row.verdict == V.OK


def test_checking_again_reads_the_figures_of_now(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = checked(acme_finance.actor, csv_of((UIDS[0], "1600")))
    edit_quota(actor=acme_finance.actor, account_pk=accounts[0].pk, version=1, amount=D("1600"), reason="contract")

    batches.recheck(actor=acme_finance.actor, batch_pk=batch.pk)

    assert verdicts(batch) == [V.SAME]


def test_the_partners_rule_says_which_rows_need_a_second_person(
    acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    content = csv_of((UIDS[0], "9999.99"), (UIDS[1], "10000"), (UIDS[2], "10"))
    assert [row.needs_check for row in rows_of(checked(acme_finance.actor, content))] == [False, True, False]

    rule = ApprovalRule.objects.create(partner=acme_finance.partner, action=Action.QUOTA_ADJUSTED, when=When.ALWAYS)
    assert [row.needs_check for row in rows_of(checked(acme_finance.actor, content))] == [True, True, True]
    rule.when = When.NEVER
    rule.save(update_fields=["when"])
    assert [row.needs_check for row in rows_of(checked(acme_finance.actor, content))] == [False, False, False]


def test_typed_totals_are_a_batch_like_any_other(acme_finance: Persona, accounts: list[LinkedAccount]) -> None:
    batch = batches.type_in(actor=acme_finance.actor, totals=[(UIDS[0], "1,600"), (UIDS[1], " ")], query="q=kaito")

    assert [(row.uid, row.after) for row in rows_of(batch)] == [(UIDS[0], D(1600))]
    assert batch.query == "q=kaito"
    with pytest.raises(Invalid):
        batches.type_in(actor=acme_finance.actor, totals=[(UIDS[0], "")])


def test_a_warning_line_that_is_crossed_and_a_boost_are_pointed_out(
    acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    move(accounts[0], EntryKind.USAGE, undeducted="900")
    until = timezone.now() + timedelta(days=3)
    boosts.start_boost(
        actor=acme_finance.actor, account_pk=accounts[1].pk, version=1, amount=D("50"), until=until, reason="campaign"
    )

    first, second, third = rows_of(
        checked(acme_finance.actor, csv_of((UIDS[0], "1100"), (UIDS[1], "1600"), (UIDS[2], "1100")))
    )
    assert (first.verdict, first.available) == (V.WARN, D("200"))  # of 1,100: below 20 %
    assert first.reason == "Available Quota will be below a warning line (20 %): the alert recipients are told."
    assert (second.verdict, second.before) == (V.WARN, D("1550"))
    assert second.reason.startswith("A temporary boost of +50.00 USD is part of the Quota Amount until ")
    assert (third.verdict, third.reason) == (V.OK, "")


def test_five_thousand_rows_ask_the_database_as_much_as_five(
    acme_finance: Persona, accounts: list[LinkedAccount], django_assert_max_num_queries: object
) -> None:
    rows = [(f"{1_792_155_000_000_011 + 37 * n}", "5") for n in range(2_000)]
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        batch = batches.upload(actor=acme_finance.actor, file=io.BytesIO(csv_of(*rows)), file_name="many.csv")

    assert batch.counts == {"refuse": 2_000}
