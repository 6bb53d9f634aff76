"""The pages of exports, as the person at them sees it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from bs4 import BeautifulSoup, Tag
from django.utils import timezone

from partner_console.access.policy import PartnerKind
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.exports.models import ExportJob, Failure, JobState
from partner_console.exports.running import run_export
from tests.exports.conftest import content_of, read_workbook
from tests.factories import make_account

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django.fixtures import Settings

    from tests.personas import Persona

pytestmark = pytest.mark.django_db
Ask = Callable[..., ExportJob]
NEW, LIST = "/exports/new/", "/exports/"
ORDER = {
    "spec": "uids.accounts",
    "query": "",
    "scope": "filter",
    "columns": "visible",
    "file_format": "xlsx",
    "language": "en",
}


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


@pytest.fixture
def done(acme_master: Persona, ask: Ask) -> ExportJob:
    make_account(acme_master.partner, "1792155717328010")
    job = ask(acme_master.actor, "uids.accounts")
    run_export(job_pk=job.pk, in_background=False)
    job.refresh_from_db()
    assert job.state == JobState.DONE
    return job


def test_the_choices_say_how_much_each_would_write(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    for number in range(3):
        make_account(acme_master.partner, nickname="Kaito" if number else "Other")

    response = as_(acme_master).get(NEW, {"spec": "uids.accounts", "scope": "filter", "q": "kaito"})

    page = BeautifulSoup(response.content, "html.parser")
    labels = [" ".join(label.stripped_strings) for label in page.find_all("label")]
    assert "Everything that matches (2 rows)" in labels
    assert "This page (2 rows)" in labels
    assert {"English", "简体中文", "日本語"} <= set(labels)
    chosen = {field["name"]: field["value"] for field in page.find_all("input", checked=True)}
    assert chosen == {"scope": "filter", "columns": "visible", "file_format": "xlsx", "language": "en"}
    assert "kaito" in page.find("ul", {"class": "chips"}).get_text()  # type: ignore[union-attr]


def test_a_filter_that_nothing_can_match_has_no_rows(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    make_account(acme_master.partner)

    response = as_(acme_master).get(NEW, {"spec": "uids.accounts", "q": "a"})

    assert "Everything that matches (0 rows)" in response.content.decode()


def test_a_small_export_is_downloaded_at_once(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    make_account(acme_master.partner, "1792155717328010", nickname="Kaito")

    with time_machine.travel("2026-11-22T06:05:00Z"):
        response = as_(acme_master).post(NEW, ORDER)

    assert response.status_code == 200
    assert response["Content-Disposition"] == ('attachment; filename="linked-user-ids_acme_2026-11-22T1405+0800.xlsx"')
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"] == "no-store, private"
    cover, rows = read_workbook(body(response))
    assert rows[0][0] == "UID"
    assert rows[1][0] == "1792155717328010"
    assert ["Made by", "owner@acme.example"] in cover
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == [Action.EXPORT_REQUESTED, Action.EXPORT_DOWNLOADED]


def test_a_large_export_waits_under_exports(
    acme_master: Persona, as_: Callable[[Persona], Client], settings: Settings
) -> None:
    settings.EXPORT_INLINE_ROWS = 1
    for _number in range(2):
        make_account(acme_master.partner)

    response = as_(acme_master).post(NEW, ORDER)

    job = ExportJob.objects.get()
    assert (response.status_code, response["Location"]) == (303, f"/exports/{job.key}/")
    assert job.state == JobState.QUEUED  # its message leaves when the transaction commits
    assert b"every 2s" in as_(acme_master).get(response["Location"]).content


def test_a_selection_from_the_list_keeps_its_rows(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    chosen, other = (make_account(acme_master.partner) for _ in range(2))
    client = as_(acme_master)

    asked = client.post(
        f"{NEW}?spec=uids.accounts", {"change": "export", "scope": "selected", "query": "", "pk": chosen.pk}
    )

    page = BeautifulSoup(asked.content, "html.parser")
    assert asked.status_code == 200
    assert "The selected rows (1 row)" in page.get_text()
    fields = {field["name"]: field["value"] for field in page.select("form [type=hidden], form [checked]")}
    assert fields["pk"] == str(chosen.pk)
    uids = [row[0] for row in read_workbook(body(client.post(NEW, fields)))[1][1:]]
    assert uids == [chosen.uid]
    assert other.uid not in uids


def test_this_page_is_the_page_on_the_screen(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    for number in range(30):
        make_account(acme_master.partner, str(1000 + number))
    client = as_(acme_master)
    listed = BeautifulSoup(client.get("/uids/?sort=uid&size=25").content, "html.parser")
    second = listed.find("a", {"rel": "next"})["href"]  # type: ignore[index]
    link = BeautifulSoup(client.get(str(second)).content, "html.parser").find("a", href=re.compile(r"^/exports/new/"))
    assert link is not None

    start = BeautifulSoup(client.get(str(link["href"])).content, "html.parser")
    query = start.find("input", {"name": "query"})["value"]  # type: ignore[index]
    content = body(client.post(NEW, {**ORDER, "scope": "page", "query": query}))

    assert [row[0] for row in read_workbook(content)[1][1:]] == ["1025", "1026", "1027", "1028", "1029"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"scope": "everything"}, 422),
        ({"scope": "selected"}, 422),
        ({"columns": "secret"}, 422),
        ({"file_format": "pdf"}, 422),
        ({"language": "tlh"}, 422),
        ({"query": "made_up=1"}, 422),
        ({"pk": "1 OR 1=1"}, 422),
        ({"spec": "made.up"}, 404),
    ],
)
def test_a_bad_order_is_refused(
    acme_master: Persona, as_: Callable[[Persona], Client], changed: dict[str, str], status: int
) -> None:
    response = as_(acme_master).post(NEW, {**ORDER, **changed})

    assert response.status_code == status
    assert not ExportJob.objects.exists()
    assert not AuditEntry.objects.exists()


def test_another_partners_rows_cannot_be_selected(
    acme_master: Persona, outsider: Persona, as_: Callable[[Persona], Client]
) -> None:
    hidden = make_account(acme_master.partner, "777000777")

    content = body(as_(outsider).post(NEW, {**ORDER, "scope": "selected", "pk": str(hidden.pk)}))

    assert read_workbook(content)[1][1:] == []
    assert b"777000777" not in content


def test_an_operator_is_told_why_not(operator: Persona, as_: Callable[[Persona], Client]) -> None:
    response = as_(operator).get(NEW, {"spec": "uids.accounts"})

    assert response.status_code == 403
    assert "belongs to one partner" in response.content.decode()


def test_no_exports_yet_says_what_to_do(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    page = as_(acme_master).get(LIST).content.decode()

    assert "No exports yet" in page
    assert 'href="/uids/"' in page


def test_my_exports_are_mine_alone(
    done: ExportJob,
    acme_master: Persona,
    acme_finance: Persona,
    outsider: Persona,
    as_: Callable[[Persona], Client],
) -> None:
    assert str(done.key) in as_(acme_master).get(LIST).content.decode()

    for stranger in (acme_finance, outsider):
        client = as_(stranger)
        assert str(done.key) not in client.get(LIST).content.decode()
        assert client.get(f"/exports/{done.key}/").status_code == 404
        for action in ("download", "cancel", "repeat"):
            assert client.post(f"/exports/{done.key}/{action}/").status_code == 404
    assert AuditEntry.objects.filter(action=Action.EXPORT_DOWNLOADED).count() == 0


def test_a_download_is_written_down_and_its_content_is_the_file(
    done: ExportJob, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    response = as_(acme_master).post(f"/exports/{done.key}/download/")

    assert body(response) == content_of(done)
    entry = AuditEntry.objects.get(action=Action.EXPORT_DOWNLOADED)
    assert entry.changes == {"sha256": [None, done.sha256]}
    assert as_(acme_master).get(f"/exports/{done.key}/download/").status_code == 405


def test_a_permission_lost_since_keeps_the_file_from_one(
    done: ExportJob, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_master)
    assert acme_master.partner is not None
    acme_master.partner.kind = PartnerKind.AGENCY
    acme_master.partner.save(update_fields=["kind"])

    response = client.post(f"/exports/{done.key}/download/")

    assert response.status_code == 403
    assert "columns you may no longer see" in response.content.decode()
    assert not AuditEntry.objects.filter(action=Action.EXPORT_DOWNLOADED).exists()


def test_a_deactivated_member_gets_nothing(
    done: ExportJob, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_master)
    assert acme_master.membership is not None
    acme_master.membership.is_active = False
    acme_master.membership.save(update_fields=["is_active"])

    assert client.post(f"/exports/{done.key}/download/").status_code in {403, 404}
    assert client.get(f"/exports/{done.key}/").status_code in {403, 404}


def test_after_its_time_the_file_is_gone_even_before_the_sweeper(
    done: ExportJob, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_master)
    with time_machine.travel(timezone.now() + timedelta(days=7, minutes=1)):
        assert acme_master.user is not None
        client.force_login(acme_master.user)
        response = client.post(f"/exports/{done.key}/download/")
        page = client.get(f"/exports/{done.key}/").content.decode()

    assert response.status_code == 409
    assert "Expired" in page
    assert "Export again" in page


def test_a_file_lost_from_the_storage_is_said_so(
    done: ExportJob, acme_master: Persona, as_: Callable[[Persona], Client]
) -> None:
    done.file.storage.delete(str(done.file.name))

    response = as_(acme_master).post(f"/exports/{done.key}/download/")

    assert response.status_code == 409
    assert "gone from the storage" in response.content.decode()


def test_a_failed_export_gives_the_reason_and_another_try(
    acme_master: Persona, as_: Callable[[Persona], Client], ask: Ask
) -> None:
    job = ask(acme_master.actor, "uids.accounts", language="ja")
    ExportJob.objects.filter(pk=job.pk).update(state=JobState.FAILED, error=Failure.TOO_LONG)
    client = as_(acme_master)

    page = client.get(f"/exports/{job.key}/").content.decode()
    again = client.post(f"/exports/{job.key}/repeat/")

    assert "It took too long. Narrow the filter" in page
    assert "Try again" in page
    newer = ExportJob.objects.latest("pk")
    assert again["Location"] == f"/exports/{newer.key}/"
    assert (newer.spec, newer.language, newer.parameters) == (job.spec, "ja", job.parameters)


def test_cancelling_from_the_page(acme_master: Persona, as_: Callable[[Persona], Client], ask: Ask) -> None:
    job = ask(acme_master.actor)
    client = as_(acme_master)

    assert client.post(f"/exports/{job.key}/cancel/").status_code == 303
    assert client.post(f"/exports/{job.key}/cancel/").status_code == 409

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert AuditEntry.objects.filter(action=Action.EXPORT_CANCELLED).count() == 1


def test_polling_ends_when_the_job_does(
    done: ExportJob, acme_master: Persona, as_: Callable[[Persona], Client], ask: Ask
) -> None:
    client, asks = as_(acme_master), {"HX-Request": "true"}
    waiting = ask(acme_master.actor)

    assert client.get(f"/exports/{waiting.key}/", headers=asks).status_code == 200
    assert client.get(LIST, headers=asks).status_code == 200
    final = client.get(f"/exports/{done.key}/", headers=asks)
    ExportJob.objects.filter(pk=waiting.pk).update(state=JobState.CANCELLED)

    assert final.status_code == 286
    assert b"<html" not in final.content
    assert b"hx-trigger" not in final.content
    assert client.get(LIST, headers=asks).status_code == 286


def test_without_scripts_there_is_a_refresh_link(
    acme_master: Persona, as_: Callable[[Persona], Client], ask: Ask
) -> None:
    job = ask(acme_master.actor)

    page = BeautifulSoup(as_(acme_master).get(f"/exports/{job.key}/").content, "html.parser")

    assert page.select_one("noscript a[href]")["href"] == f"/exports/{job.key}/"  # type: ignore[index]


def test_nobody_keeps_the_worker_busy_alone(acme_master: Persona, as_: Callable[[Persona], Client], ask: Ask) -> None:
    for _number in range(5):
        ask(acme_master.actor)

    response = as_(acme_master).post(NEW, ORDER)

    assert response.status_code == 409
    assert ExportJob.objects.count() == 5


def test_the_records_of_one_account_name_it_everywhere(
    acme_master: Persona, acme_finance: Persona, as_: Callable[[Persona], Client]
) -> None:
    make_account(acme_finance.partner, "1792155717328010", nickname="Kaito", quota=Decimal("100.00"))
    client = as_(acme_finance)
    page = BeautifulSoup(client.get("/uids/1792155717328010/quota/").content, "html.parser")
    link = page.find("a", href=re.compile(r"^/exports/new/"))
    assert isinstance(link, Tag)

    start = BeautifulSoup(client.get(str(link["href"])).content, "html.parser")
    fields = {field["name"]: field["value"] for field in start.select("form [name=query], form [name=spec]")}
    response = client.post(NEW, {**ORDER, **fields})

    assert "1792155717328010 Kaito" in start.h1.get_text()  # type: ignore[union-attr]
    assert "quota-records_1792155717328010_acme_" in response["Content-Disposition"]
    cover, rows = read_workbook(body(response))
    assert cover[0][0] == "Adjust Detail info: 1792155717328010 Kaito"
    assert [row[0] for row in rows[1:]] == ["Quota Create"]
    assert "1792155717328010 Kaito" in client.get(LIST).content.decode()
