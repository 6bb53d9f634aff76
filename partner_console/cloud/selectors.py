"""Reads of the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.cloud.models import CloudCommand, CommandState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor


def list_commands(
    actor: Actor, *, q: str = "", state: Sequence[str] = (), operation: Sequence[str] = ()
) -> QuerySet[CloudCommand]:
    """Orders to the cloud, unordered; `q` is how the UID begins."""
    require(actor, Permission.CONTROL_VIEW)
    commands = CloudCommand.objects.visible_to(actor).select_related("partner")
    if q:
        commands = commands.filter(uid__startswith=q)
    if state:
        commands = commands.filter(state__in=state)
    return commands.filter(operation__in=operation) if operation else commands


def commands_of(actor: Actor, *, operation_ids: Iterable[UUID], uids: Iterable[str]) -> QuerySet[CloudCommand]:
    """What was asked of the cloud about these UIDs in these actions, oldest first. By UID too: an action over many
    accounts has an order for each."""
    commands = CloudCommand.objects.visible_to(actor).filter(uid__in=set(uids), operation_id__in=set(operation_ids))
    return commands.order_by("pk")


def get_command(actor: Actor, pk: int) -> CloudCommand:
    """One order; `NotFound` when it is not the actor's."""
    return get_visible_or_404(CloudCommand, actor, pk=pk)


def latest_commands(actor: Actor, uid: str) -> dict[str, CloudCommand]:
    """By topic (quota, warning, payg, purchase, policy): what was asked last about this UID."""
    return _latest(CloudCommand.objects.visible_to(actor).filter(uid=uid))


def confirmed_commands(actor: Actor, uid: str) -> dict[str, CloudCommand]:
    """By topic: what the cloud confirmed last about this UID."""
    return _latest(CloudCommand.objects.visible_to(actor).filter(uid=uid, state=CommandState.CONFIRMED))


def _latest(commands: QuerySet[CloudCommand]) -> dict[str, CloudCommand]:
    rows = commands.exclude(topic="").order_by("topic", "-pk").distinct("topic")
    return {command.topic: command for command in rows}
