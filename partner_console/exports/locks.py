"""Row locks of this app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.errors import NotFound

from .models import ExportJob

if TYPE_CHECKING:
    import uuid

    from partner_console.access.actor import Actor


def lock_own_job(actor: Actor, key: uuid.UUID) -> ExportJob:
    """One of the actor's own jobs, locked; otherwise `NotFound`."""
    try:
        return (  # type: ignore[no-any-return]
            ExportJob.objects.visible_to(actor)
            .select_for_update()
            .get(key=key, user_id=actor.user_pk, partner_id=actor.partner_pk)
        )
    except ExportJob.DoesNotExist as error:
        raise NotFound("not_found", _("It does not exist, or you may not see it.")) from error
