"""The calendar of releases: a secret address for each member."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Membership
from partner_console.access.scoping import PartnerScoped


class ReleaseFeed(PartnerScoped):
    """A member's calendar of what will be released. The token of its address is stored hashed: it is shown once."""

    partner_path: ClassVar[str] = "membership__partner"

    membership = models.OneToOneField(Membership, models.PROTECT, primary_key=True, related_name="release_feed")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("made at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("calendar of releases")
        verbose_name_plural = _("calendars of releases")

    def __str__(self) -> str:
        return f"{self.membership_id}"
