"""Reads of the simulated cloud for its operators' page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from partner_console.cloud.simulated import clock
from partner_console.cloud.simulated.hours import HOURS_A_DAY
from partner_console.cloud.simulated.instances import RELEASED_AFTER
from partner_console.cloud.simulated.models import (
    PLAY_GOES_ON,
    InstanceKind,
    InstanceState,
    SimAccount,
    SimBill,
    SimFault,
    SimInstance,
    SimPlay,
)

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from decimal import Decimal

    from django.db.models import QuerySet

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Ahead:
    """The clock of the simulated cloud, and what will happen there by itself as it goes on."""

    now: datetime
    ahead: timedelta
    settles_in: int  # hours
    n_running: int
    late: Decimal
    first_late_at: datetime | None
    releases: list[tuple[str, datetime]]
    terms: list[SimInstance]

    @property
    def ahead_in_words(self) -> str:
        days, hours = divmod(int(self.ahead.total_seconds()) // 3600, HOURS_A_DAY)
        return f"{_days(days)} {_hours(hours)}" if days else _hours(hours)

    @property
    def settles_in_words(self) -> str:
        return _("in %(hours)s") % {"hours": _hours(self.settles_in)}


def _days(number: int) -> str:
    return ngettext("%(n)d day", "%(n)d days", number) % {"n": number}


def _hours(number: int) -> str:
    return ngettext("%(n)d hour", "%(n)d hours", number) % {"n": number}


def look_ahead() -> Ahead:
    """The clock, and the next few of each kind of event, soonest first."""
    ahead = clock.ahead()
    bills = SimBill.objects.order_by("due_at")
    first = bills.first()
    stopped = SimAccount.objects.filter(
        payg_stopped_at__isnull=False, instances__kind=InstanceKind.PAYG, instances__state=InstanceState.STOPPED
    )
    releases = stopped.order_by("payg_stopped_at", "uid").values_list("uid", "payg_stopped_at").distinct()[:SHOWN]
    running = SimInstance.objects.filter(state=InstanceState.RUNNING)
    terms = running.filter(kind=InstanceKind.SUBSCRIPTION).select_related("account").order_by("ends_at", "pk")
    return Ahead(
        now=clock.now(),
        ahead=ahead,
        settles_in=HOURS_A_DAY - int(ahead.total_seconds() // 3600) % HOURS_A_DAY,
        n_running=running.filter(kind=InstanceKind.PAYG).exclude(account__partner_uid="").count(),
        late=bills.aggregate(total=Sum("amount", default=0))["total"],
        first_late_at=first.due_at if first else None,
        releases=[(uid, at + RELEASED_AFTER) for uid, at in releases if at],
        terms=list(terms[:SHOWN]),
    )


def find_account(uid: str) -> SimAccount | None:
    """The account as the cloud has it; None when it has not met it yet."""
    return SimAccount.objects.filter(uid=uid).first()


def list_instances(account: SimAccount) -> QuerySet[SimInstance]:
    """What the customer has, what runs first, newest first."""
    return account.instances.order_by("-state", "-pk")


def list_waiting_faults() -> QuerySet[SimFault]:
    """Faults that have not all happened yet, oldest first."""
    return SimFault.objects.filter(remaining__gt=0).order_by("pk")


def latest_play() -> SimPlay | None:
    """The stretch of time that goes on, or the last one there was."""
    return SimPlay.objects.order_by("-pk").first()


def is_playing() -> bool:
    return SimPlay.objects.filter(state__in=PLAY_GOES_ON).exists()
