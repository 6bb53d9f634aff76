"""Many quotas at once: the rows of a file, a paste or a typed table, what each would become, and what came of it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from partner_console.access.scoping import PartnerScoped
from partner_console.jobs import Job
from quota.models.credit import DIGITS
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from decimal import Decimal


class QuotaBatchState(TextChoices):
    """The check is part of reading the rows; only the run is a worker's. AWAITING: a second person decides."""

    UPLOADED = "uploaded", _("Waiting for the columns to be checked")
    CHECKED = "checked", _("Checked, waiting for you")
    AWAITING = "awaiting", _("Waits for a second person")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class QuotaRowMode(TextChoices):
    """What a row's amount is."""

    TOTAL = "total", _("New total")
    CHANGE = "change", _("Add or subtract")


class QuotaRowVerdict(TextChoices):
    """What the dry run says of a row."""

    OK = "ok", _("OK")
    WARN = "warn", _("OK, look at it")
    SAME = "same", _("Already so")
    REFUSE = "refuse", _("Refused")


class QuotaRowProblem(TextChoices):
    """What is wrong with a row's cells themselves, whatever the accounts are like."""

    LOST_DIGITS = "lost_digits", _("The spreadsheet cut the UID")
    BOTH = "both", _("It has a new total and an amount to add")


class QuotaRowOutcome(TextChoices):
    """What became of a row. WAITING is each row's until the run reaches it."""

    WAITING = "waiting", _("Not done yet")
    DONE = "done", _("Done")
    FAILED = "failed", _("Not done")
    AGAIN = "again", _("Taken up in a later check")


GOING = (QuotaRowVerdict.OK, QuotaRowVerdict.WARN)


class QuotaBatch(Job):
    """One dry run and its run. `operation_id` is on every ledger entry it makes.

    `source` keeps the cells of a file until the run starts: the columns may be chosen again until then. `columns` maps
    our field keys to their indexes. `digest` is the same for the same rows: amounts to add, run twice, add up twice.
    `query` leads back to the list the rows were chosen in.
    """

    WAITING: ClassVar[tuple[str, ...]] = (QuotaBatchState.QUEUED,)
    WORKING: ClassVar[tuple[str, ...]] = (QuotaBatchState.RUNNING,)
    FINAL: ClassVar[tuple[str, ...]] = (QuotaBatchState.DONE, QuotaBatchState.FAILED, QuotaBatchState.CANCELLED)

    title = models.CharField(_("file or choice"), max_length=255)
    query = models.CharField(max_length=2000, blank=True, default="")
    source = models.JSONField(default=dict, blank=True)
    columns = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    operation_id = models.UUIDField(_("operation"), default=uuid.uuid4, editable=False)
    state = models.CharField(
        _("state"), max_length=20, choices=QuotaBatchState.choices, default=QuotaBatchState.UPLOADED
    )
    checked_at = models.DateTimeField(_("figures of the check as of"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("batch of quotas")
        verbose_name_plural = _("batches of quotas")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=QuotaBatchState.values), name="quota_batch_state"),
        ]
        indexes = [
            models.Index(fields=["partner", "-created_at"], name="quota_batch_newest"),
            models.Index(fields=["partner", "digest"], name="quota_batch_same", condition=~Q(digest="")),
            models.Index(
                fields=["state", "heartbeat_at"],
                name="quota_batch_open",
                condition=Q(state__in=[QuotaBatchState.QUEUED, QuotaBatchState.RUNNING]),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_file(self) -> bool:
        """Its rows came in columns, which may be chosen again until it starts."""
        return bool(self.columns) or self.state == QuotaBatchState.UPLOADED

    @property
    def n_going(self) -> int:
        """Rows the dry run let through."""
        return sum(self.counts.get(verdict, 0) for verdict in GOING)

    @property
    def n_refused(self) -> int:
        return int(self.counts.get(QuotaRowVerdict.REFUSE, 0))

    @property
    def n_done(self) -> int:
        return int(self.counts.get(QuotaRowOutcome.DONE, 0))

    @property
    def n_failed(self) -> int:
        return int(self.counts.get(QuotaRowOutcome.FAILED, 0))

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "counts": self.counts}


class QuotaBatchRow(PartnerScoped):
    """One row: what stood there, what the dry run found, and what became of it.

    `before`, `after` and `available` (after) are what the dry run read: a run that finds another total refuses the row.
    `reason` belongs to the verdict, then to a failure. Amounts in the partner's currency; quota 2 places, the rest 6.
    """

    partner_path: ClassVar[str] = "batch__partner"

    batch = models.ForeignKey(QuotaBatch, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("row"))
    typed_uid = models.CharField(max_length=80, blank=True, default="")
    typed_amount = models.CharField(max_length=80, blank=True, default="")
    mode = models.CharField(_("amount is"), max_length=20, choices=QuotaRowMode.choices, default=QuotaRowMode.TOTAL)
    problem = models.CharField(max_length=20, choices=QuotaRowProblem.choices, blank=True, default="")
    uid = models.CharField(_("UID"), max_length=20, blank=True, default="")
    account = models.ForeignKey(LinkedAccount, models.PROTECT, null=True, blank=True, related_name="+")
    before = models.DecimalField(_("total before"), max_digits=DIGITS, decimal_places=2, null=True)
    after = models.DecimalField(_("total after"), max_digits=DIGITS, decimal_places=2, null=True)
    available = models.DecimalField(_("available after"), max_digits=DIGITS + 2, decimal_places=6, null=True)
    is_arrears = models.BooleanField(_("goes below zero"), default=False)
    needs_check = models.BooleanField(_("needs a second person"), default=False)
    verdict = models.CharField(_("verdict"), max_length=20, choices=QuotaRowVerdict.choices)
    reason = models.TextField(_("reason"), blank=True, default="")
    outcome = models.CharField(
        _("outcome"), max_length=20, choices=QuotaRowOutcome.choices, default=QuotaRowOutcome.WAITING
    )

    class Meta:
        ordering = ["number"]
        verbose_name = _("row of a batch of quotas")
        verbose_name_plural = _("rows of batches of quotas")
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="quota_batchrow_once"),
            models.CheckConstraint(condition=Q(verdict__in=QuotaRowVerdict.values), name="quota_batchrow_verdict"),
            models.CheckConstraint(condition=Q(outcome__in=QuotaRowOutcome.values), name="quota_batchrow_outcome"),
            models.CheckConstraint(condition=Q(mode__in=QuotaRowMode.values), name="quota_batchrow_mode"),
            # What goes has somewhere to go and knows where from.
            models.CheckConstraint(
                condition=Q(verdict=QuotaRowVerdict.REFUSE)
                | Q(account__isnull=False, before__isnull=False, after__isnull=False, available__isnull=False),
                name="quota_batchrow_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "verdict", "number"], name="quota_batchrow_by_verdict"),
            models.Index(fields=["batch", "outcome", "number"], name="quota_batchrow_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} row {self.number}"

    @property
    def difference(self) -> Decimal | None:
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def is_going(self) -> bool:
        """The dry run let it through."""
        return self.verdict in GOING

    @property
    def key(self) -> str:
        """Makes the row's ledger entry once, whatever is redelivered."""
        return f"quota-batch:{self.batch_id}:{self.number}"
