"""Warnings: one for everything that was crossed in one moment, with its lines, its mail and its end."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped
from quota.models.credit import DIGITS, CreditAccount
from quota.states import LineKind


class Warning(PartnerScoped):
    """One event, one mail: the lines that available fell below in one movement. Over when all of them are.

    The figures and `percent` are those of that moment. The customer's own alert is a warning of its own
    (`for_customer`), which the partner is not told of. A silent one was already below when the account came in by
    import: it is shown, but nobody is mailed about it.
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
    for_customer = models.BooleanField(_("customer's own alert"), default=False)
    acknowledged_at = models.DateTimeField(_("acknowledged at"), null=True, blank=True)
    acknowledged_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    snoozed_until = models.DateTimeField(_("snoozed until"), null=True, blank=True)
    snoozed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    snooze_reason = models.TextField(_("reason"), blank=True, default="")
    digested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-fired_at", "-pk"]
        verbose_name = _("quota warning")
        verbose_name_plural = _("quota warnings")
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
            # The inbox: what is open in its order, what is over in its, and who is snoozed.
            models.Index(
                fields=["partner", "fired_at", "id"],
                condition=Q(recovered_at__isnull=True, for_customer=False),
                name="quota_warning_inbox",
            ),
            models.Index(
                fields=["partner", "recovered_at", "id"],
                condition=Q(recovered_at__isnull=False, for_customer=False),
                name="quota_warning_over",
            ),
            models.Index(
                fields=["credit", "snoozed_until"],
                condition=Q(snoozed_until__isnull=False),
                name="quota_warning_snoozed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} < {self.percent}%"


class WarningLine(PartnerScoped):
    """One line of a warning: what it was set to, the amount that meant, and when it was crossed and regained.

    `value` is the percent, the amount or the days; `line` the amount of money it stood for then.
    """

    partner_path: ClassVar[str] = "partner"

    warning = models.ForeignKey(Warning, models.PROTECT, related_name="lines")
    credit = models.ForeignKey(CreditAccount, models.PROTECT, related_name="+")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    kind = models.PositiveSmallIntegerField(_("kind"), choices=LineKind.choices)
    value = models.DecimalField(_("set to"), max_digits=DIGITS, decimal_places=2)
    line = models.DecimalField(_("warning line"), max_digits=DIGITS + 4, decimal_places=6)
    crossed_at = models.DateTimeField(_("crossed at"), default=timezone.now)
    recovered_at = models.DateTimeField(_("recovered at"), null=True, blank=True)

    class Meta:
        ordering = ["kind", "pk"]
        verbose_name = _("line of a warning")
        verbose_name_plural = _("lines of warnings")
        constraints = [
            # “Once per crossing” is the database's word, not only the code's.
            models.UniqueConstraint(
                fields=["credit", "kind"], condition=Q(recovered_at__isnull=True), name="quota_line_once_per_crossing"
            ),
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="quota_line_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} {self.get_kind_display()} {self.value}"
