"""The pages of imports: from the file to the refused rows, for who may, and for nobody else."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from quota.models import AccountImport
from quota.models.imports import ImportState
from quota.services import imports
from tests.quota.import_support import LIST, OTHER_UID, UID, bring_in, check, csv_of, upload, verdicts
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.personas import Persona

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


def page(name: str, job: AccountImport | None = None) -> str:
    return reverse(f"quota:import_{name}", args=[job.pk] if job else [])


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_from_the_file_to_the_result(
    acme_master: Persona, as_: Callable[[Persona], Client], django_capture_on_commit_callbacks: Any
) -> None:
    client = as_(acme_master)
    assert "No imports yet" in text(client.get(page("list")))
    content = csv_of(
        ["User-ID", "Nickname", "Quota", "Colour"], [UID, "Acorn", "5.5", "red"], ["x@y.example", "B", "1", ""]
    )

    response = client.post(page("new"), {"file": SimpleUploadedFile("my list.csv", content)})

    job = AccountImport.objects.get()
    assert (response.status_code, response["Location"]) == (303, page("columns", job))
    columns = text(client.get(page("columns", job)))
    assert "my list.csv" in columns
    assert "Not read: Colour." in columns
    assert f"{UID} · x@y.example" in columns
    assert '<option value="0" selected>User-ID</option>' in columns

    with django_capture_on_commit_callbacks(execute=True):
        client.post(page("columns", job), {"uid": "0", "nickname": "1", "amount": "2"})

    checked = text(client.get(page("detail", job)))
    assert "Nothing is written yet. Starting links 1 customer to you" in checked
    assert "E-mail, not a UID" in checked
    assert not LinkedAccount.objects.exists()

    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(page("run", job)).status_code == 303

    done = text(client.get(page("detail", job)))
    assert "1 customer came in. 1 row did not" in done
    assert reverse("uids:account_detail", args=[UID]) in done
    assert "my list.csv" in text(client.get(page("list")))
    assert client.post(page("run", job)).status_code == 409


def test_a_file_that_is_no_table_is_refused_beside_the_field(
    acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_master)

    response = client.post(page("new"), {"file": SimpleUploadedFile("x.csv", b"%PDF-1.7 nothing")})

    assert response.status_code == 422
    assert "id_file_error" in text(response)
    assert client.post(page("new")).status_code == 422
    assert not AccountImport.objects.exists()


def test_a_missing_uid_column_is_said_beside_the_field(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    job = upload(acme_master.actor, csv_of(["Colour", "Name"], ["red", "x"]))

    response = as_(acme_master).post(page("columns", job), {"nickname": "1"})

    assert response.status_code == 422
    assert "id_uid_error" in text(response)
    job.refresh_from_db()
    assert job.state == ImportState.UPLOADED


def test_another_encoding_is_read_when_the_guess_was_wrong(
    acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    content = csv_of(["UID", "Nickname"], [UID, "ﾃｽﾄ"], encoding="cp932")
    job = upload(acme_master.actor, content, encoding="cp1252")

    as_(acme_master).post(page("reread", job), {"encoding": "cp932"})

    assert "ﾃｽﾄ" in text(as_(acme_master).get(page("columns", job)))


def test_progress_is_asked_for_until_it_is_final(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    client, job = as_(acme_master), check(acme_master.actor, csv_of(["UID", "Quota"], [UID, "1"]))
    imports.start(actor=acme_master.actor, job_pk=job.pk, in_background=False)

    waiting = client.get(page("progress", job), headers=FRAGMENT)

    assert waiting.status_code == 200
    assert 'hx-trigger="every 2s"' in text(waiting)
    assert "<html" not in text(waiting)
    assert client.get(page("list"), headers=FRAGMENT).status_code == 200
    assert client.get(page("progress", job))["Location"] == page("detail", job)  # without scripts, the page itself

    assert client.post(page("cancel", job)).status_code == 303

    final = client.get(page("progress", job), headers=FRAGMENT)
    assert (final.status_code, final["HX-Refresh"]) == (286, "true")
    assert "hx-trigger" not in text(final)
    assert client.get(page("list"), headers=FRAGMENT).status_code == 286


def test_verdicts_are_filtered_by_the_url(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    job = check(
        acme_master.actor, csv_of(["UID", "Nickname", "Quota"], [UID, "Acorn", "1"], ["a@b.example", "Bad", "1"])
    )
    client = as_(acme_master)

    refused = text(client.get(page("detail", job), {"verdict": "refuse", "sort": "row"}))

    assert "a@b.example" in refused
    assert "Acorn" not in refused
    assert client.get(page("detail", job), {"verdict": "nonsense", "sort": "row"}).status_code == 422
    fragment = client.get(page("detail", job), {"q": UID[:5], "sort": "row"}, headers=FRAGMENT)
    assert "Acorn" in text(fragment)
    assert "a@b.example" not in text(fragment)


def test_refused_rows_come_back_with_the_reason_and_in_again_once_corrected(
    acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    headers = ["UID", "Remarks", "Quota", "Colour"]
    content = csv_of(headers, [UID, "fine", "1", ""], [OTHER_UID, "=1+1", "0.001", "red"])
    job = bring_in(acme_master.actor, content)

    response = as_(acme_master).get(page("refused", job))

    downloaded = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    sheet = openpyxl.load_workbook(io.BytesIO(downloaded)).worksheets[1]
    header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert header == [*headers, "Reason"]
    assert [row[:4] for row in rows] == [[OTHER_UID, "=1+1", "0.001", "red"]]
    assert "has more than 2 decimal places" in rows[0][4]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}

    book = openpyxl.load_workbook(io.BytesIO(downloaded))
    book.worksheets[1]["C2"].value = "0.01"
    corrected = io.BytesIO()
    book.save(corrected)
    again = bring_in(acme_master.actor, corrected.getvalue(), "refused.xlsx")

    assert again.counts == {"create": 1}
    assert LinkedAccount.objects.get(uid=OTHER_UID).remarks == "=1+1"


def test_our_own_export_comes_in_again_unchanged(acme_master: Persona) -> None:
    from datetime import timedelta, timezone  # noqa: PLC0415
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    from partner_console.exports.delimited import csv_rows  # noqa: PLC0415
    from uids.exports import COLUMNS, read  # noqa: PLC0415
    from uids.selectors import list_accounts  # noqa: PLC0415

    bring_in(acme_master.actor, LIST.read_bytes(), LIST.name)

    for zone in (timezone(timedelta(hours=-3)), ZoneInfo("Europe/Berlin")):
        rows = read(acme_master.actor, list_accounts(acme_master.actor), COLUMNS)
        content = "".join(csv_rows(COLUMNS, rows, zone=zone, id_safe=True)).encode()
        job = check(acme_master.actor, content)

        assert job.counts == {"unchanged": 2400}, verdicts(job)[:3]


@pytest.mark.parametrize("name", ["detail", "progress", "columns", "refused", "run", "cancel", "change", "reread"])
def test_another_partners_import_does_not_exist(
    acme_master: Persona, outsider: Persona, as_: Callable[[Persona], Client], name: str
) -> None:
    job = check(acme_master.actor, csv_of(["UID", "Quota"], [UID, "1"]))
    client = as_(outsider)

    is_post = name in {"run", "cancel", "change", "reread"}
    response = client.post(page(name, job)) if is_post else client.get(page(name, job))

    assert response.status_code == 404
    assert "customers.csv" not in text(client.get(page("list")))
    job.refresh_from_db()
    assert job.state == ImportState.CHECKED


def test_who_may_not_import_is_told_why(
    acme_master: Persona, acme_readonly: Persona, acme_finance: Persona, as_: Callable[[Persona], Client]
) -> None:
    job = check(acme_master.actor, csv_of(["UID", "Quota"], [UID, "1"]))

    for persona in (acme_readonly, acme_finance):
        client = as_(persona)
        for name in ("list", "new"):
            assert client.get(page(name)).status_code == 403
        for name in ("detail", "columns", "refused", "progress"):
            assert client.get(page(name, job)).status_code == 403
        for name in ("run", "cancel", "change", "reread"):
            response = client.post(page(name, job))
            assert response.status_code == 403
            assert "does not include: Import linked accounts" in text(response)


def test_an_agency_is_offered_neither_quota_nor_controls(
    agency_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    job = upload(agency_master.actor, csv_of(["UID", "Nickname", "Quota Amount"], [UID, "A", "1"]))

    columns = text(as_(agency_master).get(page("columns", job)))

    assert '<label for="id_nickname">' in columns
    for key in ("amount", "available", "payg", "purchase", "policy", "manager", "warning", "master"):
        assert f'id="id_{key}"' not in columns
    assert "Not read: Quota Amount." in columns
