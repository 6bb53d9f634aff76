"""The outbox: what we asked of the cloud, and what became of it (design §4, §9)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import Channel, who_in_words
from partner_console.access.models import Partner
from partner_console.access.scoping import PartnerScoped


class CommandState(TextChoices):
    QUEUED = "queued", _("Waiting to be sent")
    IN_FLIGHT = "in_flight", _("Sent, no answer yet")
    CONFIRMED = "confirmed", _("Confirmed by the cloud")
    REFUSED = "refused", _("Refused by the cloud")
    UNKNOWN = "unknown", _("Outcome unknown, being checked")
    SUPERSEDED = "superseded", _("Overtaken by a newer change")


class Operation(TextChoices):
    SET_QUOTA = "set_quota", _("Set quota")
    WRITE_OFF = "write_off", _("Write off")
    REFUND = "refund", _("Refund")
    SET_WARNING = "set_warning", _("Set warning threshold")
    FREEZE = "freeze", _("Freeze PAYG")
    THAW = "thaw", _("Unfreeze PAYG")
    SET_PURCHASE_CONTROL = "set_purchase_control", _("Set purchase control")
    SET_POLICY = "set_policy", _("Set shutdown policy")
    STOP_PAYG = "stop_payg", _("Stop PAYG for arrears")
    RESUME_PAYG = "resume_payg", _("Let PAYG run again")
    SET_TRUSTEE = "set_trustee", _("Set financial trusteeship")
    SET_PERMISSIONS = "set_permissions", _("Set permissions")
    UNLINK = "unlink", _("Unlink the account")


# Absolute operations may be repeated; a later one of the same topic makes an earlier one pointless.
TOPIC = {
    Operation.SET_QUOTA: "quota",
    Operation.WRITE_OFF: "",
    Operation.REFUND: "",
    Operation.SET_WARNING: "warning",
    Operation.FREEZE: "payg",
    Operation.THAW: "payg",
    Operation.SET_PURCHASE_CONTROL: "purchase",
    Operation.SET_POLICY: "policy",
    Operation.STOP_PAYG: "stop",
    Operation.RESUME_PAYG: "stop",
    Operation.SET_TRUSTEE: "trustee",
    Operation.SET_PERMISSIONS: "permissions",
    Operation.UNLINK: "link",
}


# Not absolute: given twice, they are done twice. Their outcome is found by reading the figures.
RELATIVE = (Operation.WRITE_OFF, Operation.REFUND)


class CloudCommand(PartnerScoped):
    """One order to the cloud about one UID. Commands of a UID are sent in order, one at a time."""

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+")
    uid = models.CharField(_("UID"), max_length=20)
    operation = models.CharField(_("operation"), max_length=30, choices=Operation.choices)
    topic = models.CharField(max_length=20, blank=True, default="")
    payload = models.JSONField(default=dict)
    state = models.CharField(_("state"), max_length=20, choices=CommandState.choices, default=CommandState.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    vendor_code = models.CharField(_("code"), max_length=60, blank=True, default="")
    vendor_message = models.CharField(_("message"), max_length=500, blank=True, default="")
    asked_by = models.CharField(_("asked by"), max_length=254)
    reason = models.TextField(_("reason"), blank=True, default="")
    operation_id = models.UUIDField(_("operation"), null=True)
    created_at = models.DateTimeField(_("asked at"), default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    in_flight_since = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    # What it had changed here was taken back, or brought in line with the cloud: it is not sent again.
    undone_at = models.DateTimeField(_("taken back at"), null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = _("cloud command")
        verbose_name_plural = _("cloud commands")
        constraints = [
            # In order, one at a time: the database's word, not only the claim's.
            models.UniqueConstraint(
                fields=["uid"], condition=Q(state=CommandState.IN_FLIGHT), name="cloud_command_one_in_flight"
            ),
        ]
        indexes = [
            models.Index(fields=["uid", "topic", "id"], name="cloud_command_uid_topic"),
            models.Index(fields=["partner", "created_at", "id"], name="cloud_command_partner_at"),
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=Q(state__in=["queued", "in_flight", "unknown"]),
                name="cloud_command_open",
            ),
            # Refused or unclear orders about money that still have to be taken back, or looked at by somebody.
            models.Index(
                fields=["partner", "finished_at", "id"],
                condition=Q(undone_at__isnull=True, state__in=["refused", "unknown"])
                & Q(operation__in=["set_quota", "write_off", "refund"]),
                name="cloud_command_to_undo",
            ),
        ]

    def __str__(self) -> str:
        return self.uid  # kept in the audit trail, which words the operation for each reader

    @property
    def who(self) -> str:
        """Who asked: people are known by their addresses, our own worker's labels are none."""
        return who_in_words(self.asked_by, "" if "@" in self.asked_by else Channel.SYSTEM)

    def audit_state(self) -> dict[str, Any]:
        return {"state": self.state, "vendor_code": self.vendor_code}
