"""Saved views: a name for a list URL. The URL is the view (peers.md P27)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Partner, User
from partner_console.access.scoping import PartnerScoped


class SavedView(PartnerScoped):
    """`query` is the list's query string: filters, sort, columns, page size. Shared ones show to the whole partner."""

    partner_path: ClassVar[str] = "partner"

    partner = models.ForeignKey(Partner, models.PROTECT, related_name="saved_views")
    user = models.ForeignKey(User, models.PROTECT, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=2000, blank=True, default="")
    is_shared = models.BooleanField(_("shared with everyone in the partner"), default=False)
    is_default = models.BooleanField(_("open the list with this view"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        constraints = [
            models.UniqueConstraint(fields=["partner", "user", "name"], name="uids_savedview_once"),
            models.UniqueConstraint(
                fields=["partner", "user"], condition=Q(is_default=True), name="uids_savedview_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def audit_state(self) -> dict[str, Any]:
        return {"name": self.name, "query": self.query, "is_shared": self.is_shared}
