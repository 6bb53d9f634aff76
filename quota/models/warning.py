"""Warnings: one row per downward crossing, with its mail and its end."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped
from quota.models.credit import DIGITS, CreditAccount


class Warning(PartnerScoped):
    """Fired once when available fell below amount × percent ÷ 100; open until it is back at or above.

    A silent one was already below when the account came in by import: it is shown, but nobody is mailed about it.
    """

    partner_path: ClassVar[str] = "partner"

    credit = models.ForeignKey(CreditAccount, models.PROTECT, related_name="warnings")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    percent = models.PositiveSmallIntegerField(_("threshold (%)"))
    amount = models.DecimalField(_("Quota Amount"), max_digits=DIGITS, decimal_places=2)
    available = models.DecimalField(_("Available Quota"), max_digits=DIGITS + 2, decimal_places=6)
    fired_at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True, blank=True)
    recovered_at = models.DateTimeField(null=True, blank=True)
    recovery_mailed_at = models.DateTimeField(null=True, blank=True)
    is_silent = models.BooleanField(default=False)

    class Meta:
        ordering = ["-fired_at", "-pk"]
        verbose_name = _("quota warning")
        verbose_name_plural = _("quota warnings")
        constraints = [
            # “Once per crossing” is the database's word, not only the code's.
            models.UniqueConstraint(
                fields=["credit"], condition=Q(recovered_at__isnull=True), name="quota_warning_one_open"
            )
        ]
        indexes = [
            # What the sweep still has to mail; both stay tiny.
            models.Index(
                fields=["id"],
                condition=Q(mailed_at__isnull=True, is_silent=False),
                name="quota_warning_unmailed",
            ),
            models.Index(
                fields=["id"],
                condition=Q(recovered_at__isnull=False, recovery_mailed_at__isnull=True, is_silent=False),
                name="quota_recovery_unmailed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} < {self.percent}%"
