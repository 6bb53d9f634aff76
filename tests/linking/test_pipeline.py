"""The pipeline's pages: filters, bulk, batches from the file to the result, links by hand, the export."""

from __future__ import annotations

import io
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone, translation

from linking import services
from linking.models import BatchRow, Invitation, LinkBatch
from linking.models.batch import BatchKind, BatchState
from linking.selectors import list_invitations, visit
from linking.services import batches
from linking.states import InvitationState, Standing
from partner_console.exports.registry import get_spec, parse_selection
from tests.linking.batch_support import FILES, checked, csv_of, customers
from tests.linking.conftest import UID, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

    type_of_door = Callable[[Persona], Client]

LIST = "/links/"


def page(client: Client, url: str, **kwargs: Any) -> str:
    return client.get(url, follow=True, **kwargs).content.decode()


def batch_url(batch: LinkBatch, action: str = "detail") -> str:
    return reverse(f"linking:batch_{action}", args=[batch.pk])


@pytest.fixture
def three(acme_manager: Persona) -> list[Invitation]:
    """Sent 10 days ago, 20 days ago (over by now) and today."""
    found = []
    for n, days in enumerate((10, 20, 0)):
        with time_machine.travel(timezone.now() - timedelta(days=days), tick=False):
            found.append(send(acme_manager, uid=f"511376624860192{n}", email=f"c{n}@x.example", company=f"Firm {n}"))
    return found


def names(text: str) -> set[str]:
    return {name for name in ("Firm 0", "Firm 1", "Firm 2") if name in text}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("ends_within=7", {"Firm 0"}),
        ("ends_within=1", set()),
        ("older_than=7", {"Firm 0", "Firm 1"}),
        ("older_than=14", {"Firm 1"}),
        ("mine=on", {"Firm 0", "Firm 1", "Firm 2"}),
        ("turn=customer", {"Firm 0", "Firm 2"}),
        ("manager=Mei", set()),
        ("batch=12345", set()),
    ],
)
def test_the_pipeline_is_filtered(
    acme_manager: Persona, as_: type_of_door, three: list[Invitation], query: str, expected: set[str]
) -> None:
    assert names(page(as_(acme_manager), f"{LIST}?{query}")) == expected


def test_whose_turn_stands_above_the_list(acme_manager: Persona, as_: type_of_door, three: list[Invitation]) -> None:
    text = page(as_(acme_manager), LIST)

    assert 'href="/links/?turn=customer">2</a>' in text
    assert 'href="/links/?turn=us">0</a>' in text


def test_chosen_rows_are_reminded_after_a_dry_run(
    acme_manager: Persona, as_: type_of_door, three: list[Invitation]
) -> None:
    client = as_(acme_manager)

    response = client.post(
        reverse("linking:bulk"), {"action": "remind", "scope": "selected", "query": "", "pk": [one.pk for one in three]}
    )

    batch = LinkBatch.objects.get()
    assert (response.status_code, response["Location"]) == (303, batch_url(batch))
    text = page(client, batch_url(batch))
    assert "2 customers are sent a reminder each." in text
    assert "it is not the customer&#x27;s turn" in text
    assert Invitation.objects.get(pk=three[0].pk).mails.count() == 1, "a dry run"
    assert client.post(batch_url(batch, "run")).status_code == 303
    batches.sweep_batches()
    assert "2 rows were done." in page(client, batch_url(batch))
    assert Invitation.objects.get(pk=three[0].pk).mails.count() == 2
    assert client.post(batch_url(batch, "run")).status_code == 409


def test_everything_that_matches_is_withdrawn_with_a_reason(
    acme_manager: Persona, as_: type_of_door, three: list[Invitation]
) -> None:
    client = as_(acme_manager)

    client.post(reverse("linking:bulk"), {"action": "withdraw", "scope": "filter", "query": "turn=customer"})
    batch = LinkBatch.objects.get()
    assert "stop working at once" in page(client, batch_url(batch))
    client.post(batch_url(batch, "run"), {"reason": "Campaign ended"})
    batches.sweep_batches()

    states = Invitation.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [InvitationState.WITHDRAWN, InvitationState.SENT, InvitationState.WITHDRAWN]
    assert batch.reason == "" != LinkBatch.objects.get().reason == "Campaign ended"


