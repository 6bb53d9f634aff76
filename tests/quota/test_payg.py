"""Shutdown and re-open, where the switch meets the money (design §6.5)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from partner_console.cloud.models import CloudCommand
from partner_console.errors import Conflict, Forbidden
from quota import services
from quota.errors import InArrears
from quota.states import EntryKind
from tests.factories import make_account
from tests.quota.support import move
from uids.models import ControlChange, LinkedAccount

if TYPE_CHECKING:
    from tests.personas import Persona

D = Decimal


@pytest.fixture
def account(acme_manager: Persona) -> LinkedAccount:
    return make_account(acme_manager.partner, quota=D("100"), payg_frozen=True)


def is_frozen(account: LinkedAccount) -> bool:
    return LinkedAccount.objects.get(pk=account.pk).payg_frozen


@pytest.mark.parametrize(("used", "missing"), [("137.2", "37.20"), ("137.195", "37.20"), ("100.000001", "0.01")])
def test_unfreezing_in_arrears_says_what_is_missing(
    acme_manager: Persona, account: LinkedAccount, used: str, missing: str
) -> None:
    move(account, EntryKind.USAGE, undeducted=used)

    with pytest.raises(InArrears) as refusal:
        services.unfreeze_payg(actor=acme_manager.actor, account_pk=account.pk, reason="paid")

    assert f"+{missing} USD first" in str(refusal.value)
    assert is_frozen(account)
    assert not ControlChange.objects.exists()
    assert not CloudCommand.objects.exists()


def test_at_exactly_zero_it_may_be_unfrozen(acme_manager: Persona, account: LinkedAccount) -> None:
    move(account, EntryKind.USAGE, undeducted="100")

    services.unfreeze_payg(actor=acme_manager.actor, account_pk=account.pk, reason="paid")

    assert not is_frozen(account)


def test_a_sub_account_is_in_arrears_with_its_master(acme_manager: Persona, account: LinkedAccount) -> None:
    sub = make_account(acme_manager.partner, quota=D(0), trustee=account, payg_frozen=True)
    move(account, EntryKind.USAGE, undeducted="101")

    with pytest.raises(InArrears, match=r"\+1.00 USD"):
        services.unfreeze_payg(actor=acme_manager.actor, account_pk=sub.pk, reason="paid")

    assert is_frozen(sub)


def test_freezing_is_allowed_in_arrears_and_once(acme_manager: Persona) -> None:
    account = make_account(acme_manager.partner, quota=D("100"))
    move(account, EntryKind.USAGE, undeducted="500")

    services.freeze_payg(actor=acme_manager.actor, account_pk=account.pk, reason="debt")
    with pytest.raises(Conflict) as again:
        services.freeze_payg(actor=acme_manager.actor, account_pk=account.pk, reason="debt")

    assert is_frozen(account)
    assert again.value.code == "already_frozen"


def test_finance_may_not_touch_the_switch(acme_finance: Persona, account: LinkedAccount) -> None:
    for change in (services.freeze_payg, services.unfreeze_payg):
        with pytest.raises(Forbidden):
            change(actor=acme_finance.actor, account_pk=account.pk, reason="paid")
