"""COPY writes what an insert would: every kind of value, keys of the table's own sequence, the database's rules."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError
from django.forms import model_to_dict

from partner_console.access.actor import system_actor
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.audit.models import AuditEntry
from partner_console.copying import copy_in
from tests.factories import make_account
from uids.models import LinkedAccount
from uids.states import PurchaseControl

if TYPE_CHECKING:
    from partner_console.access.models import Partner

pytestmark = pytest.mark.django_db
HOSTILE = 'tab\there "quoted" \\N \\. 物流 ’; DROP'


def account(partner: Partner, uid: str, **fields: object) -> LinkedAccount:
    return LinkedAccount(partner=partner, uid=uid, account_type=2, **fields)


def test_every_value_comes_back_as_it_went_in(acme: Partner) -> None:
    master = make_account(acme)
    new = account(
        acme,
        "5000000000000001",
        nickname=HOSTILE,
        remarks="two\nlines\r\nand a half",
        is_enterprise=None,
        is_certified=True,
        purchase_control=PurchaseControl.BAN,
        overdraft=Decimal("600.10"),
        linked_at=datetime(2024, 4, 21, 9, 48, 0, 123456, tzinfo=UTC),
        trustee=master,
    )

    copy_in([new, account(acme, "5000000000000002")])

    stored = LinkedAccount.objects.get(uid="5000000000000001")
    assert stored.pk == new.pk
    assert model_to_dict(stored) == model_to_dict(new)
    assert stored.linked_at == new.linked_at
    assert HOSTILE.lower() in stored.search


def test_what_was_copied_can_be_saved_and_the_next_insert_has_another_key(acme: Partner) -> None:
    copied = account(acme, "5000000000000001")
    copy_in([copied])

    copied.nickname = "later"
    copied.save(update_fields=["nickname"])

    assert make_account(acme, "5000000000000002").pk > copied.pk
    assert LinkedAccount.objects.get(pk=copied.pk).nickname == "later"


def test_json_and_uuids_keep_their_shape(acme: Partner) -> None:
    actor, operation = system_actor("test", partner=acme), uuid.uuid4()
    changes = {"nickname": [None, HOSTILE], "n": [1, 2.5]}

    audit.record_all([audit.entry(actor, Action.ACCOUNT_IMPORTED, acme, changes=changes, operation_id=operation)])

    stored = AuditEntry.objects.get(operation_id=operation)
    assert stored.changes == changes


def test_the_databases_rules_hold_and_nothing_of_the_copy_stands(acme: Partner) -> None:
    make_account(acme, "5000000000000002")

    with pytest.raises(IntegrityError), transaction.atomic():
        copy_in([account(acme, "5000000000000001"), account(acme, "5000000000000002")])

    assert not LinkedAccount.objects.filter(uid="5000000000000001").exists()


def test_nothing_is_nothing(acme: Partner) -> None:
    copy_in([])

    assert not LinkedAccount.objects.filter(partner=acme).exists()


@pytest.mark.django_db(transaction=True)
def test_it_belongs_into_a_transaction(acme: Partner) -> None:
    assert not connection.in_atomic_block

    with pytest.raises(TransactionManagementError):
        copy_in([account(acme, "5000000000000001")])
