"""The secret addresses of members' calendars: made, renewed, revoked."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Membership
from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Forbidden
from quota.models import ReleaseFeed

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

TOKEN_BYTES = 32


def digest(token: str) -> str:
    """What is stored. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_address(*, actor: Actor) -> str:
    """A new secret for the actor's own calendar; the former one is dead at once. It is returned here and never again.

    `Forbidden` for whoever is no member (operators look, but have no calendar of a partner's).
    """
    require(actor, Permission.CONTROL_VIEW)
    membership = _own_membership(actor)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    ReleaseFeed.objects.visible_to(actor).update_or_create(
        membership=membership, defaults={"token_hash": digest(token), "created_at": timezone.now()}
    )
    audit.record(actor, Action.CALENDAR_MADE, membership, partner_pk=membership.partner_id)
    return token


@transaction.atomic
def revoke_address(*, actor: Actor) -> None:
    """The address answers no more. On repeat nothing happens."""
    require(actor, Permission.CONTROL_VIEW)
    membership = _own_membership(actor)
    n_gone, _models = ReleaseFeed.objects.visible_to(actor).filter(membership=membership).delete()
    if n_gone:
        audit.record(actor, Action.CALENDAR_REVOKED, membership, partner_pk=membership.partner_id)


def _own_membership(actor: Actor) -> Membership:
    """Locked: two clicks leave one address."""
    own = Membership.objects.visible_to(actor).active().filter(user_id=actor.user_pk, partner_id=actor.partner_pk)
    membership: Membership | None = own.select_related("user", "partner").select_for_update(of=("self",)).first()
    if membership is None or actor.user_pk is None:
        raise Forbidden("no_membership", _("Only a member of a partner has a calendar of its releases."))
    return membership
