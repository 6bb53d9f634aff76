"""The dry run: every row of the onboarding sheets gets its verdict, and nothing is sent."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from linking import services
from linking.models import BatchRow, Invitation, LinkBatch
from linking.models.batch import BatchState
from linking.services import batches
from linking.states import DeclineReason
from partner_console.access.actor import system_actor
from partner_console.errors import Forbidden, Invalid, NotFound
from tests.factories import make_account
from tests.linking.batch_support import FILES, HEADERS, checked, csv_of, verdicts
from tests.linking.conftest import UID, send
from tests.quota.import_support import LIST, bring_in
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

ROW = (UID, "Kaito Trading", "kaito@customer.example", "JP", "1500.00")


def command(*args: str) -> tuple[list[dict[str, str]], int]:
    """The CSV of `import_links` and its exit status."""
    out, status = io.StringIO(newline=""), 0
    try:
        call_command("import_links", *args, "--partner", "acme", stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        status = int(end.code or 0)
    except CommandError as error:
        status = error.returncode
    return list(csv.DictReader(io.StringIO(out.getvalue()))), status


def one(persona: Persona, *row: str, **defaults: Any) -> tuple[str, str]:
    (found,) = verdicts(checked(persona.actor, csv_of(row), **defaults))
    return found


def test_the_onboarding_sheet_gets_exactly_its_expected_verdicts(acme: Partner) -> None:
    bring_in(system_actor("import_uids", partner=acme), LIST.read_bytes(), LIST.name)
    with (FILES / "crm-onboarding.csv").open(encoding="utf-8-sig", newline="") as file:
        sheet = list(csv.DictReader(file))

    rows, status = command(str(FILES / "crm-onboarding.csv"), "--dry-run")

    said = [f"{row['verdict']}: {row['reason']}" if row["reason"] else row["verdict"] for row in rows]
    assert said == [row["expected"] for row in sheet]
    cleaned = [(row["cleaned UID"], line["cleaned UID"]) for row, line in zip(rows, sheet, strict=True)]
    assert all(ours == theirs for ours, theirs in cleaned if theirs)
    assert status == 1, "some rows are refused"
    assert not Invitation.objects.exists()
    large = [row["note"] for row, line in zip(rows, sheet, strict=True) if line["cleaned UID"] == "5294314285812707"]
    assert large == ["needs a second person: Your rules ask for a second person from 10,000.00 USD."]


def test_a_file_whose_ids_a_spreadsheet_cut_is_stopped_as_a_whole(acme: Partner) -> None:
    rows, status = command(str(FILES / "crm-rounded.csv"), "--dry-run")

    assert (rows, status) == ([], 2)
    batch = LinkBatch.objects.get()
    assert batch.state == BatchState.FAILED
    assert "a spreadsheet has probably rounded them" in batch.error


def test_a_batch_is_shown_while_it_is_checked_and_when_it_was_stopped(
    acme_manager: Persona, as_: Callable[[Persona], Client]
) -> None:
    """Rows without a verdict."""
    actor, file = acme_manager.actor, FILES / "crm-rounded.csv"
    batch = batches.upload(actor=actor, file=io.BytesIO(file.read_bytes()), file_name=file.name)
    batches.settle_columns(actor=actor, batch_pk=batch.pk, columns=batch.columns, defaults={}, in_background=False)
    address = reverse("linking:batch_detail", args=[batch.pk])

    assert as_(acme_manager).get(address).status_code == 200
    batches.run_batch(batch_pk=batch.pk)
    stopped = as_(acme_manager).get(address)

    assert (stopped.status_code, set(BatchRow.objects.values_list("verdict", flat=True))) == (200, {""})
    assert "a spreadsheet has probably rounded them" in stopped.content.decode()


def test_the_command_refuses_what_it_cannot_use(acme: Partner, tmp_path: Any) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    no_mail = tmp_path / "no-mail.csv"
    no_mail.write_text("UID,Company\n5113766248601929,Kaito\n")

    assert command(str(empty))[1] == 2
    assert command(str(no_mail))[1] == 2, "the e-mail column is missing"
    assert command(str(tmp_path / "absent.csv"))[1] == 2
    with pytest.raises(CommandError):
        call_command("import_links", str(empty), "--partner", "nobody")
    assert not Invitation.objects.exists()


def test_the_command_hands_good_rows_to_the_worker(acme: Partner, tmp_path: Any) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(csv_of(ROW, ("=cmd()", "Evil", "e@x.example", "JP", "1")))

    rows, status = command(str(file))

    assert [(row["row"], row["verdict"], row["cleaned UID"]) for row in rows] == [("2", "ok", UID), ("3", "refuse", "")]
    assert rows[1]["as typed"] == "'=cmd()", "a spreadsheet must not run it"
    assert status == 1
    assert LinkBatch.objects.get().state == BatchState.QUEUED


@pytest.mark.parametrize(
    ("change", "verdict", "reason"),
    [
        ({}, "ok", ""),
        ({1: ""}, "refuse", "Company missing."),
        ({2: ""}, "refuse", "E-mail missing."),
        ({2: "kaito"}, "refuse", "“kaito” is no e-mail address."),
        (
            {3: "Atlantis"},
            "refuse",
            "Country: “Atlantis” is no country we know. Write its two-letter code, such as SG.",
        ),
        ({4: ""}, "refuse", "Starting quota missing; 0 means nothing to spend."),
        ({4: "-1"}, "refuse", "Starting quota: A quota is 0 or more."),
        ({4: "EUR 5"}, "refuse", "Starting quota: The amount is in EUR, expected USD."),
        ({4: "0"}, "ok", ""),
        ({0: "5555"}, "warn", "unusual length, a UID has 16 digits"),
    ],
)
def test_a_row_is_judged_by_what_it_says(
    acme_manager: Persona, change: dict[int, str], verdict: str, reason: str
) -> None:
    row = [change.get(at, cell) for at, cell in enumerate(ROW)]

    assert one(acme_manager, *row) == (verdict, reason)


def test_a_row_is_judged_by_what_is_known(acme_manager: Persona, outsider: Persona) -> None:
    make_account(outsider.partner, UID)
    assert one(acme_manager, *ROW) == ("refuse", "linked elsewhere")
    other = ("6113766248601929", *ROW[1:])
    invitation = send(acme_manager, uid=other[0])
    assert one(acme_manager, *other) == ("refuse", "has an open invitation")
    services.decline(
        actor=services.customer_actor(invitation), token=invitation.fresh_token, code=DeclineReason.TERMS, reason=""
    )
    assert one(acme_manager, *other) == ("warn", "declined your last invitation")
    ended = ("7113766248601929", *ROW[1:])
    make_account(acme_manager.partner, ended[0], relationship=Relationship.TERMINATED)
    assert one(acme_manager, *ended) == ("refuse", "already linked"), "one by one, with a diff"
    assert one(acme_manager, acme_manager.partner.master_uid, *ROW[1:]) == ("refuse", "your own master account")


def test_two_rows_of_one_uid(acme_manager: Persona) -> None:
    batch = checked(acme_manager.actor, csv_of(ROW, ("5113 7662 4860 1929", *ROW[1:])))

    assert verdicts(batch) == [("ok", ""), ("refuse", "the same UID stands in row 2")]


def test_countries_outside_the_contract_are_refused(acme_manager: Persona) -> None:
    acme_manager.partner.contract_countries = ["SG"]
    acme_manager.partner.save()

    assert one(acme_manager, *ROW) == ("refuse", "JP is outside your contract.")


def test_what_all_rows_share_is_said_once(acme_manager: Persona) -> None:
    content = csv_of((UID, "Kaito", "k@x.example"), headers=("UID", "Company", "E-mail"))

    batch = checked(acme_manager.actor, content, quota="25.50", language="ja", environment="sandbox")

    assert verdicts(batch) == [("ok", "")]


def test_an_agencys_file_has_no_money(agency_master: Persona) -> None:
    batch = checked(agency_master.actor, csv_of(ROW))

    assert "quota" not in batch.columns
    assert verdicts(batch) == [("ok", "")]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        (f"{UID}\tKaito\tk@x.example", {"uid": 0, "company": 1, "email": 2}),
        (f"k@x.example, {UID}, Kaito Trading", {"uid": 1, "company": 2, "email": 0}),
        (f"客户UID\t公司\t邮箱\n{UID}\tKaito\tk@x.example", {"uid": 0, "company": 1, "email": 2}),
        (f"会社名\tメールアドレス\tUID\nKaito\tk@x.example\t{UID}", {"uid": 2, "company": 0, "email": 1}),
    ],
)
def test_pasted_rows_need_no_header(acme_manager: Persona, text: str, columns: dict[str, int]) -> None:
    assert batches.paste(actor=acme_manager.actor, text=text).columns == columns


def test_columns_are_settled_by_people(acme_manager: Persona, outsider: Persona) -> None:
    actor = acme_manager.actor
    batch = batches.upload(actor=actor, file=io.BytesIO(csv_of(ROW)), file_name="C:\\tmp\\a.csv")
    assert batch.title == "a.csv"
    for columns in ({"uid": 0, "company": 1}, {"uid": 0, "company": 0, "email": 2}, {"nonsense": 1}, {"uid": 99}):
        with pytest.raises(Invalid):
            batches.settle_columns(actor=actor, batch_pk=batch.pk, columns=columns)
    with pytest.raises(NotFound):
        batches.settle_columns(actor=outsider.actor, batch_pk=batch.pk, columns=batch.columns)
    euro = csv_of(ROW, headers=(*HEADERS[:4], "Credit line EUR"))
    other = batches.upload(actor=actor, file=io.BytesIO(euro), file_name="b.csv")
    with pytest.raises(Invalid, match="EUR"):
        batches.settle_columns(actor=actor, batch_pk=other.pk, columns={**batch.columns})


def test_more_than_5000_rows_and_other_peoples_rights(acme_manager: Persona, acme_readonly: Persona) -> None:
    long = b"UID,Company,E-mail\n" + b"5113766248601929,K,k@x.example\n" * 5001
    with pytest.raises(Invalid, match="5000"):
        batches.upload(actor=acme_manager.actor, file=io.BytesIO(long), file_name="long.csv")
    with pytest.raises(Forbidden):
        batches.paste(actor=acme_readonly.actor, text=f"{UID}\tK\tk@x.example")
    assert not BatchRow.objects.exists()


def test_the_check_costs_the_database_the_same_for_few_rows_and_for_many(
    acme_manager: Persona, django_assert_max_num_queries: Any
) -> None:
    def cost(n: int) -> int:
        rows = [(f"51137662486{19_017 + 37 * i}", "C", f"c{i}@x.example", "JP", "1") for i in range(n)]
        batch = batches.upload(actor=acme_manager.actor, file=io.BytesIO(csv_of(*rows)), file_name="c.csv")
        batches.settle_columns(actor=acme_manager.actor, batch_pk=batch.pk, columns=batch.columns, in_background=False)
        with django_assert_max_num_queries(60) as queries:
            batches.run_batch(batch_pk=batch.pk)
        return len(queries)

    make_account(acme_manager.partner)
    assert cost(3) == cost(300)
