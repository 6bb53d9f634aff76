"""The pages of many quotas: from a paste to the result, for who may, and for nobody else."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from partner_console.approvals.models import Approval
from partner_console.errors import NotFound
from quota.models import QuotaBatch
from quota.models.quota_batch import QuotaBatchState
from quota.selectors.batches import get_batch
from quota.services import batches
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.batch_support import amount_of, checked, csv_of, outcomes, run, started
from tests.quota.support import move
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona
    from uids.models import LinkedAccount

D = Decimal
UIDS = ("1792155717328011", "1792155717328027")
NEW = reverse("quota:batch_new")


@pytest.fixture
def accounts(acme_finance: Persona) -> list[LinkedAccount]:
    return [make_account(acme_finance.partner, uid, quota=D("1500")) for uid in UIDS]


@pytest.fixture
def client(as_: Callable[[Persona], Client], acme_finance: Persona) -> Client:
    return as_(acme_finance)


def page(name: str, batch: QuotaBatch) -> str:
    return reverse(f"quota:batch_{name}", args=[batch.pk])


def said(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_from_a_paste_to_the_result(client: Client, accounts: list[LinkedAccount]) -> None:
    response = client.post(NEW, {"text": f"{UIDS[0]}\t1,600.50\n{UIDS[1]}\t1500\nkaito\t5"})
    batch = QuotaBatch.objects.get()
    assert (response.status_code, response["Location"]) == (303, page("detail", batch))

    dry_run = said(client.get(page("detail", batch), follow=True))
    for words in ("Nothing has changed yet.", "Change 1 quota …", "+100.50", "1,600.50", "Already so", "not a UID"):
        assert words in dry_run
    assert "3,100.50" in said(client.get(page("run", batch))), "the partner's own exposure afterwards"

    assert client.post(page("run", batch), {"reason": ""}).status_code == 422
    response = client.post(page("run", batch), {"reason": "New contract"})
    assert (response.status_code, response["Location"]) == (303, page("detail", batch))
    run(batch)
    result = said(client.get(page("detail", batch), follow=True))
    assert "1 quota was changed." in result
    assert "Check the 1 row not done again" in result
    assert amount_of(accounts[0]) == D("1600.50")
    assert client.get(page("run", batch)).status_code == 302, "what has run is not offered again"


def test_a_file_with_unknown_heads_asks_which_column_is_which(client: Client, accounts: list[LinkedAccount]) -> None:
    file = SimpleUploadedFile("kunden.csv", csv_of((UIDS[0], "5"), headers=("Konto", "Betrag")))
    batch = QuotaBatch.objects.get(pk=client.post(NEW, {"file": file})["Location"].split("/")[-2])
    assert client.get(page("detail", batch))["Location"] == page("columns", batch)
    assert "Betrag" in said(client.get(page("columns", batch)))

    assert client.post(page("columns", batch), {"uid": "0"}).status_code == 422
    client.post(page("columns", batch), {"uid": "0", "change": "1"})

    assert "1,505.00" in said(client.get(page("detail", batch), follow=True))


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04broken", csv_of((UIDS[0], "1"), headers=("UID", "New total (EUR)"))]
)
def test_a_file_that_is_no_use_is_refused_beside_the_field(
    client: Client, accounts: list[LinkedAccount], content: bytes
) -> None:
    response = client.post(NEW, {"file": SimpleUploadedFile("quotas.csv", content)})

    assert response.status_code == 422
    assert 'id="id_file_error"' in said(response)
    assert not QuotaBatch.objects.exists()


def test_whoever_brings_accounts_below_zero_says_that_it_is_meant(
    client: Client, accounts: list[LinkedAccount]
) -> None:
    move(accounts[0], EntryKind.USAGE, undeducted="900")
    client.post(NEW, {"text": f"{UIDS[0]}\t800"})
    batch = QuotaBatch.objects.get()

    assert "1 account goes below zero" in said(client.get(page("run", batch)))
    response = client.post(page("run", batch), {"reason": "They leave"})
    assert (response.status_code, "Tick the box" in said(response)) == (422, True)
    response = client.post(page("run", batch), {"reason": "They leave", "accept_arrears": "on"})
    assert response.status_code == 303


def test_a_second_person_is_led_to_the_request(
    client: Client, as_: Callable[[Persona], Client], acme_manager: Persona, accounts: list[LinkedAccount]
) -> None:
    client.post(NEW, {"text": f"{UIDS[0]}\t12000"})
    batch = QuotaBatch.objects.get()
    assert "Your rules ask for a second person from 10,000.00 USD." in said(client.get(page("run", batch)))
    client.post(page("run", batch), {"reason": "Contract"})

    request = reverse("approvals:approval_detail", args=[Approval.objects.get().pk])
    assert request in said(client.get(page("detail", batch), follow=True))
    decider = as_(acme_manager)
    shown = said(decider.get(request))
    assert "1,500.00 → 12,000.00 USD (+10,500.00)" in shown
    assert page("detail", batch) in shown
    decider.post(reverse("approvals:approval_decide", args=[Approval.objects.get().pk]), {"decision": "approve"})
    assert outcomes(run(batch)) == ["done"]


def test_the_rules_page_has_no_rule_of_its_own_for_batches(
    as_: Callable[[Persona], Client], acme_master: Persona
) -> None:
    client = as_(acme_master)

    assert "Change many quotas" not in said(client.get(reverse("approvals:rule_list")))
    assert client.get(reverse("approvals:rule_edit", args=["quota.batch.started"])).status_code == 404


def test_rows_not_done_come_as_a_workbook_and_in_again(
    client: Client, acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    headers = ("UID", "New total", "Add or subtract")
    batch = run(started(acme_finance.actor, csv_of((UIDS[0], "5", ""), (UIDS[1], "", "-2000"), headers=headers)))

    response = client.get(page("not_done", batch))
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    sheet = load_workbook(io.BytesIO(content)).worksheets[-1]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["UID", "Nickname", "New total", "Add or subtract", "Reason"],
        [UIDS[1], "Kaito Trading", None, "-2000", "Its quota is 1,500.00: there is not so much to subtract."],
    ]
    move(accounts[1], EntryKind.QUOTA_ADJUST, amount="1000")
    assert [row.after for row in checked(acme_finance.actor, content, "again.xlsx").rows.all()] == [D("500")]


def test_progress_is_a_fragment_until_it_is_over(
    client: Client, acme_finance: Persona, accounts: list[LinkedAccount]
) -> None:
    batch = started(acme_finance.actor, csv_of((UIDS[0], "5")))
    htmx: dict[str, Any] = {"headers": {"HX-Request": "true"}}

    response = client.get(page("progress", batch), **htmx)
    assert (response.status_code, "<html" in said(response)) == (200, False)
    assert client.get(page("progress", batch)).status_code == 302
    run(batch)
    assert (client.get(page("progress", batch), **htmx).status_code, batch.state) == (286, QuotaBatchState.DONE)


def test_chosen_accounts_get_a_field_each(
    client: Client, acme_finance: Persona, outsider: Persona, accounts: list[LinkedAccount]
) -> None:
    sub = make_account(acme_finance.partner, "1792155717328033", trustee=accounts[0])
    theirs = make_account(outsider.partner, "1792155717328044", quota=D("9"))
    pks = [account.pk for account in (*accounts, sub, theirs)]

    response = client.post(reverse("uids:bulk_quotas"), {"pk": pks, "scope": "selected", "query": "sort=uid"})
    form = client.get(response["Location"])
    shown = said(form)
    assert [f"New total of {uid}" in shown for uid in (*UIDS, sub.uid, theirs.uid)] == [True, True, False, False]
    assert "1 account is not here" in shown

    field = f"total-{accounts[0].pk}"
    response = client.post(response["Location"], {field: "12x", f"total-{theirs.pk}": "1"})
    assert (response.status_code, "is not a clear number" in said(response)) == (422, True)
    assert client.post(reverse("quota:batch_type"), {}).status_code == 422
    address = f"{reverse('quota:batch_type')}?uid={','.join(UIDS)}&query=sort%3Duid"
    assert client.post(address, {"query": "sort=uid"}).status_code == 422, "nothing typed"
    response = client.post(address, {field: "1,600", "query": "sort=uid"})
    batch = QuotaBatch.objects.get()
    assert response["Location"] == page("detail", batch)
    assert [(row.uid, row.after) for row in batch.rows.all()] == [(UIDS[0], D(1600))]


def test_many_chosen_accounts_get_a_sheet(
    client: Client, acme_finance: Persona, accounts: list[LinkedAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("uids.views.quotas.MOST_TYPED", 1)
    make_account(acme_finance.partner, "1792155717328033", trustee=accounts[0])
    make_account(acme_finance.partner, "1792155717328044", quota=D(9), relationship=Relationship.TERMINATED)
    posted = {"scope": "filter", "query": ""}

    assert "4 accounts chosen." in said(client.post(reverse("uids:bulk_quotas"), posted))
    response = client.post(reverse("uids:bulk_quotas"), {**posted, "step": "sheet"})
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    sheet = load_workbook(io.BytesIO(content)).worksheets[-1]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == list(UIDS)
    assert sheet["C2"].value == 1500


def test_another_partners_batch_does_not_exist(
    as_: Callable[[Persona], Client], acme_finance: Persona, outsider: Persona, accounts: list[LinkedAccount]
) -> None:
    batch = checked(acme_finance.actor, csv_of((UIDS[0], "5")))

    assert as_(outsider).get(page("detail", batch)).status_code == 404
    with pytest.raises(NotFound):
        get_batch(outsider.actor, batch.pk)
    with pytest.raises(NotFound):
        batches.recheck(actor=outsider.actor, batch_pk=batch.pk)


def test_the_list_of_rows_asks_as_much_for_many_as_for_few(
    client: Client, acme_finance: Persona, accounts: list[LinkedAccount], django_assert_max_num_queries: object
) -> None:
    for n in range(30):
        make_account(acme_finance.partner, str(1_792_155_717_329_001 + 7 * n), quota=D("10"))
    rows = [(str(1_792_155_717_329_001 + 7 * n), "20") for n in range(30)]
    batch = checked(acme_finance.actor, csv_of(*rows))
    client.get(page("detail", batch), follow=True)

    with django_assert_max_num_queries(25):  # type: ignore[operator]
        client.get(f"{page('detail', batch)}?sort=row")
