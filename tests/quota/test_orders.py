"""May a customer buy (design §6.4)? What the state tables leave out: who asks, about whom, and with what price."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from partner_console.errors import Forbidden, Invalid, NotFound
from quota.selectors.orders import OrderKind, judge_order, order_allowed
from tests.factories import make_account
from uids.states import Relationship

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.personas import Persona
    from uids.models import LinkedAccount

D = Decimal


@pytest.fixture
def account(acme_manager: Persona) -> LinkedAccount:
    return make_account(acme_manager.partner, "1792155717328010", quota=D(100))


def test_it_is_asked_by_uid_or_key_in_two_queries(
    acme_readonly: Persona,
    account: LinkedAccount,
    django_assert_num_queries: Callable[[int], AbstractContextManager[object]],
) -> None:
    with django_assert_num_queries(2):
        verdict = order_allowed(actor=acme_readonly.actor, uid=account.uid, kind=OrderKind.PAYG, price=D(100))
    assert (verdict.allowed, verdict.code, verdict.reason) == (True, "", "")

    refused = order_allowed(actor=acme_readonly.actor, account_pk=account.pk, kind="subscription", price=D("100.01"))
    assert (refused.allowed, refused.code) == (False, "more_than_available")
    assert refused.reason == "The price of 100.01 USD is more than the Available Quota of 100.00 USD."


def test_the_relationship_comes_first(acme_manager: Persona) -> None:
    for relationship, code in (
        (Relationship.TO_BE_CONFIRMED, "relationship_ending"),
        (Relationship.IN_PROCESS, "relationship_ending"),
        (Relationship.TERMINATED, "not_linked"),
        (Relationship.DELETED, "not_linked"),
    ):
        account = make_account(acme_manager.partner, relationship=relationship, purchase_control="ban")
        assert judge_order(account, None, OrderKind.SUBSCRIPTION, D(1)).code == code


def test_without_a_quota_only_an_agencys_customer_buys(acme_manager: Persona, agency_master: Persona) -> None:
    ours = make_account(acme_manager.partner)
    theirs = make_account(agency_master.partner)

    assert judge_order(ours, None, OrderKind.PAYG, D(1)).code == "no_quota"
    assert judge_order(theirs, None, OrderKind.PAYG, D(1)).allowed


def test_what_is_no_order_is_invalid(acme_manager: Persona, account: LinkedAccount) -> None:
    for kind, price in (("spot", D(1)), ("payg", D(-1)), ("payg", D("NaN")), ("subscription", D("Infinity"))):
        with pytest.raises(Invalid):
            order_allowed(actor=acme_manager.actor, uid=account.uid, kind=kind, price=price)


def test_others_learn_nothing(outsider: Persona, agency_master: Persona, account: LinkedAccount) -> None:
    with pytest.raises(NotFound):
        order_allowed(actor=outsider.actor, uid=account.uid, kind="payg", price=D(1))
    with pytest.raises(NotFound):
        order_allowed(actor=outsider.actor, account_pk=account.pk, kind="payg", price=D(1))
    with pytest.raises(Forbidden):
        order_allowed(actor=agency_master.actor, uid=account.uid, kind="payg", price=D(1))
