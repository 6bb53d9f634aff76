"""Staff side: invite, send again, withdraw."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking import locks
from linking.errors import BeingLinked, NotAUid, NothingToResend
from linking.models import Invitation
from linking.services.mailing import ensure_welcome, send_link
from linking.services.sending import close, name_of, send_now
from linking.services.sending import ensure_free as ensure_free
from linking.states import INVITABLE, WITH_CUSTOMER, InvitationState, MailKind, ensure_move
from partner_console.access.policy import PartnerKind, Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid
from uids import identifiers
from uids.services.accounts import clean_line, clean_text

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

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
    invitation.created_by_id = actor.user_pk
    invitation.save(force_insert=True)
    return send_now(actor=actor, invitation=invitation)


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
    invitation.fresh_token = send_link(invitation, kind=MailKind.REPEATED, by=name_of(actor.user_pk))
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
    close(actor, invitation, InvitationState.WITHDRAWN, Action.LINK_WITHDRAWN, note=clean_text(reason))
    return invitation


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
