"""What an invitation asks: staff's values cleaned, fitted to the partner's kind and contract, and checked.

The one place both doors go through: a draft that is kept (`is_draft`: what is missing may follow) and an invitation
that goes out (everything there).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from linking.errors import LinkEnded, NotAUid
from linking.models import Invitation, PermissionTemplate, TemplateVersion
from linking.scopes import LEAST, complete
from linking.services.relinking import ended_account
from linking.states import INVITABLE, BillingExpectation
from partner_console.access.policy import PartnerKind
from partner_console.access.scoping import get_visible_or_404
from partner_console.errors import Conflict, Invalid
from uids import identifiers
from uids.models import LinkedAccount
from uids.services.accounts import clean_line, clean_text
from uids.states import AccountType, Relationship

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

LINES = ("email", "company", "country", "purpose", "crm_reference", "business_manager")
TEXTS = ("remarks", "note_to_customer")
# What an agency's invitation never carries: its customers pay the cloud themselves (design §2).
MONEY_FIELDS = ("quota", "warning_percent", "shutdown_policy", "purchase_control", "business_manager")
# Invitation's own columns a caller may set; template, account type and earlier account are looked up first.
PLAIN = (
    *LINES, *TEXTS, "uid", "learns_uid", "environment", "language", "quota", "warning_percent", "shutdown_policy",
    "purchase_control", "billing_expectation", "asks_code", "valid_days",
)  # fmt: skip
WRITTEN = (*PLAIN, "account_type", "template_version", "scopes", "earlier_account", "renews")
UNTOUCHED = Invitation()


def compose(invitation: Invitation, *, actor: Actor, values: Mapping[str, Any], is_draft: bool = False) -> None:
    """Set `values` on an unsaved or locked invitation of `invitation.partner`; what is not named stays.

    Besides Invitation's own columns: `template_pk` (a permission template; its newest version counts),
    `account_type`, and `account_pk`, a linked account whose customer is asked for other permissions: it says who, and
    its quota and controls stay as they are. The ended link taken up again is found by the UID. Raises `Invalid` naming
    the field, `NotFound` for another partner's template or account, TypeError for a name that is none. With
    `is_draft` nothing need be there, yet what is there must be right.
    """
    values = dict(values)
    account_type = values.pop("account_type", None) or invitation.account_type
    template_pk, account_pk = values.pop("template_pk", None), values.pop("account_pk", None)
    if wrong := values.keys() - set(PLAIN):
        msg = f"an invitation has no {sorted(wrong)}"
        raise TypeError(msg)
    for name, value in values.items():
        setattr(invitation, name, value)
    if account_pk is not None:
        invitation.renews = True
        invitation.earlier_account = get_visible_or_404(LinkedAccount, actor, pk=account_pk)
    _tidy(invitation)
    if invitation.renews and invitation.earlier_account is not None:
        _take_over(invitation, invitation.earlier_account)
    else:
        _identify(invitation, is_draft=is_draft)
        _fit_type(invitation, account_type)
        _fit_contract(invitation, is_draft=is_draft)
        _fit_money(invitation, is_draft=is_draft)
        invitation.earlier_account = ended_account(actor, invitation.uid) if invitation.uid else None
    _fit_permissions(invitation, actor, template_pk)
    _validate(invitation, is_draft=is_draft)


def _tidy(invitation: Invitation) -> None:
    for name in LINES:
        setattr(invitation, name, clean_line(getattr(invitation, name)))
    for name in TEXTS:
        setattr(invitation, name, clean_text(getattr(invitation, name)))
    invitation.country = invitation.country.upper()
    invitation.language = invitation.language or invitation.partner.language


def _identify(invitation: Invitation, *, is_draft: bool) -> None:
    """One customer: by a UID, or by e-mail alone when they have no account yet (design §5)."""
    typed = invitation.uid
    if invitation.learns_uid:
        if identifiers.clean(typed):
            raise Invalid(
                "uid_or_no_account",
                _("Either enter the UID or say that there is no account yet, not both."),
                field="uid",
            )
        invitation.uid, invitation.asks_code = "", True
        return
    if is_draft and not identifiers.clean(typed):
        invitation.uid = ""
        return
    found = identifiers.recognise(typed)
    if not found.is_accepted:
        raise NotAUid(found)
    if found.uid == invitation.partner.master_uid:
        raise Invalid("own_account", _("This is your own master account. Enter the customer's UID."), field="uid")
    invitation.uid = found.uid


def _take_over(invitation: Invitation, account: LinkedAccount) -> None:
    """Everything but the permissions is the account's own; one whose link is ending is left alone (409)."""
    if account.relationship != Relationship.NORMAL:
        raise LinkEnded
    invitation.uid, invitation.company = account.uid, account.nickname or account.uid
    invitation.account_type, invitation.country = account.account_type, account.country
    invitation.environment = account.environment


