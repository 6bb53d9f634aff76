"""Staff side: invite, send again, withdraw."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking import locks
from linking.errors import AlreadyInvited, BeingLinked, NotAUid, NothingToResend
from linking.models import Invitation, InvitationToken
from linking.services.mailing import ensure_welcome, send_link
from linking.states import INVITABLE, LIVE, REPLACEABLE, WITH_CUSTOMER, InvitationState, MailKind, ensure_move
from partner_console.access.models import Partner, User
from partner_console.access.policy import PartnerKind, Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid
from uids import identifiers
from uids.errors import AlreadyLinked
from uids.models import LinkedAccount
from uids.services.accounts import clean_line, clean_text

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor

LINES = ("email", "company", "country", "purpose", "crm_reference", "business_manager")
TEXTS = ("remarks", "note_to_customer")
# What an agency's invitation never carries: its customers pay the cloud themselves (design §2).
MONEY_FIELDS = ("quota", "warning_percent", "shutdown_policy", "purchase_control", "business_manager")
UNTOUCHED = Invitation()


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
    """Ask a customer to link their account, by mail. `fields` are Invitation's own (country, purpose, …), by name.

    The UID is cleaned as everywhere (`uids.identifiers`). Refused, naming the field: an id that is no UID, a country
    outside the contract, an account type this kind of partner may not invite, a missing or given quota; and with 409
    `already_linked` (elsewhere without saying by whom), `already_invited`, `too_many_mails`. An expired or failed
    earlier invitation of the UID becomes *replaced*. The returned object carries the plain link once, as
    `fresh_token`; after that only the mail has it.
    """
    require(actor, Permission.LINK_INVITE)
    partner = locks.lock_partner(actor, actor.partner_pk or -1)
    fields["language"] = fields.get("language") or partner.language
    invitation = Invitation(partner=partner, uid=_clean_uid(uid), email=email, company=company, quota=quota, **fields)
    _tidy(invitation)
    _fit_to_partner(invitation, partner, account_type)
    _validate(invitation)
    ensure_free(invitation)
    ensure_welcome(actor, partner_pk=partner.pk, email=invitation.email)
    now = timezone.now()
    invitation.state, invitation.sent_at = InvitationState.SENT, now
    invitation.expires_at = now + timedelta(days=partner.invitation_days)
    invitation.created_by_id = actor.user_pk
    _replace_earlier(actor, invitation)
    try:
        with transaction.atomic():
            invitation.save(force_insert=True)
    except IntegrityError as error:  # a colleague was faster: the constraint decided
        raise AlreadyInvited(invitation.uid) from error
    audit.record(actor, Action.LINK_INVITED, invitation, changes=audit.difference({}, _asked(invitation)))
    invitation.fresh_token = send_link(invitation, kind=MailKind.INVITATION, by=_name_of(actor))
    return invitation


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
    invitation.expires_at = now + timedelta(days=partner.invitation_days)
    invitation.version += 1
    invitation.save(update_fields=["sent_at", "expires_at", "version", "updated_at"])
    audit.record(actor, Action.LINK_RESENT, invitation, changes={"expires_at": ["", str(invitation.expires_at)]})
    invitation.fresh_token = send_link(invitation, kind=MailKind.REPEATED, by=_name_of(actor))
    return invitation


@transaction.atomic
def withdraw(*, actor: Actor, invitation_pk: int, reason: str = "") -> Invitation:
    """Take the invitation back: the customer's link then says so.

    Not once the cloud may have been asked (409 `being_linked`), and not when it is finished.
    """
    require(actor, Permission.LINK_INVITE)
    invitation = locks.lock_invitation(actor, invitation_pk)
    if invitation.is_asked_of_cloud:
        raise BeingLinked
    ensure_move(invitation.current_state, InvitationState.WITHDRAWN)
    _close(actor, invitation, InvitationState.WITHDRAWN, Action.LINK_WITHDRAWN, note=clean_text(reason))
    return invitation


def _close(actor: Actor, invitation: Invitation, state: InvitationState, action: Action, *, note: str = "") -> None:
    before = invitation.audit_state()
    invitation.state = state
    invitation.closed_at = invitation.updated_at = timezone.now()
    invitation.version += 1
    invitation.save(update_fields=["state", "closed_at", "version", "updated_at"])
    audit.record(actor, action, invitation, before=before, note=note)


def _clean_uid(text: str) -> str:
    found = identifiers.recognise(text)
    if not found.is_accepted:
        raise NotAUid(found)
    return found.uid


def _tidy(invitation: Invitation) -> None:
    for name in LINES:
        setattr(invitation, name, clean_line(getattr(invitation, name)))
    for name in TEXTS:
        setattr(invitation, name, clean_text(getattr(invitation, name)))
    invitation.country = invitation.country.upper()


def _fit_to_partner(invitation: Invitation, partner: Partner, account_type: int | None) -> None:
    """What this kind of partner may ask, and whom (acpn.md §10.4)."""
    kind = PartnerKind(partner.kind)
    invitation.account_type = account_type or INVITABLE[kind][0]
    if invitation.account_type not in INVITABLE[kind]:
        raise Invalid(
            "account_type_not_invitable",
            _("A partner of kind %(kind)s cannot invite this type of account.") % {"kind": kind.label},
            field="account_type",
        )
    if partner.contract_countries and invitation.country not in partner.contract_countries:
        raise Invalid(
            "country_outside_contract",
            _("Your contract covers %(countries)s. For another country, apply for a cross-region customer first.")
            % {"countries": ", ".join(partner.contract_countries)},
            field="country",
        )
    if kind is PartnerKind.AGENCY:
        _ensure_without_money(invitation)
    elif invitation.quota is None:
        raise Invalid("quota_missing", _("Say how much the customer may spend; 0 means nothing."), field="quota")
    elif invitation.warning_percent is None:
        invitation.warning_percent = partner.warning_percent


def _ensure_without_money(invitation: Invitation) -> None:
    for name in MONEY_FIELDS:
        if getattr(invitation, name) != getattr(UNTOUCHED, name):
            raise Invalid(
                "not_for_agencies",
                _("An agency's invitation carries no quota and no shutdown control."),
                field=name,
            )


def _validate(invitation: Invitation) -> None:
    try:
        invitation.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], field=field, data={"errors": error.message_dict}) from error


def ensure_free(invitation: Invitation) -> None:
    """Looks across all partners on purpose: a UID has one live link anywhere; only “here or elsewhere” is told."""
    holder = LinkedAccount.objects.live().filter(uid=invitation.uid).values_list("partner_id", flat=True).first()
    if holder is not None:
        raise AlreadyLinked(invitation.uid, here=holder == invitation.partner_id)
    mine = Invitation.objects.filter(partner_id=invitation.partner_id, uid=invitation.uid, state__in=LIVE)
    for earlier in mine:
        if earlier.current_state is not InvitationState.EXPIRED:
            raise AlreadyInvited(invitation.uid, earlier.pk)


def _replace_earlier(actor: Actor, invitation: Invitation) -> None:
    """Earlier invitations of this UID that came to nothing: their links now say that a newer one was sent."""
    mine = Invitation.objects.filter(partner_id=invitation.partner_id, uid=invitation.uid)
    for earlier in mine.filter(state__in=(*REPLACEABLE, *WITH_CUSTOMER)).select_for_update().order_by("pk"):
        if earlier.current_state not in REPLACEABLE:
            raise AlreadyInvited(invitation.uid, earlier.pk)
        InvitationToken.objects.filter(invitation=earlier, retired_at__isnull=True).update(retired_at=timezone.now())
        _close(actor, earlier, InvitationState.REPLACED, Action.LINK_REPLACED)


def _asked(invitation: Invitation) -> dict[str, Any]:
    """What the trail keeps of a new invitation; the rest never changes and stands in the invitation itself."""
    names = ("uid", "email", "environment", "quota")
    return {name: getattr(invitation, name) for name in names if getattr(invitation, name) is not None}


def _name_of(actor: Actor) -> str:
    """The person the customer may ask for; programs have no name."""
    if actor.user_pk is None:
        return ""
    return User.objects.filter(pk=actor.user_pk).values_list("name", flat=True).first() or ""
