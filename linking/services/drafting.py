"""Drafts: invitations nobody was asked by yet. They keep whatever is there, and are changed until they are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking import locks
from linking.errors import NotADraft
from linking.services.composing import WRITTEN, compose, new_invitation
from linking.states import InvitationState
from partner_console.access.models import Partner
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid
from uids.errors import StaleVersion

if TYPE_CHECKING:
    from linking.models import Invitation
    from partner_console.access.actor import Actor

# What a colleague's later change is compared by.
COMPARED = ("uid", "company", "email", "quota")
# What the trail keeps of a draft: a second person reads it, who may have to type UID or e-mail (design §5).
RECORDED = ("company", "quota")


@transaction.atomic
def save_draft(
    *, actor: Actor, invitation_pk: int | None = None, version: int | None = None, **fields: Any
) -> Invitation:
    """Keep an invitation to go on with later; with `invitation_pk`, change the one that is kept.

    `fields` are those of `composing.compose`; anything may be missing, but what is there must be right, and at least
    one of UID, company and e-mail must be there to find it by. Raises `NotADraft` once it was sent, and `StaleVersion`
    when a colleague changed it since `version`. The same values again change nothing but the time.
    """
    require(actor, Permission.LINK_INVITE)
    if invitation_pk is None:
        invitation = new_invitation(get_visible_or_404(Partner, actor, pk=actor.partner_pk), actor)
    else:
        invitation = lock_draft(actor, invitation_pk, version)
    before = _kept(invitation, RECORDED)
    compose(invitation, actor=actor, values=fields, is_draft=True)
    if not (invitation.uid or invitation.company or invitation.email):
        raise Invalid("draft_empty", _("Enter a UID, a company or an e-mail address to keep it by."), field="uid")
    if invitation_pk is None:
        invitation.save(force_insert=True)
        audit.record(actor, Action.LINK_DRAFTED, invitation, changes=audit.difference({}, _kept(invitation, RECORDED)))
    else:
        save_written(invitation)
        audit.record(
            actor, Action.LINK_DRAFTED, invitation, changes=audit.difference(before, _kept(invitation, RECORDED))
        )
    return invitation


def lock_draft(actor: Actor, pk: int, version: int | None) -> Invitation:
    """The draft, locked; `NotADraft` once it was sent, `StaleVersion` when it changed since `version`."""
    invitation = locks.lock_invitation(actor, pk)
    if invitation.state != InvitationState.DRAFT:
        raise NotADraft(invitation)
    if version is not None and version != invitation.version:
        raise StaleVersion(yours={}, theirs=_kept(invitation, COMPARED), version=invitation.version)
    return invitation


def save_written(invitation: Invitation) -> None:
    """Save what `compose` may have changed."""
    invitation.version += 1
    invitation.updated_at = timezone.now()
    invitation.save(update_fields=[*WRITTEN, "version", "updated_at"])


def _kept(invitation: Invitation, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(invitation, name) for name in names}
    return {name: value for name, value in values.items() if value not in ("", None)}
