"""Distribution Relationship Termination: one request, from asking to settled (design §5, acpn.md §7)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.states import TERMINATING, Side, TerminationState
from partner_console.access.models import User
from partner_console.access.scoping import PartnerScoped
from partner_console.cloud.models import CloudCommand
from uids.models import LinkedAccount


class Termination(PartnerScoped):
    """One side asks, the other answers within 10 days, then everything is settled. One open request per account.

    The account's row is the lock of all of it. Once settled, `unlink` is the order to the cloud; the relationship has
    ended when that is confirmed. The undoing of a wrong link (`is_undo`) asks nobody and begins in process.
    """

    partner_path: ClassVar[str] = "account__partner"

    account = models.ForeignKey(LinkedAccount, models.PROTECT, related_name="terminations")
    side = models.CharField(_("asked by"), max_length=20, choices=Side.choices)
    asked_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(_("reason"), max_length=500)
    state = models.CharField(
        _("state"), max_length=20, choices=TerminationState.choices, default=TerminationState.TO_BE_CONFIRMED
    )
    asked_at = models.DateTimeField(_("asked at"), default=timezone.now)
    answer_due_at = models.DateTimeField(_("answer due at"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    answer_reason = models.CharField(_("reason of the answer"), max_length=500, blank=True, default="")
    is_undo = models.BooleanField(_("undoes a wrong link"), default=False)
    reminded_at = models.DateTimeField(null=True, blank=True)
    # When the worker last looked whether everything is settled; those longest unseen come first.
    checked_at = models.DateTimeField(null=True, blank=True)
    unlink = models.ForeignKey(
        CloudCommand, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("order to unlink")
    )
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # Record kept, contact anonymised: 90 days after the end.
    delete_due_at = models.DateTimeField(_("contact data deleted at"), null=True, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("termination")
        verbose_name_plural = _("terminations")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=TerminationState.values), name="linking_termination_state"),
            models.UniqueConstraint(
                fields=["account"], condition=Q(state__in=TERMINATING), name="linking_termination_one_open"
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_due_at"], condition=Q(state="to_be_confirmed"), name="linking_termination_due"
            ),
            models.Index(fields=["checked_at"], condition=Q(state="in_process"), name="linking_termination_settle"),
            models.Index(
                fields=["delete_due_at"], condition=Q(delete_due_at__isnull=False), name="linking_termination_delete"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.state}"

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "side": self.side, "reason": self.reason}
