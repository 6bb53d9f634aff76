"""Bulk changes of switches: what would happen, what does, to accounts and those that follow them; and the way back."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partner_console.approvals import services as approvals
from partner_console.approvals.models import Approval, ApprovalRule
from partner_console.approvals.states import When
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from partner_console.errors import Conflict, Forbidden, Invalid
from quota.errors import CascadeMoved
from quota.services import bulk, controls
from quota.services.bulk import running
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.bulk_wording import CONTROLS, SWITCHES
from uids.models import BulkEdit, ControlChange, LinkedAccount
from uids.models.bulk import BulkState
from uids.services.bulk import Change
from uids.states import Relationship

if TYPE_CHECKING:
    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

pytestmark = pytest.mark.django_db
EVERYTHING = bulk.Selection("", {})
FREEZE = Change(CONTROLS, what="payg_freeze", value="frozen", reason="Audit")
UNFREEZE = Change(CONTROLS, what="payg_freeze", value="normal", reason="Audit is over")
DELAY = Change(CONTROLS, what="shutdown_policy", value="delayStop", reason="Agreed")
FIELDS = ("payg_frozen", "purchase_control", "shutdown_policy", "overdraft")


@pytest.fixture
def fleet(acme: Partner) -> dict[str, LinkedAccount]:
    """One of each kind, switches mixed; two of them hold the money of others."""
    master = make_account(acme, "1000000000000001", quota=Decimal(100))
    frozen = make_account(
        acme, "1000000000000002", quota=Decimal(50), payg_frozen=True, purchase_control="ban", shutdown_policy="noStop"
    )
    return {
        "master": master,
        "frozen": frozen,
        "sub": make_account(acme, "1000000000000003", trustee=master),
        "frozen sub": make_account(acme, "1000000000000004", trustee=master, payg_frozen=True, purchase_control="ban"),
        "sub of frozen": make_account(acme, "1000000000000005", trustee=frozen),
        "delayed": make_account(
            acme, "1000000000000006", quota=Decimal(10), shutdown_policy="delayStop", overdraft=Decimal(900)
        ),
        "ended": make_account(acme, "1000000000000007", relationship=Relationship.TERMINATED),
    }


def chosen(fleet: dict[str, LinkedAccount], *names: str) -> bulk.Selection:
    return bulk.Selection("", {}, tuple(fleet[name].pk for name in names or fleet))


def switches() -> list[tuple[Any, ...]]:
    return list(LinkedAccount.objects.order_by("pk").values_list(*FIELDS))


def start(persona: Persona, selection: bulk.Selection, change: Change) -> BulkEdit:
    """As somebody does who types the number that the dry run names."""
    found = bulk.preview(actor=persona.actor, selection=selection, change=change)
    return bulk.start_bulk_edit(actor=persona.actor, selection=selection, change=change, confirmed=found.n_accounts)


def undo(persona: Persona, edit: BulkEdit) -> BulkEdit:
    _change, found = bulk.preview_undo(actor=persona.actor, edit=edit)
    return bulk.undo_bulk_edit(actor=persona.actor, edit_pk=edit.pk, reason="Back", confirmed=found.n_accounts)


def text_of(response: Any) -> str:
    return " ".join(BeautifulSoup(response.content, "html.parser").get_text(" ").split())


def test_every_switch_does_what_its_dry_run_said_and_goes_back_exactly(
    acme_manager: Persona, fleet: dict[str, LinkedAccount]
) -> None:
    # What would change, is so already, is refused and follows, by switch; the ended account is always refused.
    expected = {
        ("payg_freeze", "frozen"): (4, 2, {"not_live": 1}, 0),
        ("payg_freeze", "normal"): (2, 4, {"not_live": 1}, 1),
        ("purchase_control", "ban"): (4, 2, {"not_live": 1}, 0),
        ("purchase_control", "normal"): (2, 4, {"not_live": 1}, 1),
        ("shutdown_policy", "immediatelyStop"): (2, 1, {"not_live": 1, "follows_master": 3}, 1),
        ("shutdown_policy", "delayStop"): (2, 1, {"not_live": 1, "follows_master": 3}, 3),
        ("shutdown_policy", "noStop"): (2, 1, {"not_live": 1, "follows_master": 3}, 2),
    }
    assert {(str(what), str(value)) for what, value in SWITCHES} == expected.keys()
    before = switches()
    for (what, value), (n_changed, n_same, refused, n_follow) in expected.items():
        change = Change(CONTROLS, what=what, value=value, reason="Why not")
        found = bulk.preview(actor=acme_manager.actor, selection=chosen(fleet), change=change)
        assert (found.n_changed, found.n_same, dict(found.refused)) == (n_changed, n_same, refused), change
        assert found.n_sub_accounts == n_follow, change
        assert switches() == before

        edit = start(acme_manager, chosen(fleet), change)

        assert (edit.state, edit.n_changed, edit.n_same) == (BulkState.DONE, n_changed, n_same), change
        assert edit.n_refused == sum(refused.values())
        rows = ControlChange.objects.filter(operation_id=edit.operation_id)
        assert rows.filter(cause__isnull=True).count() == n_changed
        assert {row.reason for row in rows} == {"Why not"}
        assert CloudCommand.objects.filter(operation_id=edit.operation_id).count() == n_changed

        back = undo(acme_manager, edit)

        assert (back.state, back.n_changed, back.n_refused) == (BulkState.DONE, n_changed, 0), change
        assert switches() == before, change
        again = bulk.preview_undo(actor=acme_manager.actor, edit=edit)[1]
        assert (again.n_changed, dict(again.refused)) == (0, {"changed_since": n_changed})


def test_sub_accounts_follow_by_record_and_their_own_switches_stay(
    acme_manager: Persona, fleet: dict[str, LinkedAccount]
) -> None:
    edit = start(acme_manager, chosen(fleet, "master", "ended"), FREEZE)

    rows = ControlChange.objects.filter(operation_id=edit.operation_id).order_by("account_id")
    assert [(row.account.uid[-1], row.cause and row.cause.uid[-1], row.reason) for row in rows] == [
        ("1", None, "Audit"),
        ("3", "1", "Audit"),
    ]
    assert edit.n_sub_accounts == 1
    assert edit.refusals == [[fleet["ended"].pk, str(fleet["ended"]), "not_live", ""]]
    assert LinkedAccount.objects.get(pk=fleet["sub"].pk).payg_frozen is False
    assert LinkedAccount.objects.select_related("trustee").get(pk=fleet["sub"].pk).effective_payg_status == "frozen"
    trail = AuditEntry.objects.filter(operation_id=edit.operation_id).values_list("action", flat=True)
    assert sorted(trail) == [
        Action.ACCOUNT_FROZEN, Action.ACCOUNT_FROZEN, Action.BULK_FINISHED, Action.BULK_STARTED
    ]  # fmt: skip


def test_in_arrears_nobody_is_unfrozen_and_what_is_missing_is_named(
    acme_manager: Persona, fleet: dict[str, LinkedAccount], as_: Any
) -> None:
    move(fleet["frozen"], EntryKind.USAGE, undeducted="87.195")
    held = make_account(acme_manager.partner, "1000000000000008", trustee=fleet["frozen"], payg_frozen=True)
    selection = bulk.Selection("", {}, (fleet["frozen"].pk, held.pk, fleet["frozen sub"].pk))

    found = bulk.preview(actor=acme_manager.actor, selection=selection, change=UNFREEZE)
    edit = start(acme_manager, selection, UNFREEZE)

    assert (found.n_changed, found.refused) == (1, [("in_arrears", 2)])
    assert [detail for _account, _code, detail in found.turned_away] == ["+37.20 USD"] * 2
    assert edit.refusals == [
        [fleet["frozen"].pk, str(fleet["frozen"]), "in_arrears", "+37.20 USD"],
        [held.pk, str(held), "in_arrears", "+37.20 USD"],
    ]
    page = as_(acme_manager).get(f"/uids/bulk/{edit.pk}/")
    assert "it cannot be unfrozen before it has money. (+37.20 USD)" in text_of(page)
    still_chosen = BeautifulSoup(page.content, "html.parser").select("input[name=pk][checked]")
    assert [int(str(box["value"])) for box in still_chosen] == [fleet["frozen"].pk, held.pk]
    # A freeze that is taken back is unfrozen, so the same holds; what was missing has been paid, and it goes.
    move(fleet["frozen"], EntryKind.USAGE, undeducted="-40")
    assert start(acme_manager, selection, UNFREEZE).n_changed == 2


def test_whoever_confirms_another_number_changes_nothing(
    acme_manager: Persona, fleet: dict[str, LinkedAccount]
) -> None:
    before = switches()
    # The master, and one sub-account that is not frozen by its own switch.
    for confirmed in (None, 0, 1, 3):
        with pytest.raises(CascadeMoved):
            bulk.start_bulk_edit(
                actor=acme_manager.actor, selection=chosen(fleet, "master"), change=FREEZE, confirmed=confirmed
            )
    with pytest.raises(Invalid, match="no account that this would change"):
        bulk.start_bulk_edit(actor=acme_manager.actor, selection=chosen(fleet, "ended"), change=FREEZE, confirmed=0)
    with pytest.raises(Invalid):
        bulk.start_bulk_edit(
            actor=acme_manager.actor,
            selection=chosen(fleet),
            change=Change(CONTROLS, what="payg_shutdown", value="normal", reason="x"),
            confirmed=1,
        )
    with pytest.raises(Invalid, match="Say why"):
        bulk.preview(
            actor=acme_manager.actor,
            selection=chosen(fleet),
            change=Change(CONTROLS, what="payg_freeze", value="frozen", reason=" "),
        )

    assert switches() == before
    assert not BulkEdit.objects.exists()
    assert not ControlChange.objects.exists()
    assert not AuditEntry.objects.filter(action=Action.BULK_STARTED).exists()


def test_what_comes_to_match_later_is_not_touched_and_a_killed_run_goes_on(
    acme: Partner, acme_manager: Persona, fleet: dict[str, LinkedAccount], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 1)
    real = running._run_batch  # noqa: SLF001
    calls: list[int] = []

    def dies(edit_pk: int) -> bool:
        calls.append(edit_pk)
        return real(edit_pk) and len(calls) < 2

    monkeypatch.setattr(running, "_run_batch", dies)
    edit = start(acme_manager, bulk.Selection("payg=normal", {"payg": ["normal"]}), FREEZE)
    assert (edit.state, edit.n_changed) == (BulkState.RUNNING, 2)
    late = make_account(acme, "1000000000000009")
    monkeypatch.setattr(running, "_run_batch", real)

    for _redelivered in range(2):
        bulk.run_bulk_edit(edit_pk=edit.pk)

    edit.refresh_from_db()
    late.refresh_from_db()
    assert (edit.state, edit.n_done) == (BulkState.DONE, edit.n_rows)
    assert late.payg_frozen is False
    own = ControlChange.objects.filter(operation_id=edit.operation_id, cause__isnull=True)
    assert own.count() == own.values("account").distinct().count() == edit.n_changed
    assert AuditEntry.objects.filter(action=Action.BULK_FINISHED).count() == 1


def test_a_second_change_finds_what_the_first_did(acme_manager: Persona, fleet: dict[str, LinkedAccount]) -> None:
    """Two people, the same dry run, one after the other: the second changes nothing and is told so."""
    found = bulk.preview(actor=acme_manager.actor, selection=chosen(fleet), change=FREEZE)
    first = bulk.start_bulk_edit(
        actor=acme_manager.actor, selection=chosen(fleet), change=FREEZE, confirmed=found.n_accounts
    )
    with pytest.raises(Invalid, match="no account that this would change"):
        bulk.start_bulk_edit(
            actor=acme_manager.actor, selection=chosen(fleet), change=FREEZE, confirmed=found.n_accounts
        )
    # Begun before the first was done, run after it.
    late = BulkEdit.objects.get(pk=first.pk)
    late.pk, late.operation_id, late.state, late.last_pk = None, "0" * 32, BulkState.QUEUED, 0
    late.n_changed = late.n_same = late.n_refused = late.n_sub_accounts = 0
    late.save()
    bulk.run_bulk_edit(edit_pk=late.pk)

    late.refresh_from_db()
    assert (late.n_changed, late.n_same, late.n_refused) == (0, 6, 1)
    assert not ControlChange.objects.filter(operation_id="0" * 32).exists()


def test_only_what_nobody_changed_since_is_taken_back(acme_manager: Persona, fleet: dict[str, LinkedAccount]) -> None:
    edit = start(acme_manager, chosen(fleet, "master", "frozen", "delayed"), DELAY)
    controls.change_control(
        actor=acme_manager.actor,
        account_pk=fleet["master"].pk,
        what="shutdown_policy",
        value="noStop",
        reason="Big customer",
    )
    before = switches()

    with pytest.raises(CascadeMoved):
        bulk.undo_bulk_edit(actor=acme_manager.actor, edit_pk=edit.pk, reason="Back", confirmed=99)
    assert switches() == before
    back = undo(acme_manager, edit)

    assert (edit.n_changed, back.n_changed, back.n_refused) == (2, 1, 1)
    assert back.refusals[0][:3] == [fleet["master"].pk, str(fleet["master"]), "changed_since"]
    policies = dict(LinkedAccount.objects.values_list("uid", "shutdown_policy"))
    assert [policies[fleet[name].uid] for name in ("master", "frozen", "delayed")] == ["noStop", "noStop", "delayStop"]
    assert back.undoes_id == edit.pk
    labels = BulkEdit.objects.create(
        partner=acme_manager.partner, change={"kind": "labels"}, operation_id="1" * 32, state=BulkState.DONE
    )
    with pytest.raises(Conflict, match="Only changes of switches"):
        bulk.undo_bulk_edit(actor=acme_manager.actor, edit_pk=labels.pk, reason="Back", confirmed=1)


def test_all_of_it_waits_for_one_second_person(
    acme: Partner, acme_manager: Persona, acme_master: Persona, fleet: dict[str, LinkedAccount], as_: Any
) -> None:
    ApprovalRule.objects.create(partner=acme, action=Action.ACCOUNT_FROZEN, when=When.LIMITS, is_for_sensitive=True)
    before = switches()
    # Without sub-accounts the rule does not ask for anybody.
    assert bulk.preview(actor=acme_manager.actor, selection=chosen(fleet, "delayed"), change=FREEZE).need is None
    outcomes = []
    for decision in ("reject", "withdraw", "approve"):
        edit = start(acme_manager, chosen(fleet, "master", "delayed"), FREEZE)
        approval = Approval.objects.latest("pk")
        assert (edit.state, switches()) == (BulkState.AWAITING, before)
        assert "second person" in text_of(as_(acme_manager).get(f"/uids/bulk/{edit.pk}/"))
        page = text_of(as_(acme_master).get(f"/approvals/{approval.pk}/"))
        assert "Freeze PAYG" in page
        assert "Sub-accounts that follow 1" in page
        bulk.run_bulk_edit(edit_pk=edit.pk)
        assert switches() == before
        if decision == "withdraw":
            bulk.cancel_bulk_edit(actor=acme_manager.actor, edit_pk=edit.pk)
        else:
            with pytest.raises(Forbidden):
                approvals.decide(actor=acme_manager.actor, approval_pk=approval.pk, approve=True)
            approvals.decide(actor=acme_master.actor, approval_pk=approval.pk, approve=decision == "approve", note="No")
        bulk.run_bulk_edit(edit_pk=edit.pk)
        edit.refresh_from_db()
        outcomes.append((edit.state, edit.n_changed, edit.n_sub_accounts))

    assert outcomes == [(BulkState.CANCELLED, 0, 0), (BulkState.CANCELLED, 0, 0), (BulkState.DONE, 2, 1)]
    # Taking it back is the same switch, and asks again.
    assert undo(acme_manager, edit).state == BulkState.AWAITING


def test_more_accounts_are_no_more_statements(acme: Partner, acme_manager: Persona) -> None:
    masters = [make_account(acme, quota=Decimal(10)) for _number in range(12)]
    LinkedAccount.objects.bulk_create(
        LinkedAccount(partner=acme, uid=str(2_000_000_000_000_000 + n), account_type=2, trustee=masters[n % 12])
        for n in range(120)
    )

    def statements(count: int) -> int:
        selection = bulk.Selection("", {}, tuple(one.pk for one in masters[:count]))
        found = bulk.preview(actor=acme_manager.actor, selection=selection, change=FREEZE)
        assert (found.n_changed, found.n_sub_accounts) == (count, count * 10)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            edit = bulk.start_bulk_edit(
                actor=acme_manager.actor, selection=selection, change=FREEZE, confirmed=found.n_accounts
            )
        assert (edit.n_changed, edit.n_sub_accounts) == (count, count * 10)
        ours = [query for query in captured.captured_queries if "cloud_" not in query["sql"]]
        assert undo(acme_manager, edit).n_changed == count
        return len(ours)

    assert statements(2) == statements(12)


def test_the_pages_lead_from_the_list_to_the_way_back(
    as_: Any, acme_manager: Persona, fleet: dict[str, LinkedAccount]
) -> None:
    client: Client = as_(acme_manager)
    asked = {"change": "controls", "scope": "filter", "query": "q=10000000&sort=uid"}
    filled = {**asked, "switch": "payg_freeze:frozen", "reason": "Audit"}

    assert "Shutdown control" in text_of(client.get("/uids/?q=10000000"))
    form = client.post("/uids/bulk/", asked)
    empty = client.post("/uids/bulk/", {**asked, "step": "check"})
    check = client.post("/uids/bulk/", {**filled, "step": "check"})
    wrong = client.post("/uids/bulk/", {**filled, "step": "run", "confirmed": "7"})

    assert "Set the policy: No shutdown" in text_of(form)
    assert empty.status_code == 422
    assert "Would change 4" in text_of(check)
    assert "instantly suspends its PAYG instances" in text_of(check)
    assert "Type 4: every account for which something changes." in text_of(check)
    assert wrong.status_code == 422
    assert "This changes 4 accounts, not “7”." in text_of(wrong)
    assert not BulkEdit.objects.exists()

    done = client.post("/uids/bulk/", {**filled, "step": "run", "confirmed": "４"})
    result = client.get(done["Location"])
    assert done.status_code == 303
    assert "Changed 4" in text_of(result)
    assert "Audit" in text_of(result)
    undo_url = f"{done['Location']}undo/"
    assert f'href="{undo_url}"' in result.content.decode()
    page = client.get(undo_url)
    assert "Take a change back: Freeze PAYG" in text_of(page)
    assert client.post(undo_url, {"reason": "Over", "confirmed": "1"}).status_code == 422
    back = client.post(undo_url, {"reason": "Over", "confirmed": "4"})
    assert back.status_code == 303
    assert "Changed 4" in text_of(client.get(back["Location"]))
    assert LinkedAccount.objects.filter(payg_frozen=True).count() == 2


def test_who_may_not_switch_has_no_button_and_no_page(
    as_: Any, acme: Partner, acme_readonly: Persona, agency_master: Persona, outsider: Persona, acme_manager: Persona,
    fleet: dict[str, LinkedAccount],
) -> None:  # fmt: skip
    edit = start(acme_manager, chosen(fleet, "delayed"), FREEZE)
    make_account(agency_master.partner)
    posted = {"change": "controls", "scope": "filter", "query": "", "switch": "payg_freeze:frozen", "reason": "x"}
    for persona, undo_status in ((acme_readonly, 403), (agency_master, 403), (outsider, 404)):
        client = as_(persona)
        if persona is not outsider:
            assert "Shutdown control" not in text_of(client.get("/uids/"))
            assert client.post("/uids/bulk/", {**posted, "step": "run", "confirmed": "1"}).status_code == 403
        assert client.get(f"/uids/bulk/{edit.pk}/undo/").status_code == undo_status
        assert client.post(f"/uids/bulk/{edit.pk}/undo/", {"reason": "x", "confirmed": "1"}).status_code == undo_status
    with pytest.raises(Invalid):
        bulk.start_bulk_edit(actor=outsider.actor, selection=chosen(fleet), change=FREEZE, confirmed=1)
    assert "Take it back" not in text_of(as_(acme_readonly).get(f"/uids/bulk/{edit.pk}/"))
    assert ControlChange.objects.exclude(operation_id=edit.operation_id).count() == 0
