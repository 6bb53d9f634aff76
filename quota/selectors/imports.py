"""Reads of imports and their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.errors import NotFound
from quota.models.imports import AccountImport, ImportRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

SHOWN = 50


def list_imports(actor: Actor) -> QuerySet[AccountImport]:
    """Imports of the actor's partner, newest first."""
    require(actor, Permission.UID_IMPORT)
    return AccountImport.objects.visible_to(actor).select_related("user", "partner").order_by("-created_at", "-pk")


def get_import(actor: Actor, pk: int) -> AccountImport:
    """One import of the actor's partner; otherwise `NotFound`."""
    job = list_imports(actor).filter(pk=pk).first()
    if job is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return job


def list_rows(actor: Actor, job: AccountImport, *, q: str = "", verdict: Sequence[str] = ()) -> QuerySet[ImportRow]:
    """The judged rows of one import, unordered. `q` is the beginning of a UID, or part of a nickname."""
    require(actor, Permission.UID_IMPORT)
    rows = ImportRow.objects.visible_to(actor).filter(job=job)
    if verdict:
        rows = rows.filter(verdict__in=verdict)
    if q:
        rows = rows.filter(uid__startswith=q) if q.isdigit() else rows.filter(nickname__icontains=q)
    return rows
