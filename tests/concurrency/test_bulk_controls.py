"""Switches of many accounts from many sides at once: one edit in eight hands, two edits of the same accounts."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db.models import Count

from partner_console.access.actor import actor_for_membership
from partner_console.access.models import Membership
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.cloud.models import CloudCommand
from quota import tasks
from quota.services import bulk
from quota.services.bulk import running
from tests.factories import make_account, make_member, make_partner
from tests.support.races import run_together
from uids.bulk_wording import CONTROLS
from uids.models import BulkEdit, ControlChange, LinkedAccount
from uids.models.bulk import BulkState
from uids.services.bulk import Change

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

EIGHT, MASTERS = 8, 6
FREEZE = Change(CONTROLS, what="payg_freeze", value="frozen", reason="race")


@pytest.fixture
def selection(monkeypatch: pytest.MonkeyPatch) -> bulk.Selection:
    """Masters with three sub-accounts each, half of whom are chosen too. Nothing runs before the test says so."""
    monkeypatch.setattr("partner_console.cloud.tasks.send_commands.delay", lambda uid: None)
    monkeypatch.setattr(tasks.run_bulk_edit, "delay", lambda pk: None)
    monkeypatch.setattr(running, "BATCH", 2)
    monkeypatch.setattr("quota.services.bulk.starting.is_long", lambda _n, _change: True)
    partner = make_partner()
    chosen = []
    for _number in range(MASTERS):
        master = make_account(partner, quota=Decimal(10))
        subs = [make_account(partner, trustee=master) for _sub in range(3)]
        chosen += [master.pk, subs[0].pk]
    make_member(partner, email="one@partner.example")
    return bulk.Selection("", {}, tuple(chosen))


def begun(selection: bulk.Selection) -> BulkEdit:
    actor = actor_for_membership(Membership.objects.select_related("user", "partner").get())
    found = bulk.preview(actor=actor, selection=selection, change=FREEZE)
    return bulk.start_bulk_edit(actor=actor, selection=selection, change=FREEZE, confirmed=found.n_accounts)


def done(edit: BulkEdit) -> BulkEdit:
    edit.refresh_from_db()
    return edit


def most_changes_of_one_account() -> int:
    own = ControlChange.objects.filter(cause__isnull=True).values("account").annotate(n=Count("pk"))
    return max(int(row["n"]) for row in own)


def test_without_the_lock_rows_are_counted_twice(selection: bulk.Selection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is real: two workers that both read where the edit is do the same rows."""
    both_have_read, first = threading.Barrier(2, timeout=30), threading.local()

    def unlocked(edit_pk: int) -> BulkEdit | None:
        rows = BulkEdit.objects.select_related("partner", "undoes").filter(pk=edit_pk)
        found = rows.exclude(state=BulkState.DONE).first()
        if not hasattr(first, "over"):
            first.over = True
            both_have_read.wait()
        return found

    edit = begun(selection)
    monkeypatch.setattr(running, "claim", unlocked)

    run_together(2, lambda _number: bulk.run_bulk_edit(edit_pk=edit.pk))

    assert (done(edit).n_changed, edit.n_same) != (2 * MASTERS, 0)


def test_one_edit_in_eight_hands_changes_each_account_once(selection: bulk.Selection) -> None:
    edit = begun(selection)

    run_together(EIGHT, lambda _number: bulk.run_bulk_edit(edit_pk=edit.pk))
    bulk.run_bulk_edit(edit_pk=edit.pk)

    assert (done(edit).state, edit.n_changed, edit.n_same, edit.n_refused) == (BulkState.DONE, 2 * MASTERS, 0, 0)
    assert most_changes_of_one_account() == 1
    assert CloudCommand.objects.count() == 2 * MASTERS
    assert AuditEntry.objects.filter(action=Action.BULK_FINISHED).count() == 1


def test_two_edits_of_the_same_accounts_change_each_once(selection: bulk.Selection) -> None:
    """And neither waits for the other for ever: accounts are locked in the order of their pk."""
    edits = [begun(selection), begun(selection)]

    answers = run_together(2, lambda number: bulk.run_bulk_edit(edit_pk=edits[number].pk))

    assert answers == [None, None]
    assert [done(edit).state for edit in edits] == [BulkState.DONE] * 2
    assert sum(edit.n_changed for edit in edits) == sum(edit.n_same for edit in edits) == 2 * MASTERS
    assert most_changes_of_one_account() == 1
    assert LinkedAccount.objects.filter(payg_frozen=True).count() == 2 * MASTERS
