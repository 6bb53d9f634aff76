"""The simulated cloud's clock: the real one, and as far ahead as operators have let time pass."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from partner_console.cloud.simulated.models import SimClock

if TYPE_CHECKING:
    from datetime import datetime

THE_ONE = 1


def ahead() -> timedelta:
    """How far the clock is ahead of the real one."""
    return SimClock.objects.filter(pk=THE_ONE).values_list("ahead", flat=True).first() or timedelta()


def now() -> datetime:
    """The time at the simulated cloud, aware UTC."""
    return timezone.now() + ahead()
