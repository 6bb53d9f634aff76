"""Planned changes of switches: which times make sense, when the next step is due, what customers are told. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.quiet import after_quiet_hours
from partner_console.errors import Invalid
from uids.models.scheduled import EASING
from uids.states import Control, PaygStatus, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.functional import Promise

    from partner_console.access.models import Partner
    from uids.models import ScheduledControl

LONGEST_AHEAD = timedelta(days=366)
MOST_NOTICE_HOURS = 30 * 24
FROZEN, BAN = PaygStatus.FROZEN.value, PurchaseControl.BAN.value
RUNS, BUYS = PaygStatus.NORMAL.value, PurchaseControl.NORMAL.value

# What a customer notices, in a customer's words.
NOTICED: dict[tuple[Control, str], tuple[str | Promise, ...]] = {
    (Control.PAYG_FREEZE, FROZEN): (
        _("Your pay-as-you-go services stop."),
        _("You cannot start new pay-as-you-go services."),
        _("Subscriptions that you have paid for keep running."),
    ),
    (Control.PAYG_FREEZE, RUNS): (_("Your pay-as-you-go services run again, and you can start new ones."),),
    (Control.PURCHASE_CONTROL, BAN): (
        _("You cannot order anything new: neither pay-as-you-go services nor subscriptions."),
        _("What runs now goes on running."),
    ),
    (Control.PURCHASE_CONTROL, BUYS): (_("You can order new services again, within your limit."),),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.IMMEDIATELY_STOP.value): (
        _("When your limit is used up, your pay-as-you-go services stop at once."),
    ),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.DELAY_STOP.value): (
        _("When your limit is used up, your pay-as-you-go services run on for a while, then they stop."),
    ),
    (Control.SHUTDOWN_POLICY, ShutdownPolicy.NO_STOP.value): (
        _("When your limit is used up, your pay-as-you-go services are not stopped by themselves."),
    ),
}


def to_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def clean_start(starts_at: datetime) -> datetime:
    """To the minute, still to come, within a year."""
    starts_at, now = to_minute(starts_at), timezone.now()
    if starts_at <= now:
        raise Invalid("in_the_past", _("Choose a time that is still to come."), field="starts_at")
    if starts_at > now + LONGEST_AHEAD:
        raise Invalid("too_far_ahead", _("A change can be planned a year ahead at most."), field="starts_at")
    return starts_at


def clean_end(ends_at: datetime | None, *, begins: datetime) -> datetime | None:
    """After the moment it really begins, quiet hours considered; within a year of it."""
    if ends_at is None:
        return None
    ends_at = to_minute(ends_at)
    if ends_at <= max(begins, timezone.now()):
        raise Invalid("ends_too_early", _("It has to end after it begins, and in the future."), field="ends_at")
    if ends_at > begins + LONGEST_AHEAD:
        raise Invalid("ends_too_late", _("It ends by itself within a year, or not at all."), field="ends_at")
    return ends_at


def clean_notice(hours: int | None, email: str) -> tuple[int | None, str]:
    """How long before, and whom; nobody is told without either. An address is needed where somebody is to be told."""
    if hours is None:
        return None, ""
    if not 1 <= hours <= MOST_NOTICE_HOURS:
        raise Invalid("notice_out_of_range", _("Tell the customer 1 to 720 hours before."), field="notice_hours")
    email = email.strip()
    if not email:
        message = _("No address of this customer is known. Type one, or choose to tell nobody.")
        raise Invalid("no_address", message, field="notice_email")
    try:
        validate_email(email)
    except ValidationError as error:
        raise Invalid("not_an_address", error.message, field="notice_email") from error
    return hours, email


def step_at(partner: Partner, value: str, at: datetime) -> datetime:
    """When a switch is set to `value` that is planned for `at`: after quiet hours when it takes something away."""
    return at if value in EASING else after_quiet_hours(partner, at)


def notice_at(begins: datetime, hours: int | None) -> datetime | None:
    """When the customer is told: so long before, or at once when that is past already."""
    return None if hours is None else max(begins - timedelta(hours=hours), timezone.now())


def opposite(what: str, value: str) -> str:
    """What the end sets back, before it is known: for a switch with two values, the other one."""
    if what == Control.SHUTDOWN_POLICY:
        return ""
    return RUNS if value != RUNS else {Control.PAYG_FREEZE.value: FROZEN}.get(what, BAN)


def noticed(plan: ScheduledControl) -> list[str]:
    """What the customer notices, sentence by sentence."""
    return [str(sentence) for sentence in NOTICED[Control(plan.what), plan.value]]
