"""Linked accounts come to be and are edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from partner_console.access.actor import system_actor
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.errors import Forbidden, Invalid, NotFound
from tests.factories import make_account, make_partner
from uids import selectors, services
from uids.errors import AlreadyLinked, NotLive, StaleVersion
from uids.models import LinkedAccount
from uids.states import Relationship

if TYPE_CHECKING:
    from partner_console.access.models import Partner
    from tests.personas import Persona

UID = "1792155717328010"


def create(actor: Any, partner: Partner, **fields: Any) -> LinkedAccount:
    return services.create_account(
        **{"actor": actor, "partner_pk": partner.pk, "uid": UID, "account_type": 2, **fields}
    )


def edit(persona: Persona, account: LinkedAccount, **fields: Any) -> LinkedAccount:
    given = {"version": account.version, "nickname": "", "business_manager": "", "remarks": "", **fields}
    return services.edit_account(actor=persona.actor, account_pk=account.pk, **given)


def test_a_new_account_stands_in_the_trail(acme: Partner) -> None:
    account = create(system_actor("linker"), acme, nickname=" Kaito\tTrading ", remarks="first\r\nsecond")

    assert (account.nickname, account.remarks) == ("Kaito Trading", "first\nsecond")
    assert account.relationship == Relationship.NORMAL
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_pk, entry.partner) == (Action.ACCOUNT_LINKED, account.pk, acme)
    assert entry.changes["nickname"] == [None, "Kaito Trading"]


def test_an_import_is_recorded_as_one(acme_manager: Persona, acme: Partner) -> None:
    create(acme_manager.actor, acme, action=Action.ACCOUNT_IMPORTED, note="row 7")

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.note, entry.operator_uid) == (Action.ACCOUNT_IMPORTED, "row 7", "2099")


def test_a_uid_has_one_live_link_and_nobody_learns_whose(acme: Partner) -> None:
    globex = make_partner("globex")
    make_account(acme, UID)

    with pytest.raises(AlreadyLinked) as here:
        create(system_actor("linker"), acme)
    with pytest.raises(AlreadyLinked) as elsewhere:
        create(system_actor("linker"), globex)

    assert (here.value.data["here"], elsewhere.value.data["here"]) == (True, False)
    assert "acme" not in str(elsewhere.value).lower()
    assert AuditEntry.objects.count() == 0


def test_a_terminated_link_leaves_room_for_a_new_one(acme: Partner) -> None:
    old = make_account(acme, UID, relationship=Relationship.TERMINATED)

    account = create(system_actor("linker"), acme)

    assert selectors.get_account(system_actor("reader"), UID) == account != old


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"nickname": "あ" * 51}, "nickname"),
        ({"remarks": "x" * 3001}, "remarks"),
        ({"uid": "12a"}, "uid"),
        ({"uid": "1" * 21}, "uid"),
        ({"account_type": 9}, "account_type"),
        ({"overdraft": -1}, "overdraft"),
    ],
)
def test_what_the_cloud_would_refuse_is_refused_here(acme: Partner, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as error:
        create(system_actor("linker"), acme, **fields)

    assert error.value.field == field
    assert LinkedAccount.objects.count() == 0


def test_only_who_may_bring_accounts_in(acme_finance: Persona, outsider: Persona, acme: Partner) -> None:
    with pytest.raises(Forbidden):
        create(acme_finance.actor, acme)
    with pytest.raises(NotFound):
        create(outsider.actor, acme)


def test_an_edit_is_kept_with_before_and_after(acme_manager: Persona, acme: Partner) -> None:
    account = make_account(acme, nickname="Old")

    saved = edit(acme_manager, account, nickname="新しい名前", business_manager="Aiko", remarks="pays late")

    saved.refresh_from_db()
    assert (saved.nickname, saved.business_manager, saved.remarks, saved.version) == (
        "新しい名前", "Aiko", "pays late", 2,
    )  # fmt: skip
    assert AuditEntry.objects.get().changes == {
        "nickname": ["Old", "新しい名前"],
        "business_manager": ["", "Aiko"],
        "remarks": ["", "pays late"],
    }


def test_saving_the_same_again_records_nothing(acme_manager: Persona, acme: Partner) -> None:
    account = make_account(acme, nickname="Same")

    edit(acme_manager, account, nickname="Same ", version=99)

    account.refresh_from_db()
    assert account.version == 1
    assert AuditEntry.objects.count() == 0


@pytest.mark.parametrize(
    ("nickname", "fits"), [("あ" * 50, True), ("あ" * 51, False), ("x" * 150, True), ("x" * 151, False)]
)
def test_a_nickname_is_measured_in_bytes(acme_manager: Persona, acme: Partner, nickname: str, *, fits: bool) -> None:
    account = make_account(acme, nickname="Old")

    if fits:
        edit(acme_manager, account, nickname=nickname)
    else:
        with pytest.raises(Invalid, match="bytes"):
            edit(acme_manager, account, nickname=nickname)

    account.refresh_from_db()
    assert account.nickname == (nickname if fits else "Old")


def test_a_stale_edit_shows_both_sides_and_changes_nothing(
    acme_manager: Persona, acme_master: Persona, acme: Partner
) -> None:
    account = make_account(acme, nickname="Old")
    edit(acme_master, account, nickname="Theirs")

    with pytest.raises(StaleVersion) as stale:
        edit(acme_manager, account, nickname="Mine", version=1)

    assert stale.value.data["yours"]["nickname"] == "Mine"
    assert stale.value.data["theirs"]["nickname"] == "Theirs"
    account.refresh_from_db()
    assert account.nickname == "Theirs"
    edit(acme_manager, account, nickname="Mine", version=stale.value.data["version"])
    account.refresh_from_db()
    assert account.nickname == "Mine"


@pytest.mark.parametrize("relationship", [Relationship.TERMINATED, Relationship.DELETED])
def test_an_ended_relationship_refuses_edits_with_the_reason(
    acme_manager: Persona, acme: Partner, relationship: Relationship
) -> None:
    account = make_account(acme, relationship=relationship)

    with pytest.raises(NotLive, match=str(relationship.label)):
        edit(acme_manager, account, nickname="New")

    assert AuditEntry.objects.count() == 0


def test_an_agency_edits_nickname_and_remarks_only(agency_master: Persona) -> None:

    account = make_account(agency_master.partner, business_manager="")

    edit(agency_master, account, nickname="New", remarks="noted")
    with pytest.raises(Forbidden):
        edit(agency_master, account, version=2, nickname="New", remarks="noted", business_manager="Aiko")

    account.refresh_from_db()
    assert (account.nickname, account.business_manager) == ("New", "")


def test_others_accounts_do_not_exist(outsider: Persona, acme_readonly: Persona, acme: Partner) -> None:
    account = make_account(acme)

    with pytest.raises(NotFound):
        edit(outsider, account, nickname="Mine now")
    with pytest.raises(NotFound):
        selectors.get_account(outsider.actor, account.uid)
    with pytest.raises(Forbidden):
        edit(acme_readonly, account, nickname="Mine now")
