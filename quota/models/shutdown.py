"""What the partner is to be told of a stop by arrears: that it came, that it is over, that a release is near."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped
from quota.models.credit import DIGITS, CreditAccount
from quota.states import StopNews
from uids.states import RELEASE_AFTER

if TYPE_CHECKING:
    from datetime import datetime


class ShutdownNotice(PartnerScoped):
    """One piece of news of one stop, written with the change it tells of; its row is the lock of its mail.

    `stopped_at`, by the cloud's clock, is the stop it is about, and `available` what was there then. `mailed_at` is
    when the mail was stored, or when it was found to be true no more (`is_moot`) and was not.
    """

    partner_path: ClassVar[str] = "partner"

    credit = models.ForeignKey(CreditAccount, models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    kind = models.CharField(_("notice"), max_length=20, choices=StopNews.choices)
    stopped_at = models.DateTimeField(_("PAYG stopped by arrears at"))
    available = models.DecimalField(_("Available Quota"), max_digits=DIGITS + 2, decimal_places=6)
    at = models.DateTimeField(_("noticed at"), default=timezone.now)
    mailed_at = models.DateTimeField(_("mailed at"), null=True, blank=True)
    is_moot = models.BooleanField(_("no longer true"), default=False)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("notice of a stop")
        verbose_name_plural = _("notices of stops")
        constraints = [
            # Once, whatever is redelivered and whoever looks at the same time.
            models.UniqueConstraint(fields=["credit", "kind", "stopped_at"], name="quota_stop_told_once"),
        ]
        indexes = [
            models.Index(fields=["partner", "id"], condition=Q(mailed_at__isnull=True), name="quota_stop_to_tell"),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} {self.kind}"

    @property
    def release_at(self) -> datetime:
        """When the cloud releases what is stopped, by its own clock."""
        return self.stopped_at + RELEASE_AFTER