def _fit_type(invitation: Invitation, account_type: int | None) -> None:
    """Whom this kind of partner may invite (acpn.md §10.4)."""
    kind = PartnerKind(invitation.partner.kind)
    invitation.account_type = account_type or INVITABLE[kind][0]
    if invitation.account_type not in INVITABLE[kind]:
        raise Invalid(
            "account_type_not_invitable",
            _("A partner of kind %(kind)s cannot invite this type of account.") % {"kind": kind.label},
            field="account_type",
        )


def _fit_contract(invitation: Invitation, *, is_draft: bool) -> None:
    contract = invitation.partner.contract_countries
    if not contract or invitation.country in contract or (is_draft and not invitation.country):
        return
    raise Invalid(
        "country_outside_contract",
        _("Your contract covers %(countries)s. For another country, apply for a cross-region customer first.")
        % {"countries": ", ".join(contract)},
        field="country",
    )


def _fit_money(invitation: Invitation, *, is_draft: bool) -> None:
    partner = invitation.partner
    is_agency = partner.kind == PartnerKind.AGENCY
    if not invitation.billing_expectation:  # whom the cloud bills follows from the partner's kind (acpn.md §2)
        invitation.billing_expectation = BillingExpectation.CUSTOMER if is_agency else BillingExpectation.PARTNER
    if is_agency:
        for name in MONEY_FIELDS:
            if getattr(invitation, name) != getattr(UNTOUCHED, name):
                raise Invalid(
                    "not_for_agencies",
                    _("An agency's invitation carries no quota and no shutdown control."),
                    field=name,
                )
        return
    if invitation.quota is None and not is_draft:
        raise Invalid("quota_missing", _("Say how much the customer may spend; 0 means nothing."), field="quota")
    if invitation.warning_percent is None:
        invitation.warning_percent = partner.warning_percent


def _fit_permissions(invitation: Invitation, actor: Actor, template_pk: int | None) -> None:
    """The chosen template's newest version, else the one chosen before, else the partner's default, else the least.

    A second-tier reseller looks after its own customers: its distributor never asks for more than the bills.
    """
    is_chosen = bool(invitation.scopes) and template_pk is None
    if invitation.account_type == AccountType.T2_RESELLER or not is_chosen:
        invitation.template_version = version_to_ask(
            actor, invitation.partner_id, template_pk=template_pk, account_type=invitation.account_type
        )
    version = invitation.template_version
    invitation.scopes = complete(version.scopes if version else LEAST)


def version_to_ask(
    actor: Actor, partner_pk: int, *, template_pk: int | None, account_type: int | None
) -> TemplateVersion | None:
    """The newest version of the chosen template, else of the partner's default one; None stands for the least."""
    if account_type == AccountType.T2_RESELLER:
        return None
    if template_pk is None:
        defaults = PermissionTemplate.objects.filter(partner_id=partner_pk, is_default=True, archived_at__isnull=True)
        template_pk = defaults.values_list("pk", flat=True).first()
    return None if template_pk is None else newest_version(actor, template_pk)


def newest_version(actor: Actor, template_pk: int) -> TemplateVersion:
    """What a template of the actor's partner contains now. Raises `NotFound`, and 409 for one that was put away."""
    template = get_visible_or_404(PermissionTemplate, actor, pk=template_pk)
    if template.archived_at is not None:
        raise Conflict(
            "template_archived", _("This template was put away meanwhile. Choose another one."), field="template_pk"
        )
    version: TemplateVersion = template.versions.select_related("template").order_by("-number")[0]
    return version


def _validate(invitation: Invitation, *, is_draft: bool) -> None:
    missing = [name for name in ("uid", "email", "company") if not getattr(invitation, name)] if is_draft else []
    try:
        invitation.full_clean(exclude=missing, validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid("invalid", messages[0], field=field, data={"errors": error.message_dict}) from error


def new_invitation(partner: Partner, actor: Actor) -> Invitation:
    """An empty draft of the partner's, by the actor; not saved."""
    return Invitation(partner=partner, created_by_id=actor.user_pk, language=partner.language)
