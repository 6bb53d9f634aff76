"""The credit account: how much one linked account may spend. The row is the lock (design §6.10)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped
from quota.states import CreditStatus, credit_status
from uids.models import LinkedAccount

DIGITS = 22


class CreditAccount(PartnerScoped):
    """Balances equal the sum of the ledger. Amounts in the partner's currency: quota 2 places, consumption 6.

    `deducted` and `available` may be negative (acpn.md §6.2). 0 means nothing to spend, never “unlimited”.
    """

    partner_path: ClassVar[str] = "partner"

    account = models.OneToOneField(LinkedAccount, models.PROTECT, primary_key=True, related_name="credit")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    amount = models.DecimalField(
        _("Quota Amount"), max_digits=DIGITS, decimal_places=2, default=0, validators=[MinValueValidator(0)]
    )
    deducted = models.DecimalField(_("Consumed & Deducted Value"), max_digits=DIGITS, decimal_places=6, default=0)
    undeducted = models.DecimalField(_("Consumed & Undeducted Value"), max_digits=DIGITS, decimal_places=6, default=0)
    available = models.GeneratedField(
        expression=F("amount") - F("deducted") - F("undeducted"),
        output_field=models.DecimalField(_("Available Quota"), max_digits=DIGITS + 2, decimal_places=6),
        db_persist=True,
    )
    warning_percent = models.PositiveSmallIntegerField(
        _("Quota Warning Threshold (%)"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    in_alarm = models.BooleanField(_("below the warning threshold"), default=False)
    last_seq = models.PositiveBigIntegerField(default=0, editable=False)
    last_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    as_of = models.DateTimeField(_("figures as of"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("credit account")
        verbose_name_plural = _("credit accounts")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="quota_credit_amount"),
            models.CheckConstraint(condition=Q(warning_percent__range=(1, 100)), name="quota_credit_percent"),
        ]
        indexes = [
            models.Index(fields=["partner", "available", "account"], name="quota_list_available"),
            models.Index(fields=["partner", "amount", "account"], name="quota_list_amount"),
            # The warning sweep reads only what is due: the condition is the index (style §23).
            models.Index(
                "account",
                condition=Q(in_alarm=False) & Q(available__lt=F("amount") * F("warning_percent") / 100),
                name="quota_warning_due",
            ),
            models.Index("partner", "account", condition=Q(in_alarm=True), name="quota_in_alarm"),
        ]

    def __str__(self) -> str:
        return str(self.account_id)

    @property
    def credit_status(self) -> CreditStatus:
        """Of this account on its own (load `account` with it); a sub-account under trusteeship has its master's."""
        return credit_status(
            available=self.available, policy=self.account.shutdown_policy, overdraft=self.account.overdraft
        )

    def audit_state(self) -> dict[str, Any]:
        return {"amount": self.amount, "warning_percent": self.warning_percent}
