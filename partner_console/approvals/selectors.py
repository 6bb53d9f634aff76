"""Reads of what waits for a second person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from partner_console.access.policy import Permission, require

from .models import Approval, ApprovalState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

SHOWN = 100  # on the page, per part; older decided ones are in the audit trail


def list_waiting(actor: Actor) -> QuerySet[Approval]:
    """Requests nobody has decided and whose time is not over, the one that expires first on top."""
    require(actor, Permission.APPROVAL_VIEW)
    return (
        Approval.objects.visible_to(actor)
        .filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), state=ApprovalState.WAITING)
        .select_related("asked_by")
        .order_by("expires_at", "asked_at", "pk")
    )


def list_decided(actor: Actor) -> QuerySet[Approval]:
    """Requests that have ended, newest first; one whose time is over has, though nobody wrote it down yet."""
    require(actor, Permission.APPROVAL_VIEW)
    return (
        Approval.objects.visible_to(actor)
        .filter(~Q(state=ApprovalState.WAITING) | Q(expires_at__lte=timezone.now()))
        .select_related("asked_by", "decided_by")
        .order_by("-asked_at", "-pk")
    )
