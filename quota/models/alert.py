"""The customer's own alert, how a partner wants its warnings mailed, and feeds that fell silent."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import LANGUAGE_CHOICES, Partner
from partner_console.access.scoping import PartnerScoped
from quota.models.credit import DIGITS, CreditAccount


class Mailing(TextChoices):
    """When the partner's people get mail about warnings."""

    AT_ONCE = "at_once", _("At once, one mail for each warning")
    DIGEST = "digest", _("Once a day, all in one mail")
    BOTH = "both", _("At once, and once a day what is still open")


class CustomerAlert(PartnerScoped):
    """Available Credit Alert: the customer's own amount and address (seed 004, FAQ). The line itself, while the alert
    is on, is `CreditAccount.customer_line`.

    `email` was proved by whoever set the alert: by signing in with it, or by a code mailed there. A new address waits
    in `pending_email` until its code is typed; meanwhile mail goes to the proved one.
    """

    partner_path: ClassVar[str] = "partner"

    credit = models.OneToOneField(CreditAccount, models.PROTECT, primary_key=True, related_name="customer_alert")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    is_on = models.BooleanField(_("on"), default=False)
    amount = models.DecimalField(
        _("alert threshold"), max_digits=DIGITS, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    email = models.EmailField(_("e-mail"), blank=True, default="")
    confirmed_at = models.DateTimeField(_("e-mail confirmed at"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGE_CHOICES, default="en")
    pending_email = models.EmailField(_("new e-mail, to be confirmed"), blank=True, default="")
    code_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    code_expires_at = models.DateTimeField(null=True, blank=True, editable=False)
    code_failures = models.PositiveSmallIntegerField(default=0, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("customer's alert")
        verbose_name_plural = _("customers' alerts")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="quota_alert_amount"),
            # An alert that is on has somebody to go to.
            models.CheckConstraint(
                condition=Q(is_on=False) | (~Q(email="") & Q(confirmed_at__isnull=False)), name="quota_alert_address"
            ),
        ]

    def __str__(self) -> str:
        return str(self.credit_id)

    def audit_state(self) -> dict[str, Any]:
        """Without the address: it is deleted with an ended customer's contact, and the trail stays."""
        return {"alert_on": self.is_on, "alert_amount": self.amount}


class WarningSettings(PartnerScoped):
    """How warnings are mailed to the partner's people. Without a row: at once.

    `digest_hour` is in the partner's own zone; `digested_on` is the day there whose digest is done.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.OneToOneField(Partner, models.PROTECT, primary_key=True, related_name="warning_settings")
    mailing = models.CharField(_("mails"), max_length=10, choices=Mailing.choices, default=Mailing.AT_ONCE)
    digest_hour = models.PositiveSmallIntegerField(
        _("hour of the daily mail"), default=9, validators=[MinValueValidator(0), MaxValueValidator(23)]
    )
    digested_on = models.DateField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("mailing of warnings")
        verbose_name_plural = _("mailing of warnings")
        constraints = [
            models.CheckConstraint(condition=Q(mailing__in=Mailing.values), name="quota_mailing"),
            models.CheckConstraint(condition=Q(digest_hour__range=(0, 23)), name="quota_digest_hour"),
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.mailing}"

    @property
    def mails_at_once(self) -> bool:
        return self.mailing != Mailing.DIGEST

    @property
    def mails_digest(self) -> bool:
        return self.mailing != Mailing.AT_ONCE

    def audit_state(self) -> dict[str, Any]:
        return {"mailing": self.mailing, "digest_hour": self.digest_hour}


class SilentFeed(PartnerScoped):
    """The figures of a partner's accounts did not arrive for a while, from `since` until `recovered_at`.

    While one is open nobody can be warned: that is worth a warning of its own.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    since = models.DateTimeField(_("silent since"))
    noticed_at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True, blank=True)
    recovered_at = models.DateTimeField(null=True, blank=True)
    recovery_mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-noticed_at", "-pk"]
        verbose_name = _("silent usage feed")
        verbose_name_plural = _("silent usage feeds")
        constraints = [
            models.UniqueConstraint(
                fields=["partner"], condition=Q(recovered_at__isnull=True), name="quota_silent_feed_one_open"
            )
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=Q(recovered_at__isnull=False, recovery_mailed_at__isnull=True, mailed_at__isnull=False),
                name="quota_feed_recovery_unmailed",
            )
        ]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.since:%Y-%m-%d %H:%M}"
