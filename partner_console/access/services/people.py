"""A person's own settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from partner_console.access.models import User

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def edit_profile(*, actor: Actor, name: str, language: str, time_zone: str) -> User:
    """Change one's own name, language and zone. Not on the trail: it concerns nobody else."""
    user = User.objects.select_for_update().get(pk=actor.user_pk)
    user.name, user.language, user.time_zone = name, language, time_zone
    user.full_clean()
    user.save(update_fields=["name", "language", "time_zone"])
    return user
