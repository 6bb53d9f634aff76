"""Time passes at the simulated cloud: hour by hour, and once a day the console has its turn.

An operator asks for a stretch; the worker plays it in portions, so that other work gets its turn too. The row says how
far it is: an hour is played together with its count, so a killed worker, a repeated message and two workers at once
leave none out and play none twice. What a lost message left behind the sweep wakes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.cloud.simulated import clock, hours, instances, tasks
from partner_console.cloud.simulated.models import (
    PLAY_GOES_ON,
    InstanceKind,
    PlayState,
    SimClock,
    SimInstance,
    SimPlay,
)
from partner_console.errors import Conflict
from partner_console.waking import after_commit

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

logger = structlog.get_logger(__name__)

STRETCHES = {"hour": 1, "day": 24, "week": 7 * 24, "month": 30 * 24}
TURN_AT = 12  # of each 24 hours: the console reads and enforces once a day, between two settlements
PORTION = 24  # hours a message plays
SILENT_FOR = timedelta(minutes=2)
HOUR = timedelta(hours=1)


class TimePasses(Conflict):
    """One stretch at a time: a second one would make the first longer unasked."""

    def __init__(self) -> None:
        super().__init__("time_passes", _("Time is passing already. Let it end, or cancel it first."))


class NothingPasses(Conflict):
    def __init__(self) -> None:
        super().__init__("nothing_passes", _("No time is passing now."))


@transaction.atomic
def let_pass(*, actor: Actor, n_hours: int) -> SimPlay:
    """Let so many hours pass, in the background. Raises `TimePasses` while another stretch goes on."""
    require(actor, Permission.PLATFORM)
    try:
        with transaction.atomic():
            play = SimPlay.objects.create(hours=n_hours, asked_by=actor.label)
    except IntegrityError as error:
        raise TimePasses from error
    after_commit(tasks.play, play.pk)
    return play


@transaction.atomic
def cancel(*, actor: Actor) -> SimPlay:
    """The present hour is the last. Raises `NothingPasses`; again changes nothing."""
    require(actor, Permission.PLATFORM)
    play = SimPlay.objects.select_for_update().filter(state__in=PLAY_GOES_ON).first()
    if play is None:
        raise NothingPasses
    play.cancel_requested = True
    play.save(update_fields=["cancel_requested"])
    return play


def play(*, play_pk: int) -> None:
    """Play one portion of it and wake the next; over, or unknown, it is left alone."""
    try:
        is_on = _portion(play_pk)
    except (OperationalError, InterfaceError) as error:  # the sweep wakes it again
        logger.warning("play interrupted", play=play_pk, error=type(error).__name__)
        return
    except Exception as error:
        SimPlay.objects.filter(pk=play_pk, state__in=PLAY_GOES_ON).update(
            state=PlayState.FAILED, error=type(error).__name__[:200], finished_at=timezone.now()
        )
        raise
    if is_on:
        after_commit(tasks.play, play_pk)


def _portion(play_pk: int) -> bool:
    for _hour in range(PORTION):
        passed = _next_hour(play_pk)
        if passed is None:
            return False
        hour, is_last = passed
        for account in hours.shoppers(hour):
            _shop(account.pk, hour)
        if is_last or hour % hours.HOURS_A_DAY == TURN_AT:
            import_string(settings.SIMULATED_CLOUD_TURN)()
    return True


@transaction.atomic
def _next_hour(play_pk: int) -> tuple[int, bool] | None:
    """One hour of it: which one since this cloud's clock was first set, and whether it is the last; None when over."""
    play = SimPlay.objects.select_for_update().filter(pk=play_pk, state__in=PLAY_GOES_ON).first()
    if play is None:
        return None
    play.heartbeat_at = timezone.now()
    if play.cancel_requested or play.played >= play.hours:
        play.state = PlayState.CANCELLED if play.cancel_requested else PlayState.DONE
        play.finished_at = play.heartbeat_at
        play.save(update_fields=["state", "finished_at", "heartbeat_at"])
        return None
    hour = pass_one_hour()
    play.state, play.played = PlayState.PLAYING, play.played + 1
    play.save(update_fields=["state", "played", "heartbeat_at"])
    return hour, play.played == play.hours


@transaction.atomic
def pass_one_hour() -> int:
    """The clock goes on by an hour, and what happens in it happens; which hour it is since the clock was first set."""
    SimClock.objects.get_or_create(pk=clock.THE_ONE)
    row = SimClock.objects.select_for_update().get(pk=clock.THE_ONE)
    row.ahead += HOUR
    row.save(update_fields=["ahead"])
    hour: int = row.ahead // HOUR
    hours.pass_hour(hour=hour, now=timezone.now() + row.ahead)
    return hour


def _shop(account_pk: int, hour: int) -> None:
    """A customer who thinks of buying tries for one more of what they have; the console judges."""
    have = SimInstance.objects.filter(account_id=account_pk).select_related("account").order_by("pk")
    wanted = have.filter(kind=InstanceKind.SUBSCRIPTION if hour % 2 else InstanceKind.PAYG).first() or have.first()
    if wanted is not None:
        instances.order(wanted.account, kind=wanted.kind, price=wanted.price)


def sweep() -> None:
    """A stretch nobody has heard of for a while: its message or its worker was lost."""
    silent = SimPlay.objects.filter(state__in=PLAY_GOES_ON).order_by("pk").first()
    if silent is not None and (silent.heartbeat_at or silent.created_at) < timezone.now() - SILENT_FOR:
        tasks.play.delay(silent.pk)
