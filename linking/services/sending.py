"""The moment an invitation goes to its customer: at once, or when a second person has agreed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from linking.errors import AlreadyInvited
from linking.models import Invitation, InvitationToken
from linking.services.mailing import ensure_welcome, send_link
from linking.states import LIVE, REPLACEABLE, WITH_CUSTOMER, InvitationState, MailKind, ensure_move
from partner_console.access.models import User
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from uids.errors import AlreadyLinked
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor


def send_now(*, actor: Actor, invitation: Invitation) -> Invitation:
    """Let a finished, saved invitation go to its customer, in the caller's transaction and under the partner's lock.

    409 for `already_linked`, `already_invited`, `too_many_mails` and whatever state cannot become *sent*. An expired
    or failed earlier invitation of the UID becomes *replaced*. The object carries the plain link once, as
    `fresh_token`. The mail names who made the invitation, whoever lets it go.
    """
    ensure_move(invitation.state, InvitationState.SENT)
    ensure_free(invitation)
    ensure_welcome(actor, partner_pk=invitation.partner_id, email=invitation.email)
    replace_earlier(actor, invitation)
    now = timezone.now()
    invitation.state, invitation.sent_at = InvitationState.SENT, now
    invitation.expires_at = now + timedelta(days=invitation.valid_days or invitation.partner.invitation_days)
    save_live(invitation, "state", "sent_at", "expires_at")
    audit.record(actor, Action.LINK_INVITED, invitation, changes=audit.difference({}, _asked(invitation)))
    invitation.fresh_token = send_link(invitation, kind=MailKind.INVITATION, by=name_of(invitation.created_by_id))
    return invitation


def save_live(invitation: Invitation, *fields: str) -> None:
    """Save the move into a state that only one invitation of a UID may be in; 409 when a colleague was faster."""
    invitation.version += 1
    invitation.updated_at = timezone.now()
    try:
        with transaction.atomic():
            invitation.save(update_fields=[*fields, "version", "updated_at"])
    except IntegrityError as error:  # the constraint decided
        raise AlreadyInvited(invitation.uid) from error


def ensure_free(invitation: Invitation) -> None:
    """Looks across all partners on purpose: a UID has one live link anywhere; only “here or elsewhere” is told.

    Of a customer without an account only the address is known: one open invitation per address then.
    """
    holder = LinkedAccount.objects.live().filter(uid=invitation.uid).values_list("partner_id", "pk").first()
    if holder is not None and not (invitation.renews and holder[1] == invitation.earlier_account_id):
        raise AlreadyLinked(invitation.uid, here=holder[0] == invitation.partner_id)
    for earlier in _others(invitation).filter(state__in=LIVE):
        if earlier.current_state is not InvitationState.EXPIRED:
            raise AlreadyInvited(invitation.uid, earlier.pk, email=invitation.email)


def replace_earlier(actor: Actor, invitation: Invitation) -> None:
    """Earlier invitations of this UID that came to nothing: their links now say that a newer one was sent."""
    for earlier in lock_earlier(invitation):
        if earlier.current_state not in REPLACEABLE:
            raise AlreadyInvited(invitation.uid, earlier.pk, email=invitation.email)
        InvitationToken.objects.filter(invitation=earlier, retired_at__isnull=True).update(retired_at=timezone.now())
        close(actor, earlier, InvitationState.REPLACED, Action.LINK_REPLACED)


def lock_earlier(invitation: Invitation) -> list[Invitation]:
    """The partner's other invitations of this customer that a new one takes the place of, locked in order."""
    rows = _others(invitation).filter(state__in=(*REPLACEABLE, *WITH_CUSTOMER))
    return list(rows.select_for_update().order_by("pk"))


def close(actor: Actor, invitation: Invitation, state: InvitationState, action: Action, *, note: str = "") -> None:
    """End an invitation the caller holds locked, and record it."""
    before = invitation.audit_state()
    invitation.state = state
    invitation.closed_at = invitation.updated_at = timezone.now()
    invitation.version += 1
    invitation.save(update_fields=["state", "closed_at", "version", "updated_at"])
    audit.record(actor, action, invitation, before=before, note=note)


def name_of(user_pk: int | None) -> str:
    """The person the customer may ask for; programs have no name."""
    if user_pk is None:
        return ""
    return User.objects.filter(pk=user_pk).values_list("name", flat=True).first() or ""


def _others(invitation: Invitation) -> QuerySet[Invitation]:
    """The partner's other invitations of the same customer: by UID, or by address where neither has one."""
    rows = Invitation.objects.filter(partner_id=invitation.partner_id, uid=invitation.uid).exclude(pk=invitation.pk)
    return rows if invitation.uid else rows.filter(learns_uid=True, email__iexact=invitation.email)


def _asked(invitation: Invitation) -> dict[str, Any]:
    """What the trail keeps of a new invitation; the rest never changes and stands in the invitation itself."""
    names = ("uid", "email", "environment", "quota")
    return {name: getattr(invitation, name) for name in names if getattr(invitation, name) not in (None, "")}
