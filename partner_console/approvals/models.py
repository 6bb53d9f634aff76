"""Two-person check: a request, a second person, an execution (design §4). Filled by the linking issue."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped
from partner_console.audit.actions import Action


class ApprovalState(TextChoices):
    WAITING = "waiting", _("Waiting for a second person")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


class Approval(PartnerScoped):
    """Somebody asked for `action` on a subject; a second person, never the first, decides."""

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_pk = models.BigIntegerField()
    subject_label = models.CharField(_("subject"), max_length=200)
    payload = models.JSONField(default=dict)
    reason = models.TextField(_("reason"), blank=True, default="")
    state = models.CharField(_("state"), max_length=20, choices=ApprovalState.choices, default=ApprovalState.WAITING)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"))
    asked_at = models.DateTimeField(_("asked at"), default=timezone.now)
    decided_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("asked_by")),
                name="approvals_second_person",
            )
        ]
        indexes = [models.Index(fields=["partner", "state", "asked_at"], name="approvals_partner_state")]

    def __str__(self) -> str:
        return f"{self.action} · {self.subject_label}"

    @property
    def action_label(self) -> str:
        """The action in words; one that the trail does not know stays as it was written."""
        return str(Action(self.action).label) if self.action in Action.values else self.action

    @property
    def shown_state(self) -> ApprovalState:
        """The state to show: a request whose time is over has expired, though nobody wrote it down yet."""
        is_over = self.expires_at is not None and self.expires_at <= timezone.now()
        state = ApprovalState(self.state)
        return ApprovalState.EXPIRED if state == ApprovalState.WAITING and is_over else state
