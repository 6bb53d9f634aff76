"""Imports of existing customers: the uploaded file, its column mapping, a verdict per row."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped


class ImportState(TextChoices):
    UPLOADED = "uploaded", _("Waiting for column check")
    CHECKING = "checking", _("Checking rows")
    CHECKED = "checked", _("Checked, waiting for you")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Importing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class RowVerdict(TextChoices):
    CREATE = "create", _("Will be imported")
    UNCHANGED = "unchanged", _("Already here, unchanged")
    WARN = "warn", _("Will be imported, look at it")
    REFUSE = "refuse", _("Refused")


class AccountImport(PartnerScoped):
    """One uploaded file on its way in. The file stays in private storage until the import is old."""

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    file_name = models.CharField(_("file"), max_length=255)
    file = models.FileField(upload_to="imports/")
    columns = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=20, choices=ImportState.choices, default=ImportState.UPLOADED)
    n_rows = models.PositiveIntegerField(default=0)
    n_done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    error = models.TextField(blank=True, default="")
    started_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")

    def __str__(self) -> str:
        return self.file_name


class ImportRow(PartnerScoped):
    """One row's verdict. Kept so that refused rows can be downloaded with their reason."""

    partner_path: ClassVar[str] = "job__partner"

    job = models.ForeignKey(AccountImport, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("row"))
    verdict = models.CharField(_("verdict"), max_length=20, choices=RowVerdict.choices)
    reason = models.TextField(_("reason"), blank=True, default="")
    cells = models.JSONField(default=dict)
    done = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="quota_importrow_once")]

    def __str__(self) -> str:
        return f"{self.job_id} row {self.number}"
