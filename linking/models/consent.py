"""What the customer agreed to, and the codes that prove an e-mail address."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.models.invitation import Invitation
from partner_console.access.models import LANGUAGE_CHOICES
from partner_console.access.scoping import PartnerScoped


class ConsentReceipt(PartnerScoped):
    """The sheet as the customer read it when they approved, word by word, with the SHA-256 both sides can check.

    `body` is canonical JSON text, never rendered anew: a later change of our words changes no receipt.
    """

    partner_path: ClassVar[str] = "invitation__partner"

    invitation = models.OneToOneField(Invitation, models.PROTECT, related_name="receipt")
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGE_CHOICES)
    body = models.TextField(_("text"))
    digest = models.CharField(_("SHA-256"), max_length=64, unique=True)
    at = models.DateTimeField(_("approved at"), default=timezone.now)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("consent receipt")
        verbose_name_plural = _("consent receipts")

    def __str__(self) -> str:
        return self.digest


class InvitationCode(PartnerScoped):
    """A short code sent to the invitation's address, as keyed hash; the second half of the proof where it is set."""

    partner_path: ClassVar[str] = "invitation__partner"

    invitation = models.ForeignKey(Invitation, models.PROTECT, related_name="codes")
    digest = models.CharField(max_length=64, editable=False)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-sent_at", "-pk"]
        verbose_name = _("invitation code")
        verbose_name_plural = _("invitation codes")

    def __str__(self) -> str:
        return f"{self.invitation_id} {self.sent_at:%Y-%m-%d %H:%M}"


class CustomerCode(models.Model):
    """A code a customer signs in to /my/ with. It belongs to an address, not to a partner: one address may be the
    contact of accounts at several.

    The page only writes this row, for every address alike; the worker finds out whether anybody is to get a mail,
    makes the code, and sets `handled_at`. Without a `digest` no code fits.
    """

    email = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=10, choices=LANGUAGE_CHOICES, default="en")
    digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    sent_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-sent_at", "-pk"]
        verbose_name = _("customer's sign-in code")
        verbose_name_plural = _("customers' sign-in codes")
        indexes = [
            models.Index(fields=["email", "sent_at"], name="linking_customer_code"),
            models.Index(fields=["id"], condition=models.Q(handled_at__isnull=True), name="linking_code_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.sent_at:%Y-%m-%d %H:%M}"
