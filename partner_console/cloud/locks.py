"""Row locks of commands. They are taken last: after accounts and credit accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.cloud.models import CloudCommand, CommandState
from partner_console.errors import NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from partner_console.access.actor import Actor

# Waiting for us: never sent, to be repeated, or to be reconciled. `finished_at` closes an unknown one for good.
WAITING = Q(state__in=(CommandState.QUEUED, CommandState.UNKNOWN), finished_at__isnull=True)


def lock_command(actor: Actor, pk: int) -> CloudCommand:
    """One command, locked; `NotFound` when it is not the actor's."""
    rows = CloudCommand.objects.visible_to(actor).select_for_update(of=("self",)).select_related("partner")
    command: CloudCommand | None = rows.filter(pk=pk).first()
    if command is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return command


def claim_next(uid: str) -> tuple[CloudCommand, str] | None:
    """Mark the oldest waiting command of this UID in flight and return it with its former state.

    None when there is none, it is not due yet, another worker has it, or one of this UID is in flight already: orders
    about one UID go out one at a time, in the order asked. The database has the last word
    (`cloud_command_one_in_flight`).
    """
    commands = CloudCommand.objects.filter(uid=uid)
    oldest = commands.filter(WAITING).order_by("pk").values_list("pk", flat=True).first()
    if oldest is None or commands.filter(state=CommandState.IN_FLIGHT).exists():
        return None
    due = commands.filter(WAITING, pk=oldest, next_attempt_at__lte=timezone.now())
    command = due.select_for_update(skip_locked=True, of=("self",)).select_related("partner").first()
    if command is None:
        return None
    former = command.state
    command.state = CommandState.IN_FLIGHT
    command.in_flight_since = timezone.now()
    command.attempts += 1
    try:
        with transaction.atomic():
            command.save(update_fields=["state", "in_flight_since", "attempts"])
    except IntegrityError:
        return None
    return command, former


def lock_stale(before: datetime, limit: int) -> list[CloudCommand]:
    """Commands in flight since before that moment, whose worker died; those being written just now are skipped."""
    return list(
        CloudCommand.objects.filter(state=CommandState.IN_FLIGHT, in_flight_since__lt=before)
        .order_by("in_flight_since", "pk")
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("partner")[:limit]
    )
