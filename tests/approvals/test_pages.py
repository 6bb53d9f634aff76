"""The pages: what waits for whom, one request, deciding it, and who is told why not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from partner_console.approvals import services
from partner_console.approvals.models import Approval
from tests.approvals.conftest import ANSWER, Deeds, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona

    type_of_clients = Callable[[Persona], Client]


def page(client: Client, url: str, status: int = 200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_list_says_for_whom_it_waits(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona, acme_readonly: Persona, as_: type_of_clients
) -> None:
    ask(acme_manager)
    for_finance = page(as_(acme_finance), "/approvals/")
    assert "1 request waits for you." in for_finance
    assert "Change a quota" in for_finance
    for reader in (acme_manager, acme_readonly):
        shown = page(as_(reader), "/approvals/")
        assert "Nothing waits for you." in shown
        assert "Acorn" in shown


def test_what_waits_for_the_reader_stands_on_top(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona, as_: type_of_clients
) -> None:
    ask(acme_manager, subject_label="Older, for finance")
    ask(acme_finance, subject_label="Newer, own")
    shown = page(as_(acme_finance), "/approvals/")
    assert shown.index("Older, for finance") < shown.index("Newer, own")
    assert shown.count("Older, for finance") == 1


def test_the_filters(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona, acme_readonly: Persona, as_: type_of_clients
) -> None:
    first, second = ask(acme_manager, subject_label="First"), ask(acme_finance, subject_label="Second")
    over = ask(acme_manager, subject_label="Third")
    Approval.objects.filter(pk=over.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    client = as_(acme_finance)

    def found(query: str) -> set[int]:
        return {row.pk for row in client.get(f"/approvals/?{query}").context["list"].page().rows}

    assert found("waits=me") == {first.pk}
    assert found("waits=others") == {second.pk}
    assert found("waits=me&waits=others") == {first.pk, second.pk}
    assert found("state=expired") == {over.pk}
    assert found("state=waiting") == {first.pk, second.pk}
    assert found("q=finance%40acme") == {second.pk}
    assert found("q=thi") == {over.pk}
    assert found("action=quota.account.quota_adjusted") == {first.pk, second.pk, over.pk}
    assert found("action=linking.invitation.sent") == set()
    assert client.get("/approvals/?waits=everybody").status_code == 422


def test_the_list_costs_the_same_for_two_and_for_twenty(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona, as_: type_of_clients
) -> None:
    client = as_(acme_finance)
    for number in range(2):
        ask(acme_manager, subject_label=f"A{number}")
    client.get("/approvals/")
    with CaptureQueriesContext(connection) as few:
        client.get("/approvals/")
    for number in range(18):
        ask(acme_manager, subject_label=f"B{number}")
    with CaptureQueriesContext(connection) as many:
        client.get("/approvals/")
    assert len(many) == len(few)


def test_the_overview_counts_what_waits_for_the_reader(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona, as_: type_of_clients
) -> None:
    ask(acme_manager)
    tiles = {who.name: as_(who).get("/").context["overview"].n_approvals for who in (acme_manager, acme_finance)}
    assert tiles == {"acme_manager": 0, "acme_finance": 1}


def test_deciding_on_the_page(deeds: Deeds, acme_manager: Persona, acme_finance: Persona, as_: type_of_clients) -> None:
    approval = ask(acme_manager)
    client = as_(acme_finance)
    shown = page(client, f"/approvals/{approval.pk}/")
    assert "The quota changes at once." in shown
    assert "New contract" in shown

    answer = client.post(f"/approvals/{approval.pk}/decide/", {"decision": "approve", "note": ""}, follow=True)

    assert "Approved: Acorn." in answer.content.decode()
    assert deeds.done == [("executed", approval.pk)]
    assert "It is done." in page(client, f"/approvals/{approval.pk}/")


def test_rejecting_without_a_note_says_what_is_missing(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona, as_: type_of_clients
) -> None:
    approval = ask(acme_manager)
    answer = as_(acme_finance).post(f"/approvals/{approval.pk}/decide/", {"decision": "reject"})
    assert answer.status_code == 422
    assert "Say why, so that whoever asked can put it right." in answer.content.decode()
    assert deeds.done == []


def test_the_slower_one_reads_who_was_faster(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona, acme_master: Persona, as_: type_of_clients
) -> None:
    approval = ask(acme_manager)
    services.decide(actor=acme_finance.actor, approval_pk=approval.pk, approve=True)
    answer = as_(acme_master).post(f"/approvals/{approval.pk}/decide/", {"decision": "approve"})
    assert answer.status_code == 409
    assert "finance@acme.example approved this already." in answer.content.decode()


def test_the_asker_sees_who_may_decide_and_withdraws(
    deeds: Deeds, acme_manager: Persona, acme_finance: Persona, as_: type_of_clients
) -> None:
    approval = ask(acme_manager)
    client = as_(acme_manager)
    shown = page(client, f"/approvals/{approval.pk}/")
    assert "Somebody else has to decide." in shown
    assert "finance@acme.example" in shown
    assert 'name="decision"' not in shown
    assert client.post(f"/approvals/{approval.pk}/decide/", {"decision": "approve"}).status_code == 403
    assert "The quota stays." in page(client, f"/approvals/{approval.pk}/withdraw/")
    assert client.post(f"/approvals/{approval.pk}/withdraw/").status_code == 303
    assert deeds.done == [("refused withdrawn", approval.pk)]
    page(client, f"/approvals/{approval.pk}/withdraw/", 409)


def test_alone_on_the_page(deeds: Deeds, acme_master: Persona, as_: type_of_clients) -> None:
    approval = ask(acme_master, blind_answer=ANSWER)
    client = as_(acme_master)
    assert "Decide alone…" in page(client, f"/approvals/{approval.pk}/")
    url = f"/approvals/{approval.pk}/alone/"
    wrong = client.post(url, {"reason": "Nobody else", "typed": "17"})
    assert wrong.status_code == 422
    assert ANSWER not in wrong.content.decode()
    assert client.post(url, {"reason": "Nobody else", "typed": ANSWER}).status_code == 303
    assert deeds.done == [("executed", approval.pk)]
    assert "alone" in page(client, "/approvals/")


def test_the_admin_does_not_tell_the_answer(
    deeds: Deeds, acme_manager: Persona, operator: Persona, as_: type_of_clients
) -> None:
    approval = ask(acme_manager, blind_answer=ANSWER, subject_label="Acorn", payload={})
    client = as_(operator)
    answer = client.get(f"/admin/approvals/approval/{approval.pk}/change/")
    assert answer.status_code == 200, "an operator with a second factor gets in"
    assert ANSWER not in answer.content.decode()
