"""The trail: who did what to which thing, before and after. Append-only in code and in the database (style §13)."""

from __future__ import annotations

from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import Channel
from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped, ScopedQuerySet


class AppendOnly(Exception):
    """Somebody tried to change or delete a record that must stay."""


class AppendOnlyQuerySet(ScopedQuerySet):
    def update(self, **kwargs: Any) -> int:
        raise AppendOnly(self.model.__name__)

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly(self.model.__name__)


class AppendOnlyModel(PartnerScoped):
    """Rows are inserted and read. `save` on an existing row, `delete`, and their queryset forms raise."""

    partner_path: ClassVar[str] = "partner"

    objects: ClassVar[Any] = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True
        # The database refuses too, whatever code or console is used.
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(type(self).__name__)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly(type(self).__name__)


class AuditEntry(AppendOnlyModel):
    """One action on one subject. Texts are codes and data; they are put into words when shown."""

    partner = models.ForeignKey(Partner, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    actor_user = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    actor_label = models.CharField(_("who"), max_length=254)
    operator_uid = models.CharField(_("operator"), max_length=20, blank=True, default="")
    channel = models.CharField(_("method"), max_length=20, choices=Channel.choices)
    action = models.CharField(_("action"), max_length=60)
    subject_type = models.CharField(max_length=60)
    subject_pk = models.BigIntegerField()
    subject_label = models.CharField(_("subject"), max_length=200)
    changes = models.JSONField(default=dict)
    note = models.TextField(_("reason"), blank=True, default="")
    operation_id = models.UUIDField(_("operation"), null=True)
    request_id = models.CharField(max_length=64, blank=True, default="")

    class Meta(AppendOnlyModel.Meta):
        ordering = ["-at", "-pk"]
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        indexes = [
            models.Index(fields=["partner", "at", "id"], name="audit_partner_at"),
            models.Index(fields=["subject_type", "subject_pk", "at"], name="audit_subject_at"),
            models.Index(fields=["partner", "action", "at"], name="audit_partner_action"),
            models.Index(
                fields=["operation_id", "at"], condition=models.Q(operation_id__isnull=False), name="audit_operation"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} · {self.subject_label}"
