"""Reads about partners and people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.errors import NotFound

from .models import MemberInvitation, Membership, Partner, User
from .policy import Permission, Role, require

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from .actor import Actor


def memberships_of(user_pk: int) -> list[Membership]:
    """The partners this person may work in, by name. Not scoped by actor: it is what an actor is made from."""
    return list(
        Membership.objects.active()
        .filter(user_id=user_pk)
        .select_related("partner", "user")
        .order_by("partner__name", "pk")
    )


def list_members(actor: Actor) -> QuerySet[Membership]:
    """Members of the actor's partner, active first."""
    require(actor, Permission.MEMBER_VIEW)
    return (
        Membership.objects.visible_to(actor)
        .select_related("user", "partner")
        .order_by("-is_active", "user__email", "pk")
    )


def list_open_invitations(actor: Actor) -> QuerySet[MemberInvitation]:
    """Invitations to join, neither accepted nor withdrawn, newest first."""
    require(actor, Permission.MEMBER_VIEW)
    return (
        MemberInvitation.objects.visible_to(actor)
        .filter(accepted_at__isnull=True, withdrawn_at__isnull=True)
        .select_related("invited_by")
        .order_by("-created_at", "-pk")
    )


def get_own_partner(actor: Actor) -> Partner:
    """The partner the actor works in."""
    partner: Partner = Partner.objects.visible_to(actor).get(pk=actor.partner_pk)
    return partner


def owner_addresses(partner_pk: int) -> list[str]:
    """The partner's owners: told what only they may answer, and whatever is for nobody else."""
    owners = Membership.objects.filter(partner=partner_pk, role=Role.OWNER).active()
    return list(owners.order_by("pk").values_list("user__email", flat=True))


def alert_addresses(partner: Partner) -> list[str]:
    """The partner's alert recipients, lower-cased, each once; its owners where there are none."""
    chosen = dict.fromkeys(address.lower() for address in partner.alert_recipients)
    return list(chosen) or owner_addresses(partner.pk)


def managers_for_choice(actor: Actor) -> list[str]:
    """Names offered for Business Manager: the partner's members."""
    names = Membership.objects.visible_to(actor).active().values_list("user__name", "user__email")
    return sorted({name or email for name, email in names})


def find_switch_target(*, user_pk: int, partner: str) -> Membership:
    """The person's active membership in the partner with this pk; NotFound for anything else."""
    for membership in memberships_of(user_pk):
        if str(membership.partner_id) == partner:
            return membership
    raise NotFound("not_found", _("You are not a member of that partner."))


def has_login(email: str) -> bool:
    """Whether this address can sign in already. Only for somebody who holds an invitation to it."""
    return User.objects.filter(email=email).exists()
