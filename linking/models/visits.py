"""Customers on their way through the pages: who is signed in to /my/, and how often somebody tried something."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class CustomerSession(models.Model):
    """A customer signed in to /my/ by a code. The browser holds a random key, this row its SHA-256.

    Apart from the staff's sessions on purpose: signing out of one must not end the other. Like the code it belongs
    to an address, not to a partner.
    """

    email = models.EmailField(_("e-mail"))
    digest = models.CharField(max_length=64, unique=True, editable=False)
    started_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at", "-pk"]
        verbose_name = _("customer's session")
        verbose_name_plural = _("customers' sessions")
        indexes = [models.Index(fields=["email", "started_at"], name="linking_customer_session")]

    def __str__(self) -> str:
        return f"{self.email} {self.started_at:%Y-%m-%d %H:%M}"


class VisitCount(models.Model):
    """How often one thing was tried from one place since the window began. `key` is a keyed hash of both: no address
    of a person and no secret stands here. Rows whose window is over mean nothing and are swept."""

    key = models.CharField(max_length=64, primary_key=True, editable=False)
    n = models.PositiveIntegerField(_("times"))
    until = models.DateTimeField(_("counted until"))

    class Meta:
        ordering = ["until", "key"]
        verbose_name = _("count of visits")
        verbose_name_plural = _("counts of visits")
        indexes = [models.Index(fields=["until"], name="linking_visit_over")]

    def __str__(self) -> str:
        return f"{self.n} until {self.until:%Y-%m-%d %H:%M}"
