"""The onboarding checklist: the seed's lines, the partner's own, and who ticked what when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from linking import onboarding
from linking.models import ChecklistTick
from linking.services import checklist
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, Invalid, NotFound
from tests.factories import make_account
from uids.errors import NotLive
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from tests.personas import Persona
    from uids.models import LinkedAccount

SEED = ["identity", "linked", "permissions", "billing", "access"]


@pytest.fixture
def account(acme_master: Persona) -> LinkedAccount:
    return make_account(acme_master.partner, "1792155717328010")


def keys(persona: Persona) -> list[str]:
    return [line.key for line in onboarding.list_lines(persona.partner.pk)]


def test_a_partner_begins_with_the_seeds_list(acme_master: Persona) -> None:
    assert keys(acme_master) == SEED


def test_lines_are_added_moved_removed_and_put_back(acme_master: Persona) -> None:
    actor = acme_master.actor

    own = str(checklist.add_item(actor=actor, text="  Contract\tfiled ").pk)
    checklist.move_item(actor=actor, key=own, is_up=True)
    checklist.remove_item(actor=actor, key="identity")
    checklist.remove_item(actor=actor, key="identity")
    assert keys(acme_master) == ["linked", "permissions", "billing", own, "access"]
    assert [line.key for line in onboarding.list_left_out(acme_master.partner.pk)] == ["identity"]

    checklist.restore_item(actor=actor, key="identity")
    checklist.move_item(actor=actor, key="identity", is_up=False)

    assert keys(acme_master) == ["linked", "permissions", "billing", own, "access", "identity"]
    assert AuditEntry.objects.filter(action="linking.checklist.edited").count() == 4


def test_one_partners_list_is_its_own(acme_master: Persona, outsider: Persona) -> None:
    own = checklist.add_item(actor=acme_master.actor, text="Contract filed")

    checklist.remove_item(actor=outsider.actor, key=str(own.pk))

    assert keys(outsider) == SEED
    assert keys(acme_master) == [*SEED, str(own.pk)]


@pytest.mark.parametrize("text", ["", "  ", "x" * 201])
def test_a_line_says_something_and_not_too_much(acme_master: Persona, text: str) -> None:
    with pytest.raises(Invalid):
        checklist.add_item(actor=acme_master.actor, text=text)

    assert keys(acme_master) == SEED


def test_who_ticked_what_when(acme_manager: Persona, account: LinkedAccount) -> None:
    first = checklist.tick(actor=acme_manager.actor, account_pk=account.pk, key="identity")
    again = checklist.tick(actor=acme_manager.actor, account_pk=account.pk, key="identity")

    found = onboarding.checklist_of(acme_manager.actor, account)
    assert (again.pk, found.n_done, found.is_done) == (first.pk, 1, False)
    assert found.lines[0].tick is not None
    assert found.lines[0].tick.by == acme_manager.user
    assert AuditEntry.objects.filter(action="linking.checklist.ticked").count() == 1


def test_a_tick_taken_away_is_on_the_trail(acme_manager: Persona, account: LinkedAccount) -> None:
    checklist.tick(actor=acme_manager.actor, account_pk=account.pk, key="identity")

    for _click in range(2):
        checklist.untick(actor=acme_manager.actor, account_pk=account.pk, key="identity")

    assert not ChecklistTick.objects.exists()
    entry = AuditEntry.objects.get(action="linking.checklist.unticked")
    assert entry.changes == {"item": ["identity", ""]}
    assert "manager@acme.example" in entry.note


def test_own_lines_are_ticked_for_each_customer(acme_master: Persona, account: LinkedAccount) -> None:
    own = str(checklist.add_item(actor=acme_master.actor, text="Contract filed").pk)
    other = make_account(acme_master.partner)

    checklist.tick(actor=acme_master.actor, account_pk=account.pk, key=own)

    assert onboarding.checklist_of(acme_master.actor, account).n_done == 1
    assert onboarding.checklist_of(acme_master.actor, other).n_done == 0


@pytest.mark.parametrize("key", ["", "nonsense", "999999", "9" * 30])
def test_a_line_that_is_not_in_the_list_cannot_be_ticked(
    acme_master: Persona, account: LinkedAccount, key: str
) -> None:
    with pytest.raises(NotFound):
        checklist.tick(actor=acme_master.actor, account_pk=account.pk, key=key)
    checklist.untick(actor=acme_master.actor, account_pk=account.pk, key=key)

    assert not ChecklistTick.objects.exists()


def test_only_staff_who_invite_tick(
    acme_readonly: Persona, outsider: Persona, acme_manager: Persona, account: LinkedAccount
) -> None:
    with pytest.raises(Forbidden):
        checklist.tick(actor=acme_readonly.actor, account_pk=account.pk, key="identity")
    with pytest.raises(NotFound):
        checklist.tick(actor=outsider.actor, account_pk=account.pk, key="identity")
    with pytest.raises(Forbidden):
        checklist.add_item(actor=acme_manager.actor, text="mine")
    type(account).objects.filter(pk=account.pk).update(relationship=Relationship.TERMINATED)
    with pytest.raises(NotLive):
        checklist.tick(actor=acme_manager.actor, account_pk=account.pk, key="identity")

    assert not ChecklistTick.objects.exists()


def test_a_click_ticks_and_another_takes_it_away(
    acme_manager: Persona, account: LinkedAccount, as_: Callable[[Persona], Client]
) -> None:
    client, url = as_(acme_manager), reverse("linking:account_tick", args=[account.uid])

    ticked = client.post(url, {"key": "billing"}, headers={"HX-Request": "true"}).content.decode()
    assert "1 of 5 done" in ticked
    assert "manager@acme.example" in ticked

    back = client.post(url, {"key": "billing", "undo": "1"})
    assert back.status_code == 303
    assert not ChecklistTick.objects.exists()


def test_the_settings_page_changes_the_list(acme_master: Persona, as_: Callable[[Persona], Client]) -> None:
    client = as_(acme_master)
    client.post(reverse("linking:checklist_edit"), {"text": "Contract filed"})
    client.post(reverse("linking:checklist_change"), {"key": "access", "change": "remove"})

    page = client.get(reverse("linking:checklist_edit")).content.decode()

    assert "Contract filed" in page
    assert "Put back" in page
    assert keys(acme_master)[:4] == SEED[:4]
    assert client.post(reverse("linking:checklist_change"), {"key": "x", "change": "eat"}).status_code == 422
