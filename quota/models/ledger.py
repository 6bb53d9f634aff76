"""The ledger: every movement of every credit account. Append-only; balances are its sum (design §4)."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import Channel
from partner_console.access.models import Partner
from partner_console.audit.models import AppendOnlyModel
from quota.models.credit import DIGITS, CreditAccount
from quota.states import Bucket, EntryKind


class LedgerEntry(AppendOnlyModel):
    """One movement: deltas of the three buckets, and before / value / after of the bucket it is about.

    `seq` has no gaps within an account; `previous_hash` chains the entries.
    """

    partner_path: ClassVar[str] = "partner"

    credit = models.ForeignKey(CreditAccount, models.PROTECT, related_name="entries")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    seq = models.PositiveBigIntegerField(_("number"))
    kind = models.CharField(_("operation type"), max_length=20, choices=EntryKind.choices)
    bucket = models.CharField(max_length=20, choices=Bucket.choices)
    amount_delta = models.DecimalField(max_digits=DIGITS, decimal_places=2, default=0)
    deducted_delta = models.DecimalField(max_digits=DIGITS, decimal_places=6, default=0)
    undeducted_delta = models.DecimalField(max_digits=DIGITS, decimal_places=6, default=0)
    before = models.DecimalField(_("adjust before"), max_digits=DIGITS, decimal_places=6)
    value = models.DecimalField(_("operation value"), max_digits=DIGITS, decimal_places=6)
    after = models.DecimalField(_("adjust after"), max_digits=DIGITS, decimal_places=6)
    method = models.CharField(_("operation method"), max_length=20, choices=Channel.choices)
    operator = models.CharField(_("operator"), max_length=254)
    operator_uid = models.CharField(_("operator UID"), max_length=20, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    idempotency_key = models.CharField(max_length=100, null=True)  # noqa: DJ001 NULL: unique only where given
    operation_id = models.UUIDField(_("operation"), null=True)
    at = models.DateTimeField(_("operation time"), default=timezone.now)
    hash = models.CharField(max_length=64, editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, default="", editable=False)

    class Meta(AppendOnlyModel.Meta):
        ordering = ["-at", "-pk"]
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["credit", "seq"], name="quota_ledger_gapless"),
            models.UniqueConstraint(fields=["credit", "idempotency_key"], name="quota_ledger_once"),
        ]
        indexes = [
            models.Index(fields=["credit", "at", "id"], name="quota_ledger_credit_at"),
            # Changes of the quota, write-offs and the like among a million entries of usage: few, and asked for most.
            models.Index(
                fields=["credit", "at", "id"],
                condition=~Q(kind__in=[EntryKind.USAGE, EntryKind.SETTLE]),
                name="quota_ledger_rare",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} #{self.seq} {self.kind} {self.value}"
