"""The simulated cloud's own tables: another company's database, as it were. Nothing but its adapter reads them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


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
    # What the partner may do, and on whose bill the charges appear; a link alone lets the partner see bills.
    scopes = models.JSONField(default=only_bills)
    bill_to = models.CharField(max_length=20, default="partner")
    first_billed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "simulated account"

    def __str__(self) -> str:
        return self.uid


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
