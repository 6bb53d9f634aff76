"""Warning rules: which lines an account is warned at, and who set them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped
from quota.models.credit import DIGITS, MOST_DAYS, CreditAccount
from quota.states import PARTNER_KINDS, LineKind
from uids.models import Label


class WarningRule(PartnerScoped):
    """One line, for one account, for all that carry a label, or for all of a partner (neither is set).

    The account's own rule beats its labels', of which the most careful (highest) counts, and those the partner's.
    `value` None means “no such line here”. The partner's own percent is `Partner.warning_percent`, which
    invitations start from too: it has no row here.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    label = models.ForeignKey(
        Label, models.CASCADE, null=True, blank=True, related_name="warning_rules", verbose_name=_("label")
    )
    credit = models.ForeignKey(CreditAccount, models.PROTECT, null=True, blank=True, related_name="warning_rules")
    kind = models.PositiveSmallIntegerField(_("kind"), choices=[(kind.value, kind.label) for kind in PARTNER_KINDS])
    value = models.DecimalField(_("set to"), max_digits=DIGITS, decimal_places=2, null=True, blank=True)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["partner", "kind", "pk"]
        verbose_name = _("warning rule")
        verbose_name_plural = _("warning rules")
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "kind"],
                condition=Q(label__isnull=True, credit__isnull=True),
                name="quota_rule_one_of_partner",
            ),
            models.UniqueConstraint(
                fields=["label", "kind"], condition=Q(label__isnull=False), name="quota_rule_one_of_label"
            ),
            models.UniqueConstraint(
                fields=["credit", "kind"], condition=Q(credit__isnull=False), name="quota_rule_one_of_account"
            ),
            models.CheckConstraint(condition=Q(label__isnull=True) | Q(credit__isnull=True), name="quota_rule_whose"),
            models.CheckConstraint(
                condition=Q(kind=LineKind.PERCENT, value__isnull=False, value__range=(1, 100))
                & (Q(label__isnull=False) | Q(credit__isnull=False))
                | Q(kind=LineKind.AMOUNT) & (Q(value__isnull=True) | Q(value__gte=0))
                | Q(kind=LineKind.DAYS) & (Q(value__isnull=True) | Q(value__range=(1, MOST_DAYS))),
                name="quota_rule_value",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.value}"

    def audit_state(self) -> dict[str, Any]:
        return {"value": self.value}


class RuleRefresh(PartnerScoped):
    """How far a partner's accounts follow its newest rules. One row per partner; a new change starts it over.

    `last_pk` is the last account done: a killed worker's successor goes on from there.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.OneToOneField(Partner, models.PROTECT, primary_key=True, related_name="+")
    last_pk = models.BigIntegerField(default=0)
    n_rows = models.PositiveIntegerField(_("accounts"), default=0)
    n_done = models.PositiveIntegerField(_("done"), default=0)
    n_changed = models.PositiveIntegerField(_("changed"), default=0)
    started_at = models.DateTimeField(default=timezone.now)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("refresh of warning lines")
        verbose_name_plural = _("refreshes of warning lines")
        indexes = [models.Index(fields=["partner"], condition=Q(finished_at__isnull=True), name="quota_refresh_open")]

    def __str__(self) -> str:
        return f"{self.partner_id} {self.n_done}/{self.n_rows}"
