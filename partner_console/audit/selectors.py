"""Reads of the trail: the filtered list, and what happened to one subject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from partner_console.access.policy import Permission, allows, require

from .models import AuditEntry
from .wording import Line, hidden_actions, in_words

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet

    from partner_console.access.actor import Actor

SHOWN_ON_A_SUBJECT = 20


@dataclass(frozen=True, slots=True)
class Timeline:
    """What `ui/timeline.html` takes; `more_url` leads to the whole trail of the subject, "" when all is shown."""

    entries: list[Line]
    more_url: str


def list_entries(
    actor: Actor,
    *,
    q: str = "",
    who: str = "",
    action: str = "",
    about: str = "",
    method: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    reason: str = "",
    operation: uuid.UUID | None = None,
) -> QuerySet[AuditEntry]:
    """Entries the actor may see that match everything asked for, unordered.

    `q` (the subject), `who` and `reason` match anywhere in the text; `about` is exactly one subject (`app.model:pk`);
    `since` and `until` are days in the reader's zone, both included; `operation` holds everything one action did.
    """
    require(actor, Permission.AUDIT_VIEW)
    wanted = Q()
    if who:
        wanted &= Q(actor_label__icontains=who) | Q(operator_uid=who)
    if q:
        wanted &= Q(subject_label__icontains=q)
    if about:
        wanted &= _about(about)
    if reason:
        wanted &= Q(note__icontains=reason)
    if since:
        wanted &= Q(at__gte=_midnight(since))
    if until:
        wanted &= Q(at__lt=_midnight(until + timedelta(days=1)))
    if action:
        wanted &= Q(action=action)
    if method:
        wanted &= Q(channel__in=method)
    if operation:
        wanted &= Q(operation_id=operation)
    entries: QuerySet[AuditEntry] = AuditEntry.objects.visible_to(actor).filter(wanted)
    hidden = hidden_actions(actor)
    return entries.exclude(action__in=hidden) if hidden else entries


def timeline(actor: Actor, subject: Model, *, limit: int = SHOWN_ON_A_SUBJECT) -> Timeline:
    """What happened to one thing, newest first, at most `limit` entries; empty for an actor without audit.view."""
    if not allows(actor, Permission.AUDIT_VIEW):
        return Timeline([], "")
    about = f"{subject._meta.label_lower}:{subject.pk}"
    found = list(list_entries(actor, about=about).order_by("-at", "-pk")[: limit + 1])
    more_url = f"{reverse('audit:entry_list')}?{urlencode({'about': about})}" if len(found) > limit else ""
    return Timeline(in_words(actor, found[:limit]), more_url)


def _about(text: str) -> Q:
    kind, _colon, pk = text.partition(":")
    return Q(subject_type=kind, subject_pk=int(pk)) if pk.isdecimal() and len(pk) < 19 else Q(pk__in=[])


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
