"""Entries to look at."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from partner_console.audit.services import record

if TYPE_CHECKING:
    from collections.abc import Callable

    from partner_console.access.actor import Actor
    from partner_console.audit.actions import Action
    from partner_console.audit.models import AuditEntry

OPERATION = uuid.UUID("11111111-2222-3333-4444-555555555555")


@pytest.fixture
def write() -> Callable[..., AuditEntry]:
    """Records one entry in a transaction of its own."""

    def write_one(actor: Actor, action: Action, subject: Any, **fields: Any) -> AuditEntry:
        with transaction.atomic():
            return record(actor, action, subject, **fields)

    return write_one
