"""Bulk edits of the list: what would happen, what did, to every row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup

from partner_console.access.models import Membership
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, Invalid
from quota import tasks
from quota.services import bulk
from quota.services.bulk import running, starting
from tests.factories import make_account
from uids.bulk_wording import LABELS, MANAGER, REMARKS
from uids.models import BulkEdit, Label
from uids.models.bulk import BulkState
from uids.services.bulk import APPEND, Change

if TYPE_CHECKING:
    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona
    from uids.models import LinkedAccount

pytestmark = pytest.mark.django_db
EVERYTHING = bulk.Selection("", {})


@pytest.fixture
def client(as_: Any, acme_master: Persona) -> Client:
    return as_(acme_master)  # type: ignore[no-any-return]


@pytest.fixture
def accounts(acme: Partner) -> list[LinkedAccount]:
    """Two that can change, one that is as it should be, one whose relationship has ended."""
    return [
        make_account(acme, "1000000000000001", business_manager="Old", remarks="first"),
        make_account(acme, "1000000000000002"),
        make_account(acme, "1000000000000003", business_manager="Mei"),
        make_account(acme, "1000000000000004", relationship="terminated"),
    ]


def managers(accounts: list[LinkedAccount]) -> list[str]:
    for account in accounts:
        account.refresh_from_db()
    return [account.business_manager for account in accounts]


def text_of(response: Any) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def test_the_dry_run_says_what_would_happen_and_changes_nothing(
    acme_master: Persona, accounts: list[LinkedAccount]
) -> None:
    found = bulk.preview(actor=acme_master.actor, selection=EVERYTHING, change=Change(MANAGER, text="Mei"))

    assert (found.total, found.n_changed, found.n_same, found.refused) == (4, 2, 1, [("not_live", 1)])
    assert found.sample == accounts[:2]
    assert managers(accounts) == ["Old", "", "Mei", ""]
    assert not AuditEntry.objects.filter(action="uids.account.edited").exists()


def test_the_run_does_what_the_dry_run_said_and_leaves_a_trail(
    acme_master: Persona, accounts: list[LinkedAccount]
) -> None:
    edit = bulk.start_bulk_edit(actor=acme_master.actor, selection=EVERYTHING, change=Change(MANAGER, text="Mei"))

    assert managers(accounts) == ["Mei", "Mei", "Mei", ""]
    assert (edit.state, edit.n_changed, edit.n_same, edit.n_refused) == (BulkState.DONE, 2, 1, 1)
    assert edit.refusals == [[accounts[3].pk, str(accounts[3]), "not_live", ""]]
    entries = AuditEntry.objects.filter(operation_id=edit.operation_id).order_by("pk")
    assert [entry.changes for entry in entries] == [
        {"business_manager": ["Old", "Mei"]},
        {"business_manager": ["", "Mei"]},
    ]
    assert [account.version for account in accounts] == [2, 2, 1, 1]


def test_a_second_run_changes_nothing(acme_master: Persona, accounts: list[LinkedAccount]) -> None:
    for _ in range(2):
        edit = bulk.start_bulk_edit(actor=acme_master.actor, selection=EVERYTHING, change=Change(MANAGER, text="Mei"))

    assert (edit.n_changed, edit.n_same) == (0, 3)


def test_remarks_are_added_below_or_replaced(acme_master: Persona, accounts: list[LinkedAccount]) -> None:
    chosen = bulk.Selection("", {}, (accounts[0].pk, accounts[1].pk))

    bulk.start_bulk_edit(actor=acme_master.actor, selection=chosen, change=Change(REMARKS, text="更新", mode=APPEND))
    managers(accounts)
    assert [account.remarks for account in accounts[:3]] == ["first\n更新", "更新", ""]

    bulk.start_bulk_edit(actor=acme_master.actor, selection=chosen, change=Change(REMARKS, text="new"))
    managers(accounts)
    assert [account.remarks for account in accounts[:3]] == ["new", "new", ""]


def test_remarks_that_would_be_too_long_are_refused_row_by_row(acme: Partner, acme_master: Persona) -> None:
    full = make_account(acme, remarks="漢" * 999)
    empty = make_account(acme)
    change = Change(REMARKS, text="漢字", mode=APPEND)

    found = bulk.preview(actor=acme_master.actor, selection=EVERYTHING, change=change)
    edit = bulk.start_bulk_edit(actor=acme_master.actor, selection=EVERYTHING, change=change)

    assert (found.n_changed, found.refused) == (1, [("too_long", 1)])
    assert [refusal[0] for refusal in edit.refusals] == [full.pk]
    empty.refresh_from_db()
    assert empty.remarks == "漢字"


def test_labels_are_added_and_taken_away(acme: Partner, acme_master: Persona, accounts: list[LinkedAccount]) -> None:
    gold, silver = (Label.objects.create(partner=acme, name=name) for name in ("Gold", "Silver"))
    accounts[0].labels.add(silver)
    accounts[1].labels.add(gold)
    change = Change(LABELS, add=(gold.pk,), remove=(silver.pk,))

    found = bulk.preview(actor=acme_master.actor, selection=EVERYTHING, change=change)
    edit = bulk.start_bulk_edit(actor=acme_master.actor, selection=EVERYTHING, change=change)

    assert (found.n_changed, found.n_same) == (edit.n_changed, edit.n_same) == (2, 1)
    assert [[label.name for label in account.labels.all()] for account in accounts] == [
        ["Gold"],
        ["Gold"],
        ["Gold"],
        [],
    ]
    first = AuditEntry.objects.filter(operation_id=edit.operation_id).order_by("pk").first()
    assert first is not None
    assert first.changes == {"labels": [["Silver"], ["Gold"]]}


def test_labels_of_another_partner_are_refused(acme_master: Persona, outsider: Persona) -> None:
    foreign = Label.objects.create(partner=outsider.partner, name="Theirs")

    with pytest.raises(Invalid):
        bulk.preview(actor=acme_master.actor, selection=EVERYTHING, change=Change(LABELS, add=(foreign.pk,)))


def test_accounts_of_another_partner_are_never_touched(acme_master: Persona, outsider: Persona) -> None:
    theirs = make_account(outsider.partner, business_manager="Theirs")

    with pytest.raises(Invalid, match="Select at least one"):
        bulk.start_bulk_edit(
            actor=acme_master.actor, selection=bulk.Selection("", {}, (theirs.pk,)), change=Change(MANAGER, text="Mine")
        )

    assert managers([theirs]) == ["Theirs"]


def test_who_may_not_edit_cannot(acme_readonly: Persona, accounts: list[LinkedAccount]) -> None:
    with pytest.raises(Forbidden):
        bulk.start_bulk_edit(actor=acme_readonly.actor, selection=EVERYTHING, change=Change(MANAGER, text="Mei"))

    assert not BulkEdit.objects.exists()
    assert managers(accounts) == ["Old", "", "Mei", ""]


def test_a_killed_run_goes_on_where_it_was(
    acme_master: Persona, accounts: list[LinkedAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 1)
    monkeypatch.setattr(starting, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(tasks.run_bulk_edit, "delay_on_commit", lambda _pk: None)
    edit = bulk.start_bulk_edit(actor=acme_master.actor, selection=EVERYTHING, change=Change(MANAGER, text="Mei"))
    running._run_batch(edit.pk)  # noqa: SLF001 the worker dies after its first batch
    edit.refresh_from_db()
    assert (edit.state, edit.n_done) == (BulkState.RUNNING, 1)

    bulk.run_bulk_edit(edit_pk=edit.pk)

    edit.refresh_from_db()
    assert (edit.state, edit.n_changed, edit.n_same, edit.n_refused) == (BulkState.DONE, 2, 1, 1)
    assert managers(accounts) == ["Mei", "Mei", "Mei", ""]


def test_an_edit_whose_author_left_fails_and_changes_nothing(
    acme_master: Persona, accounts: list[LinkedAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(tasks.run_bulk_edit, "delay_on_commit", lambda _pk: None)
    edit = bulk.start_bulk_edit(actor=acme_master.actor, selection=EVERYTHING, change=Change(MANAGER, text="Mei"))
    Membership.objects.update(is_active=False)

    bulk.run_bulk_edit(edit_pk=edit.pk)

    edit.refresh_from_db()
    assert edit.state == BulkState.FAILED
    assert edit.error
    assert managers(accounts) == ["Old", "", "Mei", ""]


def test_a_stopped_edit_stays_stopped(
    acme_master: Persona, accounts: list[LinkedAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(tasks.run_bulk_edit, "delay_on_commit", lambda _pk: None)
    edit = bulk.start_bulk_edit(actor=acme_master.actor, selection=EVERYTHING, change=Change(MANAGER, text="Mei"))

    bulk.cancel_bulk_edit(actor=acme_master.actor, edit_pk=edit.pk)
    bulk.run_bulk_edit(edit_pk=edit.pk)

    edit.refresh_from_db()
    assert edit.state == BulkState.CANCELLED
    assert managers(accounts) == ["Old", "", "Mei", ""]


def test_an_unknown_edit_is_left_alone(db: None) -> None:
    bulk.run_bulk_edit(edit_pk=-1)
    bulk.sweep_bulk_edits()


def test_the_pages_lead_from_the_list_to_the_result(client: Client, accounts: list[LinkedAccount]) -> None:
    chosen = {"change": "manager", "scope": "filter", "query": "q=10000000&sort=uid"}

    asked = client.post("/uids/bulk/", chosen)
    checked = client.post("/uids/bulk/", {**chosen, "step": "check", "text": "Mei"})
    done = client.post("/uids/bulk/", {**chosen, "step": "run", "text": "Mei"})
    result = client.get(done["Location"])

    assert "4 accounts chosen" in text_of(asked)
    assert "Would change 2" in text_of(checked)
    assert "Change 2 accounts" in text_of(checked)
    assert "1000000000000001" in text_of(checked)
    assert managers(accounts) == ["Mei", "Mei", "Mei", ""]
    assert done.status_code == 303
    assert "Rows that were not changed" in text_of(result)
    still_chosen = BeautifulSoup(result.content, "html.parser").select("input[name=pk][checked]")
    assert [box["value"] for box in still_chosen] == [str(accounts[3].pk)]


def test_nothing_chosen_leads_back_with_a_word(client: Client, accounts: list[LinkedAccount]) -> None:
    response = client.post("/uids/bulk/", {"change": "manager", "scope": "selected", "query": "sort=uid"}, follow=True)

    assert "Select rows first" in text_of(response)


def test_a_filter_that_makes_no_sense_is_never_read_as_all(client: Client, accounts: list[LinkedAccount]) -> None:
    response = client.post(
        "/uids/bulk/", {"change": "manager", "scope": "filter", "query": "colour=red", "step": "run", "text": "X"}
    )

    assert response.status_code == 422
    assert managers(accounts) == ["Old", "", "Mei", ""]


def test_a_form_with_nothing_in_it_says_so(client: Client, accounts: list[LinkedAccount]) -> None:
    response = client.post(
        "/uids/bulk/", {"change": "remarks", "scope": "filter", "query": "", "step": "check", "mode": "append"}
    )

    assert response.status_code == 422
    assert "1 to 3000 bytes" in text_of(response)


def test_agencies_have_no_business_manager_to_edit(as_: Any, agency_master: Persona) -> None:
    make_account(agency_master.partner)

    assert as_(agency_master).post("/uids/bulk/", {"change": "manager", "scope": "filter"}).status_code == 403
