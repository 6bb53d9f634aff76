"""Reads about exports: one's own jobs, and how much a choice would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Verdict, allows
from partner_console.access.scoping import get_visible_or_404

from .models import OPEN_STATES, ExportJob

if TYPE_CHECKING:
    import uuid

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

    from .registry import ExportSpec, Selection


SHOWN = 100  # jobs on the page; older ones have long expired


def may_export(actor: Actor, spec: ExportSpec) -> Verdict:
    """Whether the actor may export this list, with the reason when not."""
    verdict = allows(actor, spec.permission)
    if verdict and actor.partner_pk is None:
        return Verdict(allowed=False, reason=_("An export belongs to one partner, and you are not working in one."))
    return verdict


def list_jobs(actor: Actor) -> QuerySet[ExportJob]:
    """The actor's own exports in the partner they work in, newest first."""
    return (
        ExportJob.objects.visible_to(actor)
        .filter(user_id=actor.user_pk, partner_id=actor.partner_pk)
        .select_related("partner")
        .order_by("-created_at", "-pk")
    )


def get_job(actor: Actor, key: uuid.UUID) -> ExportJob:
    """One of the actor's own exports; a colleague's or another partner's is `NotFound`."""
    return get_visible_or_404(ExportJob, actor, key=key, user_id=actor.user_pk, partner_id=actor.partner_pk)


def has_open_jobs(actor: Actor) -> bool:
    """Whether something is still waiting or being written, so that a page keeps asking."""
    return list_jobs(actor).filter(state__in=OPEN_STATES).exists()


def count_up_to_cap(actor: Actor, spec: ExportSpec, selection: Selection) -> tuple[int, bool]:
    """How many rows the selection has, and whether there are more than that (counting stops at LIST_COUNT_CAP)."""
    cap: int = settings.LIST_COUNT_CAP
    n = spec.count(actor, selection, cap)
    return min(n, cap), n > cap
