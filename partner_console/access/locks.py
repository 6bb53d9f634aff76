"""Row locks of partners and people. Forced at once: a lazy lock queryset locks nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.utils.translation import gettext_lazy as _

from partner_console.errors import NotFound

from .models import MemberInvitation, Membership, Partner

if TYPE_CHECKING:
    from .actor import Actor

M = TypeVar("M", Partner, Membership, MemberInvitation)


def _lock(model: type[M], actor: Actor, pk: int) -> M:
    try:
        row: M = model.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=pk)
    except model.DoesNotExist as error:
        raise NotFound("not_found", _("It does not exist, or you may not see it.")) from error
    return row


def lock_partner(actor: Actor, partner_pk: int) -> Partner:
    return _lock(Partner, actor, partner_pk)


def lock_membership(actor: Actor, membership_pk: int) -> Membership:
    return _lock(Membership, actor, membership_pk)


def lock_invitation(actor: Actor, invitation_pk: int) -> MemberInvitation:
    return _lock(MemberInvitation, actor, invitation_pk)


def lock_owners(partner: Partner) -> list[Membership]:
    """The partner's active owners, locked in order: whoever removes one sees the others stay."""
    return list(
        Membership.objects.active().filter(partner=partner, role="owner").select_for_update(of=("self",)).order_by("pk")
    )
