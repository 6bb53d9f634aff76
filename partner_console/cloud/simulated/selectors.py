"""Reads of the simulated cloud for its operators' page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_console.cloud.simulated.models import SimAccount, SimFault

if TYPE_CHECKING:
    from django.db.models import QuerySet


def find_account(uid: str) -> SimAccount | None:
    """The account as the cloud has it; None when it has not met it yet."""
    return SimAccount.objects.filter(uid=uid).first()


def list_waiting_faults() -> QuerySet[SimFault]:
    """Faults that have not all happened yet, oldest first."""
    return SimFault.objects.filter(remaining__gt=0).order_by("pk")