def test_a_bad_choice_is_refused_and_never_read_as_everything(
    acme_manager: Persona, acme_readonly: Persona, outsider: Persona, as_: type_of_door, three: list[Invitation]
) -> None:
    client, url = as_(acme_manager), reverse("linking:bulk")

    assert client.post(url, {"action": "remind", "scope": "filter", "query": "turn=nonsense"}).status_code == 422
    assert client.post(url, {"action": "invite", "scope": "filter"}).status_code == 422
    assert client.post(url, {"action": "remind", "scope": "selected", "pk": "x"}, follow=True).redirect_chain
    assert as_(acme_readonly).post(url, {"action": "remind", "scope": "filter"}).status_code == 403
    as_(outsider).post(url, {"action": "withdraw", "scope": "selected", "pk": [one.pk for one in three]})
    assert not LinkBatch.objects.exists()


def test_a_file_is_invited_from_its_upload_to_its_result(acme_manager: Persona, as_: type_of_door) -> None:
    client = as_(acme_manager)
    file = SimpleUploadedFile("customers.csv", (FILES / "crm-onboarding.csv").read_bytes())

    response = client.post("/links/import/", {"file": file}, follow=True)
    batch = LinkBatch.objects.get()
    text = response.content.decode()
    assert response.redirect_chain[-1] == (batch_url(batch, "columns"), 303)
    assert "Not read: case, expected, cleaned UID." in text
    columns = {f"column-{key}": str(at) for key, at in batch.columns.items()}
    shared = {"environment": "production", "language": "en"}
    assert client.post(batch_url(batch, "columns"), {**columns, **shared, "column-uid": ""}).status_code == 422
    assert client.post(batch_url(batch, "columns"), {**columns, **shared}).status_code == 303
    batches.sweep_batches()

    text = page(client, batch_url(batch))
    assert "Invite 54 customers" in text
    assert "At most 10 mails go out in 5 minutes, so it takes about 30 minutes." in text
    assert "login name, not a UID" in text
    assert "needs a second person" in text
    assert names(page(client, f"{batch_url(batch)}?verdict=refuse")) == set()
    response = client.get(batch_url(batch, "refused"))
    sheet = openpyxl.load_workbook(io.BytesIO(response.getvalue())).worksheets[-1]
    assert sheet.max_row == 31
    assert client.post(batch_url(batch, "change")).status_code == 303
    assert client.get(batch_url(batch)).status_code == 302


def test_a_stopped_file_says_why_and_shows_no_figures(acme_manager: Persona, as_: type_of_door) -> None:
    rounded = [(f"51137662486{19_010 + 40 * i}0", f"Company {i}", f"c{i}@x.example", "JP", "100") for i in range(8)]
    batch = checked(acme_manager.actor, csv_of(*rounded))

    page = as_(acme_manager).get(reverse("linking:batch_detail", args=[batch.pk])).content.decode()

    assert "a spreadsheet has probably rounded them" in page
    assert '<dl class="stats">' not in page


def test_pasted_rows_are_invited(acme_manager: Persona, as_: type_of_door) -> None:
    client = as_(acme_manager)
    client.post("/links/import/", {"text": f"{UID}\tKaito\tk@x.example"})
    batch = LinkBatch.objects.get()
    given = {"column-uid": "0", "column-company": "1", "column-email": "2", "quota": "12.50"}
    client.post(batch_url(batch, "columns"), {**given, "environment": "sandbox", "language": "ja"})
    batches.sweep_batches()
    client.post(batch_url(batch, "run"))
    batches.sweep_batches()

    found = Invitation.objects.get()
    assert (str(found.quota), found.environment, found.language) == ("12.50", "sandbox", "ja")
    text = page(client, batch_url(batch))
    assert "1 row was done." in text
    assert reverse("linking:invitation_detail", args=[found.pk]) in text
    assert "Kaito" in page(client, f"{LIST}?batch={batch.pk}")
    assert f"{batch.title}" in page(client, reverse("linking:invitation_detail", args=[found.pk]))


@pytest.mark.parametrize(
    "data", [{}, {"text": "  \n "}, {"file": SimpleUploadedFile("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")}]
)
def test_what_cannot_be_read_is_said_at_its_field(
    acme_manager: Persona, as_: type_of_door, data: dict[str, Any]
) -> None:
    response = as_(acme_manager).post("/links/import/", data)

    assert response.status_code == 422
    assert 'href="#id_file"' in response.content.decode()
    assert not LinkBatch.objects.exists()


