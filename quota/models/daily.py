"""What moved on each day: the ledger summed up, for charts, forecasts and back-tests. The ledger stays the truth."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped
from quota.models.credit import DIGITS, CreditAccount

SUMS = DIGITS + 4  # many entries of one day may add up to more than any balance


class DailyFlow(PartnerScoped):
    """The entries of one account on one day in UTC+8, summed; a day without entries has no row.

    `quota` is the change of the Quota Amount. `used`, `refunded` and `written_off` are as spoken: positive when used,
    given back, paid. What was consumed altogether changed by used − refunded − written_off + synced; settling moves
    money between the two consumption figures and changes nothing. Made by `services.rollup` alone.
    """

    partner_path: ClassVar[str] = "partner"

    credit = models.ForeignKey(CreditAccount, models.PROTECT, related_name="+", db_index=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField(_("day (UTC+8)"))
    quota = models.DecimalField(_("change of the Quota Amount"), max_digits=SUMS, decimal_places=2)
    used = models.DecimalField(_("used"), max_digits=SUMS, decimal_places=6)
    settled = models.DecimalField(_("settled"), max_digits=SUMS, decimal_places=6)
    refunded = models.DecimalField(_("refunded"), max_digits=SUMS, decimal_places=6)
    written_off = models.DecimalField(_("written off"), max_digits=SUMS, decimal_places=6)
    synced = models.DecimalField(_("synchronised from the cloud"), max_digits=SUMS, decimal_places=6)

    class Meta:
        ordering = ["credit", "day"]
        verbose_name = _("daily flow")
        verbose_name_plural = _("daily flows")
        constraints = [models.UniqueConstraint(fields=["credit", "day"], name="quota_daily_once")]
        indexes = [models.Index(fields=["partner", "day", "credit"], name="quota_daily_partner")]

    def __str__(self) -> str:
        return f"{self.credit_id} {self.day}"


class RollUp(models.Model):
    """How far the ledger has been summed up. One row for the whole installation; its lock lets one worker at it.

    Entries up to `mark` are in the flows for good. `seen` was the ledger's end at `seen_at`: it becomes the mark when
    no transaction that began before it can still be open. `filled_at` is when the ledger was first read to its end;
    `used_on` the day (UTC+8) for which every account's daily use was last worked out.
    """

    mark = models.PositiveBigIntegerField(default=0)
    seen = models.PositiveBigIntegerField(default=0)
    seen_at = models.DateTimeField(null=True, blank=True)
    filled_at = models.DateTimeField(null=True, blank=True)
    used_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("roll-up of the ledger")
        verbose_name_plural = _("roll-ups of the ledger")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="quota_rollup_one")]

    def __str__(self) -> str:
        return str(self.mark)
