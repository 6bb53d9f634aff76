"""Export jobs: what was asked for, how far it is, where the file lies."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import LANGUAGE_CHOICES, Membership, Partner, User
from partner_console.access.scoping import PartnerScoped


class JobState(TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Being written")
    DONE = "done", _("Ready")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Expired")


class FileFormat(TextChoices):
    XLSX = "xlsx", _("Excel")
    CSV = "csv", _("CSV")


class ExportJob(PartnerScoped):
    """Stores the filter, never the rows (peers.md P23). Permission and scope are evaluated again by the worker and
    at every download. The file is kept EXPORT_KEEP_DAYS."""

    partner_path: ClassVar[str] = "partner"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    spec = models.CharField(max_length=60)
    title = models.CharField(_("what"), max_length=200)
    parameters = models.JSONField(default=dict)
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGE_CHOICES)
    time_zone = models.CharField(_("time zone"), max_length=60)
    file_format = models.CharField(_("format"), max_length=10, choices=FileFormat.choices)
    state = models.CharField(_("state"), max_length=20, choices=JobState.choices, default=JobState.QUEUED)
    n_rows = models.PositiveIntegerField(_("rows"), null=True)
    n_done = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    file = models.FileField(upload_to="exports/", blank=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    error = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        indexes = [
            models.Index(fields=["partner", "user", "created_at"], name="exports_partner_user"),
            models.Index(fields=["id"], condition=Q(state__in=["queued", "running"]), name="exports_open"),
        ]

    def __str__(self) -> str:
        return self.title

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "n_rows": self.n_rows}
