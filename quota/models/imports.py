"""Imports of existing customers: the uploaded file, its column mapping, a verdict per row."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from partner_console.access.scoping import PartnerScoped
from partner_console.jobs import Job


class ImportState(TextChoices):
    """Two phases, each waiting for a worker and then worked on: the check (a dry run), and the import itself."""

    UPLOADED = "uploaded", _("Waiting for the columns to be checked")
    CHECK_QUEUED = "check_queued", _("Waiting to be checked")
    CHECKING = "checking", _("Checking rows")
    CHECKED = "checked", _("Checked, waiting for you")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Importing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


WAITING = (ImportState.CHECK_QUEUED, ImportState.QUEUED)
WORKING = (ImportState.CHECKING, ImportState.RUNNING)
FINAL = (ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED)


class RowVerdict(TextChoices):
    """What becomes of a row. PARKED exists only while a check runs: sub-accounts wait for their masters."""

    CREATE = "create", _("Will be imported")
    WARN = "warn", _("Will be imported, look at it")
    UNCHANGED = "unchanged", _("Already here, same values")
    DIFFERS = "differs", _("Already here, differs")
    REFUSE = "refuse", _("Refused")
    LEFT_OUT = "left_out", _("Not imported: the import ended before")
    PARKED = "parked", _("Waiting for its master")


COMING_IN = (RowVerdict.CREATE, RowVerdict.WARN)
NOT_IMPORTED = (RowVerdict.REFUSE, RowVerdict.LEFT_OUT)


class AccountImport(Job):
    """One uploaded file on its way in.

    `columns` maps our field keys to column indexes of `headers`. `at_pass` and `at_row` are the place up to which the
    present phase has worked, written in the transaction of the rows themselves: a resumed phase repeats nothing.
    The file stays in private storage until the import is old.
    """

    WAITING: ClassVar[tuple[str, ...]] = WAITING
    WORKING: ClassVar[tuple[str, ...]] = WORKING
    FINAL: ClassVar[tuple[str, ...]] = FINAL

    file_name = models.CharField(_("file"), max_length=255)
    file = models.FileField(upload_to="imports/", blank=True)
    encoding = models.CharField(max_length=20, blank=True, default="")
    sheet = models.CharField(max_length=100, blank=True, default="")
    headers = models.JSONField(default=list, blank=True)
    columns = models.JSONField(default=dict, blank=True)
    state = models.CharField(_("state"), max_length=20, choices=ImportState.choices, default=ImportState.UPLOADED)
    n_done = models.PositiveIntegerField(default=0)
    at_pass = models.PositiveSmallIntegerField(default=1)
    at_row = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ImportState.values), name="quota_import_state"),
        ]
        indexes = [
            models.Index(fields=["partner", "-created_at"], name="quota_import_newest"),
            models.Index(fields=["state", "heartbeat_at"], name="quota_import_open", condition=~Q(state__in=FINAL)),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def n_coming_in(self) -> int:
        """Rows that will be, or were, imported."""
        return sum(self.counts.get(verdict, 0) for verdict in COMING_IN)

    @property
    def n_not_imported(self) -> int:
        return sum(self.counts.get(verdict, 0) for verdict in NOT_IMPORTED)

    @property
    def is_all_here(self) -> bool:
        """Nothing comes in and nothing was refused: every row is of a customer who is here."""
        return set(self.counts) <= {RowVerdict.UNCHANGED, RowVerdict.DIFFERS}

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "counts": self.counts}


class ImportRow(PartnerScoped):
    """One row's verdict. Its cells are not kept: they are in the file, at the same row number."""

    partner_path: ClassVar[str] = "job__partner"

    job = models.ForeignKey(AccountImport, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("row"))
    uid = models.CharField(_("UID"), max_length=20, blank=True, default="")
    # What stood there when no UID could be read from it.
    typed = models.CharField(max_length=80, blank=True, default="")
    nickname = models.CharField(_("nickname"), max_length=150, blank=True, default="")
    master_uid = models.CharField(max_length=20, blank=True, default="")
    is_live = models.BooleanField(default=True)
    verdict = models.CharField(_("verdict"), max_length=20, choices=RowVerdict.choices)
    reason = models.TextField(_("reason"), blank=True, default="")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="quota_importrow_once"),
            models.CheckConstraint(condition=Q(verdict__in=RowVerdict.values), name="quota_importrow_verdict"),
        ]
        indexes = [
            models.Index(fields=["job", "uid"], name="quota_importrow_uid"),
            models.Index(fields=["job", "verdict", "number"], name="quota_importrow_verdict_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} row {self.number}"
