"""Reads of invitations: staff's begin with what they may see, a customer's with the secret they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from linking.locks import standing_of
from linking.models import Invitation, InvitationMail, InvitationToken
from linking.states import Standing
from linking.tokens import digest
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Visit:
    """What a customer's link opens. `invitation` and `link` are None when no such link was ever sent."""

    token: str
    standing: Standing
    invitation: Invitation | None = None
    link: InvitationToken | None = None


def visit(token: str) -> Visit:
    """Look a link up without changing anything: mail scanners fetch it too."""
    link = (
        InvitationToken.objects.filter(digest=digest(token))
        .select_related("invitation__partner", "invitation__created_by")
        .first()
    )
    if link is None:
        return Visit(token, Standing.UNKNOWN)
    return Visit(token, standing_of(link, link.invitation), link.invitation, link)


def get_invitation(actor: Actor, pk: int) -> Invitation:
    """One invitation of the actor's partner; `NotFound` otherwise."""
    require(actor, Permission.LINK_VIEW)
    get_visible_or_404(Invitation, actor, pk=pk)
    rows = Invitation.objects.visible_to(actor).select_related("partner", "account", "created_by")
    invitation: Invitation = rows.get(pk=pk)
    return invitation


def list_mails(actor: Actor, invitation: Invitation) -> QuerySet[InvitationMail]:
    """The mails about an invitation, newest first, each with the stored mail while that is kept."""
    require(actor, Permission.LINK_VIEW)
    return (
        InvitationMail.objects.visible_to(actor)
        .filter(invitation_id=invitation.pk)
        .select_related("email")
        .prefetch_related("email__logs")
        .order_by("-at", "-pk")
    )
