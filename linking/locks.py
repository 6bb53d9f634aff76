"""Row locks of invitations. Order everywhere: partner (mail limits), invitation, then accounts and credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from linking.errors import LinkNotUsable, LinkUnknown
from linking.models import Invitation, InvitationToken
from linking.states import Standing, standing
from linking.tokens import digest
from partner_console.access.models import Partner
from partner_console.errors import NotFound
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


def lock_partner(actor: Actor, pk: int) -> Partner:
    """One sender at a time per partner, so that limits hold. NO KEY: rows that point to the partner go on."""
    partner: Partner | None = (
        Partner.objects.visible_to(actor).select_for_update(no_key=True).filter(pk=pk, is_active=True).first()
    )
    if partner is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return partner


def lock_invitation(actor: Actor, pk: int) -> Invitation:
    """One invitation, locked, with its partner; `NotFound` when it is not the actor's."""
    rows = Invitation.objects.visible_to(actor).select_related("partner").select_for_update(of=("self",))
    invitation: Invitation | None = rows.filter(pk=pk).first()
    if invitation is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return invitation


def lock_by_token(token: str) -> tuple[Invitation, InvitationToken]:
    """The invitation a customer's link opens, locked; a customer's only door, by the secret and not by scope.

    Raises `LinkUnknown`, or `LinkNotUsable` with what the link is worth now. Whether the link is still current is
    read after the lock: sending again may have retired it while we waited.
    """
    link = InvitationToken.objects.filter(digest=digest(token)).first()
    if link is None:
        raise LinkUnknown
    invitation = Invitation.objects.select_related("partner").select_for_update(of=("self",)).get(pk=link.invitation_id)
    link.refresh_from_db(fields=["retired_at"])
    if (now := standing_of(link, invitation)) is not Standing.OPEN:
        raise LinkNotUsable(now, invitation)
    return invitation, link


def standing_of(link: InvitationToken, invitation: Invitation) -> Standing:
    """A retired link never shows how its invitation went on: it may have gone to another address."""
    return Standing.REPLACED if link.retired_at is not None else standing(invitation.current_state)


def lock_account(actor: Actor, pk: int) -> LinkedAccount:
    """One account with its partner, locked: the lock of its relationship. `NotFound` when it is not the actor's.

    NO KEY: rows that point to the account go on, so that who adds one never waits for us in a circle.
    """
    accounts = LinkedAccount.objects.visible_to(actor).select_related("partner")
    rows = accounts.select_for_update(of=("self",), no_key=True)
    account: LinkedAccount | None = rows.filter(pk=pk).first()
    if account is None:
        raise NotFound("not_found", _("It does not exist, or you may not see it."))
    return account
