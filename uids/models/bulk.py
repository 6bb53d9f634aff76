"""A bulk edit: one change to many accounts, remembered with what came of every row."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Membership, Partner, User
from partner_console.access.scoping import PartnerScoped


class BulkState(TextChoices):
    AWAITING = "awaiting", _("Waits for a second person")
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


FINAL = (BulkState.DONE, BulkState.FAILED, BulkState.CANCELLED)


class BulkEdit(PartnerScoped):
    """Stores the filter or the chosen rows, never a million ids. `last_pk` is how far it is: a killed worker's
    successor goes on from there, and every batch is one transaction with its rows, its trail and this row.

    A change of switches keeps the rows that somebody confirmed, so that nothing is frozen that nobody saw. `undoes` is
    the earlier change that this one takes back; its rows are found by that one's operation. `n_sub_accounts` follow
    their masters. `refusals` are `[pk, name, reason code, detail]`.
    """

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    change = models.JSONField(_("change"), default=dict)
    filters = models.JSONField(default=dict)
    pks = models.JSONField(null=True, blank=True)
    query = models.CharField(max_length=2000, blank=True, default="")
    operation_id = models.UUIDField(_("operation"))
    undoes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="undone_by")
    state = models.CharField(_("state"), max_length=20, choices=BulkState.choices, default=BulkState.QUEUED)
    n_rows = models.PositiveIntegerField(_("rows"), default=0)
    n_changed = models.PositiveIntegerField(_("changed"), default=0)
    n_same = models.PositiveIntegerField(_("already so"), default=0)
    n_refused = models.PositiveIntegerField(_("not changed"), default=0)
    n_sub_accounts = models.PositiveIntegerField(_("sub-accounts that follow"), default=0)
    refusals = models.JSONField(default=list)
    last_pk = models.BigIntegerField(default=0)
    error = models.TextField(blank=True, default="")
    cancel_requested = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("bulk edit")
        verbose_name_plural = _("bulk edits")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=BulkState.values), name="uids_bulkedit_state"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state__in=["queued", "running"]), name="uids_bulkedit_open"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_final(self) -> bool:
        return self.state in FINAL

    @property
    def is_busy(self) -> bool:
        """A worker has it or will: the page asks again."""
        return self.state in (BulkState.QUEUED, BulkState.RUNNING)

    @property
    def n_done(self) -> int:
        return self.n_changed + self.n_same + self.n_refused

    def audit_state(self) -> dict[str, Any]:
        counts = {"n_changed": self.n_changed, "n_same": self.n_same, "n_refused": self.n_refused}
        return {"state": self.state, **counts, "n_sub_accounts": self.n_sub_accounts}
