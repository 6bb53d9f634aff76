"""Staff side: invite, send again, withdraw."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from linking import locks
from linking.errors import BeingLinked, NothingToResend
from linking.models import Invitation
from linking.services import checking
from linking.services.composing import compose, new_invitation
from linking.services.drafting import lock_draft, save_written
from linking.services.mailing import ensure_welcome, send_link
from linking.services.sending import close, ensure_free, name_of
from linking.states import WITH_CUSTOMER, InvitationState, MailKind, ensure_move
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from uids.services.accounts import clean_text

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor


@transaction.atomic
def invite(
    *,
    actor: Actor,
    uid: str,
    email: str,
    company: str,
    account_type: int | None = None,
    quota: Decimal | None = None,
    **fields: Any,
) -> Invitation:
    """Ask a customer to link their account, by mail, in one call. `fields` are those of `composing.compose`.

    The UID is cleaned as everywhere (`uids.identifiers`); with `learns_uid` there is none. Refused, naming the field:
    an id that is no UID, a country outside the contract, an account type this kind of partner may not invite, a
    missing or given quota; and with 409 `already_linked` (elsewhere without saying by whom), `already_invited`,
    `too_many_mails`. An expired or failed earlier invitation of the UID becomes *replaced*. Where the partner's rules
    want a second person, it waits for them (*awaiting_check*); otherwise it is sent, and the returned object carries
    the plain link once, as `fresh_token`.
    """
    require(actor, Permission.LINK_INVITE)
    partner = locks.lock_partner(actor, actor.partner_pk or -1)
    invitation = new_invitation(partner, actor)
    given = {**fields, "uid": uid, "email": email, "company": company, "account_type": account_type, "quota": quota}
    compose(invitation, actor=actor, values=given)
    ensure_free(invitation)
    invitation.save(force_insert=True)
    return checking.submit(actor=actor, invitation=invitation)


@transaction.atomic
def send(*, actor: Actor, invitation_pk: int, version: int | None = None, **fields: Any) -> Invitation:
    """Finish a draft with `fields` and let it go, as `invite` does. A draft sent already is a 409.

    `version` is the draft as it was read: a colleague's later change raises `StaleVersion`.
    """
    require(actor, Permission.LINK_INVITE)
    locks.lock_partner(actor, actor.partner_pk or -1)
    invitation = lock_draft(actor, invitation_pk, version)
    compose(invitation, actor=actor, values=fields)
    ensure_free(invitation)
    save_written(invitation)
    return checking.submit(actor=actor, invitation=invitation)


@transaction.atomic
def resend(*, actor: Actor, invitation_pk: int) -> Invitation:
    """Send the customer a new link and let the earlier one die; the time to answer starts anew.

    Only while it is the customer's turn (409 otherwise, also when the time is over: invite again then).
    """
    require(actor, Permission.LINK_INVITE)
    partner_pk = Invitation.objects.visible_to(actor).filter(pk=invitation_pk).values_list("partner_id", flat=True)
    partner = locks.lock_partner(actor, partner_pk.first() or -1)
    invitation = locks.lock_invitation(actor, invitation_pk)
    if invitation.current_state not in WITH_CUSTOMER:
        raise NothingToResend(invitation)
    ensure_welcome(actor, partner_pk=partner.pk, email=invitation.email)
    now = timezone.now()
    invitation.sent_at, invitation.updated_at = now, now
    invitation.expires_at = now + timedelta(days=invitation.valid_days or partner.invitation_days)
    invitation.version += 1
    invitation.save(update_fields=["sent_at", "expires_at", "version", "updated_at"])
    audit.record(actor, Action.LINK_RESENT, invitation, changes={"expires_at": ["", str(invitation.expires_at)]})
    invitation.fresh_token = send_link(invitation, kind=MailKind.REPEATED, by=name_of(actor.user_pk))
    return invitation


@transaction.atomic
def withdraw(*, actor: Actor, invitation_pk: int, reason: str = "") -> Invitation:
    """Take the invitation back: the customer's link then says so.

    Not once the cloud may have been asked (409 `being_linked`), and not when it is finished.
    """
    require(actor, Permission.LINK_INVITE)
    note = clean_text(reason)
    waiting = get_visible_or_404(Invitation, actor, pk=invitation_pk)
    if checking.withdraw_check(actor=actor, invitation=waiting, note=note):  # its request is locked before it
        return locks.lock_invitation(actor, invitation_pk)
    invitation = locks.lock_invitation(actor, invitation_pk)
    if invitation.is_asked_of_cloud:
        raise BeingLinked
    ensure_move(invitation.current_state, InvitationState.WITHDRAWN)
    close(actor, invitation, InvitationState.WITHDRAWN, Action.LINK_WITHDRAWN, note=note)
    return invitation
