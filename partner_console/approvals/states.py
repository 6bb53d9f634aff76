"""Where a request stands, and why one was needed. Pure."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ApprovalState(TextChoices):
    """WAITING is the only state anything can still happen in; EXPIRED is computed at read time, then made final."""

    WAITING = "waiting", _("Waiting for a second person")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


class When(TextChoices):
    """When a rule asks for a second person."""

    NEVER = "never", _("Never")
    LIMITS = "limits", _("When a limit is reached")
    ALWAYS = "always", _("Always")


class Cause(TextChoices):
    """Which part of a rule asked for the second person. Stored; put into words when shown."""

    ALWAYS = "always", _("Your rules ask for a second person every time.")
    AMOUNT = "amount", _("The amount reaches the limit of your rules.")
    SENSITIVE = "sensitive", _("Your rules ask for a second person here.")


class Waits(TextChoices):
    """For whom a request waits, as seen by one person."""

    ME = "me", _("You")
    OTHERS = "others", _("Somebody else")
