"""The customer's way in, and the mails that carried it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from post_office.models import Email

from linking.models.invitation import Invitation
from linking.states import MailKind
from partner_console.access.scoping import PartnerScoped


class InvitationToken(PartnerScoped):
    """One link a customer was sent, as SHA-256. Sending again retires it, so that an old mail can say so.

    A reminder brings a link of its own and leaves the earlier one alone: nobody's open page stops working for it.
    """

    partner_path: ClassVar[str] = "invitation__partner"

    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    issued_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)
    is_reminder = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["-issued_at", "-pk"]
        verbose_name = _("invitation link")
        verbose_name_plural = _("invitation links")
        constraints = [
            models.UniqueConstraint(
                fields=["invitation"],
                condition=Q(retired_at__isnull=True, is_reminder=False),
                name="linking_token_one_current",
            )
        ]

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.issued_at:%Y-%m-%d %H:%M}"


class InvitationMail(PartnerScoped):
    """One mail about an invitation. The stored mail itself is cleaned up after a time; this stays."""

    partner_path: ClassVar[str] = "invitation__partner"

    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="mails")
    kind = models.CharField(_("mail"), max_length=20, choices=MailKind.choices)
    to = models.CharField(_("to"), max_length=254)
    email = models.ForeignKey(Email, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(_("queued at"), default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("invitation mail")
        verbose_name_plural = _("invitation mails")
        indexes = [
            models.Index(fields=["to", "at"], name="linking_mail_to_at"),
            models.Index(fields=["at"], name="linking_mail_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.to}"
