"""Reads of batches and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from linking.models import BatchRow, LinkBatch, PermissionTemplate
from linking.models.batch import FINAL, WAITING, WORKING, BatchKind
from linking.services.batches.ending import count_rows
from partner_console.access.policy import Permission, allows, require
from partner_console.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from linking.models import Invitation
    from partner_console.access.actor import Actor

SHOWN = 20
SAMPLE = 5


def list_batches(actor: Actor) -> QuerySet[LinkBatch]:
    """Batches of the actor's partner, newest first."""
    require(actor, Permission.LINK_INVITE)
    return LinkBatch.objects.visible_to(actor).select_related("user", "partner").order_by("-created_at", "-pk")


def newest_files(actor: Actor) -> list[LinkBatch]:
    """The newest files and pastes, with how far each is."""
    return [with_counts(one) for one in list_batches(actor).filter(kind=BatchKind.INVITE)[:SHOWN]]


def get_batch(actor: Actor, pk: int) -> LinkBatch:
    """One batch of the actor's partner, with its counts as they are now; otherwise `NotFound`."""
    batch = list_batches(actor).filter(pk=pk).first()
    if batch is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return with_counts(batch)


def with_counts(batch: LinkBatch) -> LinkBatch:
    """Counts are written when a phase ends; while a worker has it, they are counted."""
    if batch.is_busy:
        batch.counts = count_rows(batch)
    return batch


def list_rows(
    actor: Actor, batch: LinkBatch, *, q: str = "", verdict: Sequence[str] = (), outcome: Sequence[str] = ()
) -> QuerySet[BatchRow]:
    """The rows of one batch, unordered. `q` is the beginning of a UID, or part of a company or e-mail."""
    require(actor, Permission.LINK_INVITE)
    rows = BatchRow.objects.visible_to(actor).filter(batch=batch).select_related("invitation").defer("cells")
    if verdict:
        rows = rows.filter(verdict__in=verdict)
    if outcome:
        rows = rows.filter(outcome__in=outcome).exclude(verdict="refuse")
    if q:
        found = rows.filter(uid__startswith=q) if q.isdigit() else rows.filter(company__icontains=q)
        rows = found if q.isdigit() else found | rows.filter(email__icontains=q)
    return rows


def rows_of(actor: Actor, invitation: Invitation) -> list[BatchRow]:
    """The batches an invitation was part of, newest first; empty for who may not see batches."""
    if not allows(actor, Permission.LINK_INVITE):
        return []
    rows = BatchRow.objects.visible_to(actor).filter(
        invitation=invitation, batch__state__in=(*WAITING, *WORKING, *FINAL)
    )
    return list(rows.select_related("batch").defer("cells").order_by("-batch_id")[:SHOWN])


def sample(actor: Actor, batch: LinkBatch) -> list[BatchRow]:
    """The first rows, for showing people what was read."""
    rows = BatchRow.objects.visible_to(actor).filter(batch=batch)
    return list(rows.order_by("number")[:SAMPLE])


def template_choices(actor: Actor) -> list[tuple[int, str]]:
    """The partner's permission templates, its default first."""
    rows = PermissionTemplate.objects.visible_to(actor).filter(archived_at__isnull=True)
    return list(rows.order_by("-is_default", "name", "pk").values_list("pk", "name"))
