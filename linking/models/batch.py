"""Many links at once: a file of customers to invite, or something done to many invitations; a verdict for every row."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from linking.models.invitation import Invitation
from partner_console.access.scoping import PartnerScoped
from partner_console.jobs import Job


class BatchKind(TextChoices):
    INVITE = "invite", _("Invite customers")
    REMIND = "remind", _("Remind")
    WITHDRAW = "withdraw", _("Withdraw")
    REINVITE = "reinvite", _("Invite anew")


class BatchState(TextChoices):
    """Two phases, as an import has them: the check (a dry run), and the run itself. PACED waits for mail to be welcome
    again."""

    UPLOADED = "uploaded", _("Waiting for the columns to be checked")
    CHECK_QUEUED = "check_queued", _("Waiting to be checked")
    CHECKING = "checking", _("Checking rows")
    CHECKED = "checked", _("Checked, waiting for you")
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    PACED = "paced", _("Sending, a few mails at a time")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


WAITING = (BatchState.CHECK_QUEUED, BatchState.QUEUED, BatchState.PACED)
WORKING = (BatchState.CHECKING, BatchState.RUNNING)
FINAL = (BatchState.DONE, BatchState.FAILED, BatchState.CANCELLED)


class RowVerdict(TextChoices):
    """What the dry run says of a row."""

    OK = "ok", _("OK")
    WARN = "warn", _("OK, look at it")
    REFUSE = "refuse", _("Refused")


GOING = (RowVerdict.OK, RowVerdict.WARN)


class RowOutcome(TextChoices):
    """What became of a row. WAITING is each row's until the run reaches it."""

    WAITING = "waiting", _("Not done yet")
    DONE = "done", _("Done")
    CHECK = "check", _("Waits for a second person")
    FAILED = "failed", _("Not done")


class LinkBatch(Job):
    """One file, paste or choice of invitations on its way.

    `columns` maps our field keys to indexes of `headers`; `defaults` are what rows start with that do not say
    otherwise; `reason` is what every row of the run is given. A row and what became of it are written in one
    transaction, so a resumed run repeats nothing. `next_at` is when the next mail may go. `query` leads back to the
    list the rows were chosen in.
    """

    WAITING: ClassVar[tuple[str, ...]] = WAITING
    WORKING: ClassVar[tuple[str, ...]] = WORKING
    FINAL: ClassVar[tuple[str, ...]] = FINAL

    kind = models.CharField(_("what"), max_length=20, choices=BatchKind.choices)
    title = models.CharField(_("file or choice"), max_length=255)
    query = models.CharField(max_length=2000, blank=True, default="")
    headers = models.JSONField(default=list, blank=True)
    columns = models.JSONField(default=dict, blank=True)
    is_text = models.BooleanField(default=False)
    defaults = models.JSONField(default=dict, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True, default="")
    state = models.CharField(_("state"), max_length=20, choices=BatchState.choices, default=BatchState.UPLOADED)
    interruptions = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("batch of links")
        verbose_name_plural = _("batches of links")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=BatchKind.values), name="linking_batch_kind"),
            models.CheckConstraint(condition=Q(state__in=BatchState.values), name="linking_batch_state"),
        ]
        indexes = [
            models.Index(fields=["partner", "-created_at"], name="linking_batch_newest"),
            models.Index(fields=["state", "heartbeat_at"], name="linking_batch_open", condition=~Q(state__in=FINAL)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def heading(self) -> str:
        """The file's name; of a choice of invitations what is done with them, in the reader's language."""
        return self.title if self.is_file else str(self.get_kind_display())

    @property
    def is_file(self) -> bool:
        return self.kind == BatchKind.INVITE

    @property
    def n_going(self) -> int:
        """Rows the dry run let through."""
        return sum(self.counts.get(verdict, 0) for verdict in GOING)

    @property
    def n_refused(self) -> int:
        return int(self.counts.get(RowVerdict.REFUSE, 0))

    @property
    def n_done(self) -> int:
        return int(self.counts.get(RowOutcome.DONE, 0)) + int(self.counts.get(RowOutcome.CHECK, 0))

    @property
    def n_failed(self) -> int:
        return int(self.counts.get(RowOutcome.FAILED, 0))

    @property
    def n_waiting(self) -> int:
        return self.n_going - self.n_done - self.n_failed

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "counts": self.counts}


class BatchRow(PartnerScoped):
    """One row: what stood there (`cells`, until the batch is old), what the dry run says, and what became of it.

    `reason` and `fix` belong to the verdict, then to a failure; `note` neither stops nor warns (“needs a second
    person”). `invitation` is the one chosen, or the one the row became.
    """

    partner_path: ClassVar[str] = "batch__partner"

    batch = models.ForeignKey(LinkBatch, models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(_("row"))
    cells = models.JSONField(default=list, blank=True)
    lost_digits = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    uid = models.CharField(_("UID"), max_length=20, blank=True, default="")
    typed = models.CharField(max_length=80, blank=True, default="")
    company = models.CharField(_("company"), max_length=150, blank=True, default="")
    email = models.CharField(_("e-mail"), max_length=254, blank=True, default="")
    verdict = models.CharField(_("verdict"), max_length=20, choices=RowVerdict.choices, blank=True, default="")
    reason = models.TextField(_("reason"), blank=True, default="")
    fix = models.TextField(_("what to do"), blank=True, default="")
    note = models.TextField(_("note"), blank=True, default="")
    outcome = models.CharField(_("outcome"), max_length=20, choices=RowOutcome.choices, default=RowOutcome.WAITING)
    invitation = models.ForeignKey(Invitation, models.PROTECT, null=True, blank=True, related_name="batch_rows")

    class Meta:
        ordering = ["number"]
        verbose_name = _("row of a batch")
        verbose_name_plural = _("rows of batches")
        constraints = [
            models.UniqueConstraint(fields=["batch", "number"], name="linking_batchrow_once"),
            models.CheckConstraint(condition=Q(verdict__in=["", *RowVerdict.values]), name="linking_batchrow_verdict"),
            models.CheckConstraint(condition=Q(outcome__in=RowOutcome.values), name="linking_batchrow_outcome"),
        ]
        indexes = [
            models.Index(fields=["batch", "uid"], name="linking_batchrow_uid"),
            models.Index(fields=["batch", "verdict", "number"], name="linking_batchrow_by_verdict"),
            models.Index(fields=["batch", "outcome", "number"], name="linking_batchrow_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id} row {self.number}"
