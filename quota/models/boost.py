"""Temporary boosts: so much more quota until a moment, after which it falls back by itself."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped
from quota.models.credit import DIGITS, CreditAccount


class BoostState(TextChoices):
    IN_FORCE = "in_force", _("In force")
    OVER = "over", _("Over")
    ENDED_EARLY = "ended_early", _("Ended early")


class Boost(PartnerScoped):
    """`amount` was added to the quota at `started_at`; `returned` was taken away again at `ended_at`.

    Less comes back than was given when the total was lowered meanwhile: a quota never goes below zero. Times are UTC.
    """

    partner_path: ClassVar[str] = "partner"

    credit = models.ForeignKey(CreditAccount, models.PROTECT, related_name="boosts")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    amount = models.DecimalField(_("boost"), max_digits=DIGITS, decimal_places=2)
    until = models.DateTimeField(_("until"))
    reason = models.TextField(_("reason"))
    state = models.CharField(_("state"), max_length=20, choices=BoostState.choices, default=BoostState.IN_FORCE)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    operator = models.CharField(_("operator"), max_length=254)
    operation_id = models.UUIDField(_("operation"))
    started_at = models.DateTimeField(_("since"), default=timezone.now)
    reminded_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    returned = models.DecimalField(_("taken back"), max_digits=DIGITS, decimal_places=2, null=True, blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("temporary boost")
        verbose_name_plural = _("temporary boosts")
        constraints = [
            models.UniqueConstraint(
                fields=["credit"], condition=Q(state=BoostState.IN_FORCE), name="quota_boost_one_in_force"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="quota_boost_amount"),
            models.CheckConstraint(condition=Q(state__in=BoostState.values), name="quota_boost_state"),
            models.CheckConstraint(
                condition=Q(state=BoostState.IN_FORCE, ended_at__isnull=True, returned__isnull=True)
                | (~Q(state=BoostState.IN_FORCE) & Q(ended_at__isnull=False, returned__range=(0, F("amount")))),
                name="quota_boost_ended",
            ),
        ]
        indexes = [
            # What the sweep has to end, or to remind of; it stays small.
            models.Index(fields=["until", "id"], condition=Q(state=BoostState.IN_FORCE), name="quota_boost_due"),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} +{self.amount}"

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "until": self.until}
