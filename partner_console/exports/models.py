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


OPEN_STATES = (JobState.QUEUED, JobState.RUNNING)


class FileFormat(TextChoices):
    XLSX = "xlsx", _("Excel (XLSX)")
    CSV = "csv", _("CSV for programs")
    # Excel reads a bare 16-digit id in a CSV as a number and rounds it (peers.md P25).
    CSV_FOR_EXCEL = "csv_for_excel", _("CSV for Excel: every id keeps its digits")

    @property
    def extension(self) -> str:
        return "xlsx" if self is FileFormat.XLSX else "csv"


class Failure(TextChoices):
    """Why there is no file: the cause, then what to do."""

    NOT_PERMITTED = "not_permitted", _("You may no longer export this. Ask an owner of your partner.")
    NOT_A_MEMBER = "not_a_member", _("You are no longer an active member of this partner.")
    BAD_FILTER = "bad_filter", _("The filter is no longer valid. Open the list, filter again and export from there.")
    TOO_LONG = "too_long", _("It took too long. Narrow the filter, or choose CSV, which is faster.")
    STORAGE = "storage", _("The file could not be stored. Try again later; if it keeps failing, tell your operator.")
    DATABASE = "database", _("The database was interrupted. Try again.")
    INTERRUPTED = (
        "interrupted",
        _("The worker was interrupted several times. Try again; if it keeps failing, tell your operator."),
    )
    UNEXPECTED = (
        "unexpected",
        _("Something went wrong on our side. Try again; if it keeps failing, tell your operator."),
    )


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
    file_format = models.CharField(_("format"), max_length=20, choices=FileFormat.choices)
    state = models.CharField(_("state"), max_length=20, choices=JobState.choices, default=JobState.QUEUED)
    n_rows = models.PositiveIntegerField(_("rows"), null=True, blank=True)
    n_done = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    file = models.FileField(upload_to="exports/", blank=True)
    sha256 = models.CharField(max_length=64, blank=True, default="")
    error = models.CharField(_("reason"), max_length=40, choices=Failure.choices, blank=True, default="")
    # How often a worker took it up; also the fence: a worker whose number is no longer current writes nothing.
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)

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

    @property
    def extension(self) -> str:
        return FileFormat(self.file_format).extension

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_ready(self) -> bool:
        """The file is there and may be fetched at this moment (its keeping time is not over)."""
        return self.state == JobState.DONE and self.expires_at is not None and self.expires_at > timezone.now()

    @property
    def shown_state(self) -> JobState:
        """The state to show: a kept file whose time is over has expired, though the sweeper has yet to come by."""
        state = JobState(self.state)
        return JobState.EXPIRED if state == JobState.DONE and not self.is_ready else state

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "n_rows": self.n_rows}
