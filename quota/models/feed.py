"""The usage feed: how far a partner's consumption has been read from the cloud."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped


class UsageFeed(PartnerScoped):
    """One per partner. Figures of every account of the partner are complete up to `read_until` (UTC).

    `failing_since` is set while the cloud does not answer, so that a silent feed can be seen and said.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.OneToOneField(Partner, models.PROTECT, primary_key=True, related_name="+")
    read_until = models.DateTimeField(_("figures as of"), null=True, blank=True)
    checked_at = models.DateTimeField(_("last asked at"), null=True, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    failure = models.CharField(_("failure"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("usage feed")
        verbose_name_plural = _("usage feeds")

    def __str__(self) -> str:
        return f"{self.partner_id} {self.read_until}"

    @property
    def minutes_late(self) -> int:
        """Whole minutes since it was read, beyond the one between two readings; 0 when it never was."""
        if self.read_until is None:
            return 0
        return max(int((timezone.now() - self.read_until).total_seconds()) // 60 - 1, 0)
