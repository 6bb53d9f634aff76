"""Movements without a cloud, for tests that are about something else."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction

from partner_console.access.actor import system_actor
from quota import locks
from quota.services import ledger
from quota.services.ledger import Movement

if TYPE_CHECKING:
    from quota.models import LedgerEntry
    from quota.states import EntryKind
    from uids.models import LinkedAccount


@transaction.atomic
def move(account: LinkedAccount, kind: EntryKind, **deltas: str) -> LedgerEntry:
    actor = system_actor("test")
    credit = locks.lock_credit(actor, account.pk)
    movement = Movement(kind, **{name: Decimal(value) for name, value in deltas.items()})  # type: ignore[arg-type]
    return ledger.post(actor=actor, credit=credit, movement=movement)