def test_rows_that_failed_come_chosen_and_are_tried_again(acme_manager: Persona, as_: type_of_door) -> None:
    client = as_(acme_manager)
    batch = checked(acme_manager.actor, customers(3))
    second = BatchRow.objects.filter(batch=batch).order_by("number")[1]
    meanwhile = send(acme_manager, uid=second.uid, email="colleague@x.example")
    client.post(batch_url(batch, "run"))
    batches.sweep_batches()

    response = client.get(batch_url(batch), follow=True)
    text = response.content.decode()
    second.refresh_from_db()
    assert "outcome=failed" in response.redirect_chain[0][0]
    assert "1 row was not: it is still chosen below" in text
    assert text.count('name="pk"') == text.count(" checked></label>") == 1
    services.withdraw(actor=acme_manager.actor, invitation_pk=meanwhile.pk)
    assert client.post(batch_url(batch, "again"), {"scope": "selected"}, follow=True).status_code == 200
    client.post(batch_url(batch, "again"), {"scope": "selected", "pk": [second.pk], "query": "outcome=failed"})
    batches.sweep_batches()
    batch.refresh_from_db()
    assert (batch.state, batch.counts) == (BatchState.DONE, {"ok": 3, "done": 3})


def test_the_progress_asks_again_until_it_is_over(acme_manager: Persona, as_: type_of_door) -> None:
    client, hx = as_(acme_manager), {"HX-Request": "true"}
    batch = checked(acme_manager.actor, customers(12))
    client.post(batch_url(batch, "run"))
    batches.sweep_batches()

    response = client.get(batch_url(batch, "progress"), headers=hx)
    assert response.status_code == 200
    assert "8 of 12" in response.content.decode()
    client.post(batch_url(batch, "cancel"))
    response = client.get(batch_url(batch, "progress"), headers=hx)
    assert (response.status_code, response["HX-Refresh"]) == (286, "true")


def test_batches_are_their_partners_and_for_those_who_invite(
    acme_manager: Persona, acme_readonly: Persona, outsider: Persona, as_: type_of_door
) -> None:
    batch = checked(acme_manager.actor, customers(1))
    for action in ("detail", "columns", "progress", "refused"):
        assert as_(outsider).get(batch_url(batch, action)).status_code == 404
        assert as_(acme_readonly).get(batch_url(batch, action)).status_code == 403
    for action in ("run", "again", "cancel", "change"):
        assert as_(outsider).post(batch_url(batch, action)).status_code == 404
        assert as_(acme_readonly).post(batch_url(batch, action)).status_code == 403
    assert "Company 0" not in page(as_(outsider), "/links/import/")


def test_a_link_is_handed_out_once_with_words_in_the_customers_language(
    acme_manager: Persona, as_: type_of_door
) -> None:
    invitation = send(acme_manager, language="ja")
    client, url = as_(acme_manager), reverse("linking:invitation_copy", args=[invitation.pk])

    assert "it is shown once" in page(client, url)
    assert visit(invitation.fresh_token).standing is Standing.OPEN, "asking changes nothing"
    response = client.post(url)

    text = response.content.decode()
    token = text.split("/invite/")[1].split("/")[0]
    assert response["Cache-Control"] == "no-store"
    assert visit(token).standing is Standing.OPEN
    assert visit(invitation.fresh_token).standing is Standing.REPLACED
    assert 'lang="ja"' in text
    assert "5113766248••••••" in text
    assert token not in page(client, reverse("linking:invitation_detail", args=[invitation.pk]))


def test_more_time_is_given_on_the_page(acme_manager: Persona, as_: type_of_door) -> None:
    invitation = send(acme_manager)
    client, url = as_(acme_manager), reverse("linking:invitation_extend", args=[invitation.pk])

    assert "No mail is sent." in page(client, url)
    assert client.post(url, {"days": "7"}).status_code == 422
    assert client.post(url, {"days": "400"}).status_code == 422
    assert client.post(url, {"days": "30"}).status_code == 303
    services.withdraw(actor=acme_manager.actor, invitation_pk=invitation.pk)
    assert client.get(url).status_code == 409
    assert client.get(reverse("linking:invitation_copy", args=[invitation.pk])).status_code == 409


