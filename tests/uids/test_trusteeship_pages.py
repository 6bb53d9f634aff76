"""The trusteeship page: look an account up, read what changes and what is in the way, do it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.urls import reverse

from quota.states import EntryKind
from tests.factories import make_account, make_partner
from tests.quota.support import move
from uids.models import ControlChange, LinkedAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from partner_console.access.models import Partner
    from tests.personas import Persona

D = Decimal


def address(account: LinkedAccount) -> str:
    return reverse("uids:account_trusteeship", args=[account.uid])


def test_a_manager_puts_an_account_under_a_master_and_ends_it_again(
    acme_manager: Persona, acme: Partner, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_manager)
    master = make_account(acme, quota=D("250.5"), purchase_control="ban", nickname="Umi Holding")
    sub = make_account(acme, quota=D(7))

    looked_up = client.get(address(sub), {"master": f" {master.uid} "})
    page = looked_up.content.decode()
    assert "Umi Holding" in page
    assert "7.00" in page
    assert "250.50" in page
    assert "Disabled" in page
    joined = client.post(f"{address(sub)}?master={master.uid}", {"reason": "Group contract"}, follow=True)
    assert f"UID {sub.uid} spends the money of {master.uid} from now on." in joined.content.decode()
    assert LinkedAccount.objects.get(pk=sub.pk).trustee_id == master.pk
    assert ControlChange.objects.get().reason == "Group contract"

    assert "End the trusteeship" in client.get(address(sub)).content.decode()
    assert client.post(address(sub), {"reason": ""}).status_code == 422
    client.post(address(sub), {"reason": "Sold"})
    assert LinkedAccount.objects.get(pk=sub.pk).trustee_id is None


def test_what_is_in_the_way_is_named_and_nothing_can_be_pressed(
    acme_manager: Persona, acme: Partner, as_: Callable[[Persona], Client]
) -> None:
    client = as_(acme_manager)
    master, sub = make_account(acme), make_account(acme, quota=D(1))
    move(sub, EntryKind.USAGE, undeducted="2")

    page = client.get(address(sub), {"master": master.uid}).content.decode()

    assert f"Available Quota of UID {sub.uid} is below zero: it needs +1.00 USD first." in page
    assert f"UID {master.uid} has no quota here" in page
    assert 'name="reason"' not in page
    assert client.post(f"{address(sub)}?master={master.uid}", {"reason": "x"}).status_code == 409
    assert LinkedAccount.objects.get(pk=sub.pk).trustee_id is None


def test_a_uid_that_is_not_ours_is_said_at_its_field(
    acme_manager: Persona, acme: Partner, as_: Callable[[Persona], Client]
) -> None:
    """Another partner's account is as unknown as none; a master is looked up from its own page by its sub-account."""
    client = as_(acme_manager)
    account, sub, theirs = make_account(acme), make_account(acme), make_account(make_partner())

    for name, typed, words in (
        ("master", theirs.uid, f"There is no linked account with UID {theirs.uid} here."),
        ("sub", "someone@example.com", "digits only"),
        ("master", "", "Enter a UID."),
    ):
        answer = client.get(address(account), {name: typed})
        assert answer.status_code == 422
        assert words in answer.content.decode()
    found = client.get(address(account), {"sub": sub.uid})
    assert (found.status_code, found["Location"]) == (303, f"{address(sub)}?master={account.uid}")
