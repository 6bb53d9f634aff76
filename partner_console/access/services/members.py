"""Members: invited by mail, changed, deactivated. Never deleted: records name them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.actor import actor_for_membership
from partner_console.access.locks import lock_invitation, lock_membership, lock_owners
from partner_console.access.models import MemberInvitation, Membership, Partner, User
from partner_console.access.policy import MEMBER_ROLES, Permission, Role, require
from partner_console.access.services.people import create_person
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.errors import Conflict, Invalid, NotFound
from partner_console.web.mail import queue_mail

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

VALID_FOR = timedelta(days=7)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _check_role(role: str) -> None:
    if role not in {r.value for r in MEMBER_ROLES}:
        raise Invalid("unknown_role", _("Choose one of the roles."), field="role")


@transaction.atomic
def invite_member(*, actor: Actor, email: str, role: str, ram_uid: str = "") -> MemberInvitation:
    """Ask an e-mail to join; the mail goes through the stored queue and is valid 7 days.

    Conflict when already a member or already invited (then resend).
    """
    require(actor, Permission.MEMBER_MANAGE)
    _check_role(role)
    email = email.strip().lower()
    partner = Partner.objects.visible_to(actor).select_for_update().get(pk=actor.partner_pk)
    if Membership.objects.visible_to(actor).filter(user__email=email).exists():
        raise Conflict(
            "already_member",
            _("This person is a member already. Change or reactivate them below."),
            field="email",
        )
    if (
        MemberInvitation.objects.visible_to(actor)
        .filter(email=email, accepted_at__isnull=True, withdrawn_at__isnull=True)
        .exists()
    ):
        raise Conflict(
            "already_invited", _("This person is invited already. Send that invitation again."), field="email"
        )
    token = secrets.token_urlsafe(32)
    invitation = MemberInvitation(
        partner=partner, email=email, role=role, ram_uid=ram_uid, token_hash=_hash(token),
        invited_by_id=actor.user_pk, expires_at=timezone.now() + VALID_FOR,
    )  # fmt: skip
    try:
        invitation.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], field=field) from error
    invitation.save()
    record(actor, Action.MEMBER_INVITED, invitation, changes={"email": [None, email], "role": [None, role]})
    _send(invitation, token)
    return invitation


@transaction.atomic
def resend_invitation(*, actor: Actor, invitation_pk: int) -> MemberInvitation:
    """A new token and 7 more days; the earlier link stops working at once."""
    require(actor, Permission.MEMBER_MANAGE)
    invitation = lock_invitation(actor, invitation_pk)
    _ensure_open(invitation)
    token = secrets.token_urlsafe(32)
    invitation.token_hash, invitation.expires_at = _hash(token), timezone.now() + VALID_FOR
    invitation.save(update_fields=["token_hash", "expires_at"])
    record(actor, Action.MEMBER_INVITATION_RESENT, invitation)
    _send(invitation, token)
    return invitation


@transaction.atomic
def withdraw_invitation(*, actor: Actor, invitation_pk: int) -> MemberInvitation:
    """The link stops working. Conflict when accepted or withdrawn already."""
    require(actor, Permission.MEMBER_MANAGE)
    invitation = lock_invitation(actor, invitation_pk)
    _ensure_open(invitation)
    invitation.withdrawn_at = timezone.now()
    invitation.save(update_fields=["withdrawn_at"])
    record(actor, Action.MEMBER_INVITATION_WITHDRAWN, invitation)
    return invitation


def find_invitation(*, token: str) -> MemberInvitation:
    """The open invitation of a token; NotFound for anything else, without saying which."""
    found: MemberInvitation | None = (
        MemberInvitation.objects.select_related("partner", "invited_by").filter(token_hash=_hash(token)).first()
    )
    if found is None or not found.is_open:
        raise NotFound(
            "invitation_gone",
            _(
                "This invitation is no longer valid: it was used, withdrawn, replaced or is older than 7 days. "
                "Ask for a new one."
            ),
        )
    return found


@transaction.atomic
def accept_invitation(*, token: str, user_pk: int | None, name: str = "", password: str = "") -> Membership:
    """Join the partner: as the signed-in person when the e-mail is theirs, else as a new person with a password.

    Holding the token proves the address. Somebody who has a login must sign in first (Conflict `sign_in_first`).
    """
    find_invitation(token=token)
    # Locked by its token, not its pk: sent again meanwhile, this token leads nowhere.
    invitation = (
        MemberInvitation.objects.select_for_update(of=("self",))
        .select_related("partner")
        .filter(token_hash=_hash(token))
        .first()
    )
    if invitation is None:
        raise NotFound("invitation_gone", _("This invitation was sent again. Use the newer mail."))
    _ensure_open(invitation)
    user = User.objects.filter(email=invitation.email).first()
    if user is not None and user.pk != user_pk:
        raise Conflict(
            "sign_in_first",
            _("You have a login already. Sign in as %(email)s first, then open this link again.")
            % {"email": invitation.email},
        )
    if user is None:
        user = create_person(email=invitation.email, password=password, name=name, language=invitation.partner.language)
    membership = Membership(user=user, partner=invitation.partner, role=invitation.role, ram_uid=invitation.ram_uid)
    membership.full_clean()
    membership.save()
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    record(
        actor_for_membership(membership),
        Action.MEMBER_JOINED,
        membership,
        changes={"role": [None, membership.role]},
    )
    return membership


@transaction.atomic
def edit_member(*, actor: Actor, membership_pk: int, role: str, ram_uid: str) -> Membership:
    """Change role and RAM account UID. A partner keeps at least one active owner (Conflict `last_owner`)."""
    require(actor, Permission.MEMBER_MANAGE)
    _check_role(role)
    membership = lock_membership(actor, membership_pk)
    if role != Role.OWNER:
        _ensure_another_owner(membership)
    before = membership.audit_state()
    membership.role, membership.ram_uid, membership.updated_at = role, ram_uid, timezone.now()
    try:
        membership.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], field=field) from error
    membership.save(update_fields=["role", "ram_uid", "updated_at"])
    record(actor, Action.MEMBER_EDITED, membership, before=before)
    return membership


@transaction.atomic
def deactivate_member(*, actor: Actor, membership_pk: int, reason: str) -> Membership:
    """The person can no longer work in this partner, from the next request on. Conflict for the last owner."""
    require(actor, Permission.MEMBER_MANAGE)
    membership = lock_membership(actor, membership_pk)
    if not membership.is_active:
        raise Conflict("not_active", _("This member is deactivated already."))
    _ensure_another_owner(membership)
    return _set_active(actor, membership, is_active=False, action=Action.MEMBER_DEACTIVATED, reason=reason)


@transaction.atomic
def reactivate_member(*, actor: Actor, membership_pk: int) -> Membership:
    """Back with the role they had. Conflict when active."""
    require(actor, Permission.MEMBER_MANAGE)
    membership = lock_membership(actor, membership_pk)
    if membership.is_active:
        raise Conflict("active", _("This member is active already."))
    return _set_active(actor, membership, is_active=True, action=Action.MEMBER_REACTIVATED, reason="")


def _set_active(actor: Actor, membership: Membership, *, is_active: bool, action: Action, reason: str) -> Membership:
    before = membership.audit_state()
    membership.is_active, membership.updated_at = is_active, timezone.now()
    membership.save(update_fields=["is_active", "updated_at"])
    record(actor, action, membership, before=before, note=reason)
    return membership


def _ensure_another_owner(membership: Membership) -> None:
    """Lock the owners before looking, so two owners cannot remove each other at once."""
    if membership.role != Role.OWNER or not membership.is_active:
        return
    if not [owner for owner in lock_owners(membership.partner) if owner.pk != membership.pk]:
        raise Conflict("last_owner", _("A partner needs an owner. Make somebody else an owner first."))


def _ensure_open(invitation: MemberInvitation) -> None:
    if invitation.accepted_at is not None:
        raise Conflict("accepted", _("This invitation was accepted already."))
    if invitation.withdrawn_at is not None:
        raise Conflict("withdrawn", _("This invitation was withdrawn already."))


def _send(invitation: MemberInvitation, token: str) -> None:
    queue_mail(
        to=invitation.email,
        template="member_invitation",
        language=invitation.partner.language,
        zone=invitation.partner.time_zone,
        partner_code=invitation.partner.code,
        context={
            "partner": invitation.partner,
            "role": Role(invitation.role).label,
            "invited_by": str(invitation.invited_by or ""),
            "path": reverse("access:join", args=[token]),
            "expires_at": invitation.expires_at,
        },
    )
