"""The simulated cloud's own tables: another company's database, as it were. Nothing but its adapter reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from datetime import datetime


def only_bills() -> list[str]:
    return ["view_bills"]


class SimAccount(models.Model):
    """An account at the simulated cloud, linked to at most one partner (by the partner's master UID)."""

    uid = models.CharField(max_length=20, unique=True)
    partner_uid = models.CharField(max_length=20, blank=True, default="", db_index=True)
    login_name = models.CharField(max_length=200, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    mobile = models.CharField(max_length=40, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    account_type = models.PositiveSmallIntegerField(default=2)
    is_enterprise = models.BooleanField(default=True)
    is_certified = models.BooleanField(default=True)
    linked_at = models.DateTimeField(null=True)
    amount = models.DecimalField(max_digits=22, decimal_places=2, default=0)
    deducted = models.DecimalField(max_digits=22, decimal_places=6, default=0)
    undeducted = models.DecimalField(max_digits=22, decimal_places=6, default=0)
    warning_percent = models.PositiveSmallIntegerField(default=20)
    payg_frozen = models.BooleanField(default=False)
    purchase_control = models.CharField(max_length=20, default="normal")
    shutdown_policy = models.CharField(max_length=20, default="immediatelyStop")
    # Stopped for arrears since, by this cloud's clock; and the account that pays for this one ("" = itself).
    payg_stopped_at = models.DateTimeField(null=True)
    trustee_uid = models.CharField(max_length=20, blank=True, default="", db_index=True)
    # What the partner may do, and on whose bill the charges appear; a link alone lets the partner see bills.
    scopes = models.JSONField(default=only_bills)
    bill_to = models.CharField(max_length=20, default="partner")
    first_billed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "simulated account"

    def __str__(self) -> str:
        return self.uid

    @property
    def payg_stopped(self) -> bool:
        return self.payg_stopped_at is not None


class InstanceKind(models.TextChoices):
    PAYG = "payg", _("Pay-as-you-go")
    SUBSCRIPTION = "subscription", _("Subscription")


class InstanceState(models.TextChoices):
    RUNNING = "running", _("Running")
    STOPPED = "stopped", _("Stopped")
    RELEASED = "released", _("Released")
    EXPIRED = "expired", _("Expired")


class SimInstance(models.Model):
    """What a customer runs. Its state follows the account's facts (`instances.follow`); released is for good.

    `price` is for an hour of pay-as-you-go, or for a term of `term_days`. Times are of this cloud's clock.
    """

    account = models.ForeignKey(SimAccount, models.CASCADE, related_name="instances")
    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=20, choices=InstanceKind.choices)
    price = models.DecimalField(max_digits=18, decimal_places=6)
    term_days = models.PositiveSmallIntegerField(null=True)
    renews = models.BooleanField(default=False)
    state = models.CharField(max_length=20, choices=InstanceState.choices, default=InstanceState.RUNNING)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "simulated instance"
        constraints = [
            models.CheckConstraint(condition=Q(price__gt=0), name="simulated_instance_price"),
            models.CheckConstraint(
                condition=Q(kind="payg", ends_at__isnull=True, term_days__isnull=True)
                | Q(kind="subscription", ends_at__isnull=False, term_days__gt=0),
                name="simulated_instance_term",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def next_end(self) -> datetime | None:
        """The end of the term after this one."""
        return self.ends_at + timedelta(days=self.term_days) if self.ends_at and self.term_days else None


class SimBill(models.Model):
    """Consumption the cloud knows late: it is reported at `due_at`, also when PAYG has been stopped since."""

    account = models.ForeignKey(SimAccount, models.CASCADE, related_name="late_bills")
    amount = models.DecimalField(max_digits=22, decimal_places=6)
    due_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "simulated late bill"

    def __str__(self) -> str:
        return f"{self.amount}"


class SimClock(models.Model):
    """One row: how far this cloud's clock is ahead of the real one. It never goes back."""

    ahead = models.DurationField(default=timedelta)

    class Meta:
        verbose_name = "simulated clock"
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="simulated_clock_one")]

    def __str__(self) -> str:
        return f"{self.ahead}"


class PlayState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    PLAYING = "playing", _("Time passes")
    DONE = "done", _("Done")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


PLAY_GOES_ON = (PlayState.WAITING, PlayState.PLAYING)


class SimPlay(models.Model):
    """A stretch of time an operator lets pass at this cloud; `played` of its `hours` have. One at a time."""

    hours = models.PositiveIntegerField()
    played = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=20, choices=PlayState.choices, default=PlayState.WAITING)
    asked_by = models.CharField(max_length=254)
    error = models.CharField(max_length=200, blank=True, default="")
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "simulated stretch of time"
        constraints = [
            models.UniqueConstraint(Value(1), condition=Q(state__in=PLAY_GOES_ON), name="simulated_play_one_at_a_time"),
        ]

    def __str__(self) -> str:
        return f"{self.played}/{self.hours}"

    @property
    def is_final(self) -> bool:
        return self.state not in PLAY_GOES_ON


class SimLink(models.Model):
    """A link the partner started; `reference` is the partner's, so that a repeated start is the same link."""

    reference = models.CharField(max_length=100, unique=True)
    uid = models.CharField(max_length=20, blank=True, default="")
    partner_uid = models.CharField(max_length=20)
    progress = models.CharField(max_length=20, default="pending")
    code = models.CharField(max_length=60, blank=True, default="")
    message = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "simulated link"

    def __str__(self) -> str:
        return self.reference


class FaultKind(models.TextChoices):
    REFUSE = "refuse", "refuse with a code"
    UNAVAILABLE = "unavailable", "do not answer, do nothing"
    TIMEOUT_AFTER = "timeout_after", "do it, then do not answer"


class SimFault(models.Model):
    """A fault to inject: the next `remaining` calls of `operation` (on `uid`, or any) go wrong."""

    operation = models.CharField(max_length=30)
    uid = models.CharField(max_length=20, blank=True, default="")
    kind = models.CharField(max_length=20, choices=FaultKind.choices)
    code = models.CharField(max_length=60, blank=True, default="")
    message = models.CharField(max_length=500, blank=True, default="")
    remaining = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = "simulated fault"

    def __str__(self) -> str:
        return f"{self.operation} {self.kind}"