def test_the_second_person_does_not_read_the_uid_they_have_to_type(
    acme_manager: Persona, acme_master: Persona, as_: type_of_door
) -> None:
    invitation = send(acme_manager, quota="20000")
    assert invitation.state == InvitationState.AWAITING_CHECK
    url = reverse("linking:invitation_detail", args=[invitation.pk])

    assert UID in page(as_(acme_manager), LIST)
    assert UID not in page(as_(acme_master), LIST)
    assert UID not in page(as_(acme_master), url)
    spec = get_spec("linking.invitations")
    columns = spec.choose(acme_master.actor, ["uid"])
    rows = list(spec.rows(acme_master.actor, parse_selection(scope="filter", query="", pks=[]), columns))
    assert rows == [("5113766248••••••",)]


def test_nor_the_e_mail_of_a_customer_without_an_account_nor_what_a_draft_held(
    acme_manager: Persona, acme_master: Persona, as_: type_of_door
) -> None:
    unknown = send(acme_manager, uid="", learns_uid=True, email="new@x.example", quota="20000")
    draft = services.save_draft(
        actor=acme_manager.actor, uid=UID, company="Drafted", email="d@x.example", country="JP", quota=Decimal(20000)
    )
    services.send(actor=acme_manager.actor, invitation_pk=draft.pk)

    for invitation, secret in ((unknown, "new@x.example"), (draft, UID)):
        url = reverse("linking:invitation_detail", args=[invitation.pk])
        assert secret in page(as_(acme_manager), url)
        assert secret not in page(as_(acme_master), url)
        assert secret not in page(as_(acme_master), LIST)
    spec = get_spec("linking.invitations")
    rows = spec.rows(
        acme_master.actor,
        parse_selection(scope="filter", query="", pks=[]),
        spec.choose(acme_master.actor, ["email"]),
    )
    assert sorted(rows) == [("d@x.example",), ("••••••",)]


@pytest.mark.parametrize("language", ["en", "zh-hans", "ja"])
def test_the_pipeline_as_a_file(
    acme_manager: Persona, outsider: Persona, three: list[Invitation], language: str
) -> None:
    spec = get_spec("linking.invitations")
    columns = spec.columns_for(acme_manager.actor)
    everything = parse_selection(scope="filter", query="", pks=[])

    with translation.override(language):
        rows = list(spec.rows(acme_manager.actor, everything, columns))
        expired = str(InvitationState.EXPIRED.label)

    keys = [column.key for column in columns]
    assert [row[keys.index("company")] for row in rows] == ["Firm 2", "Firm 0", "Firm 1"]
    assert rows[2][keys.index("state")] == expired
    assert rows[0][keys.index("uid")] == "5113766248601922"
    assert list(spec.rows(outsider.actor, everything, columns)) == []


def test_the_export_is_offered_from_the_list(acme_manager: Persona, as_: type_of_door) -> None:
    text = page(as_(acme_manager), LIST)

    assert "/exports/new/?spec=linking.invitations" in text


def test_drafts_go_on_and_rows_of_a_batch_that_wait_for_a_check_stay_hidden(
    acme_manager: Persona, acme_master: Persona, as_: type_of_door
) -> None:
    draft = services.save_draft(actor=acme_manager.actor, company="Half Ltd")
    text = page(as_(acme_manager), reverse("linking:invitation_detail", args=[draft.pk]))
    assert reverse("linking:draft_edit", args=[draft.pk]) in text
    batch = checked(acme_manager.actor, csv_of((UID, "Kaito", "k@x.example", "JP", "20000")))
    batches.start(actor=acme_manager.actor, batch_pk=batch.pk, in_background=False)
    batches.run_batch(batch_pk=batch.pk)

    assert UID in page(as_(acme_manager), batch_url(batch))
    assert UID not in page(as_(acme_master), batch_url(batch))


def test_choosing_costs_the_same_for_two_and_for_twenty(
    acme_manager: Persona, django_assert_max_num_queries: Any
) -> None:
    for n in range(20):
        Invitation.objects.create(partner=acme_manager.partner, company=f"C{n}", email="c@x.example", account_type=2)

    def cost(n: int, kind: BatchKind) -> int:
        chosen = list(list_invitations(acme_manager.actor).order_by("pk")[:n])
        with django_assert_max_num_queries(40) as queries:
            batches.choose(actor=acme_manager.actor, kind=kind, invitations=chosen)
        return len(queries)

    for kind in (BatchKind.REMIND, BatchKind.WITHDRAW, BatchKind.REINVITE):
        assert cost(2, kind) == cost(20, kind)
