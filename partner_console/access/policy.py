"""Who may do what: what a partner's kind may do at all ∩ what a role may do. The whole matrix on one screen.

docs/permissions.md is generated from this file (`manage.py permissions_doc`). Services call `require`; pages ask
`allows` and show the reason it gives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from partner_console.errors import Forbidden

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from .actor import Actor


class PartnerKind(TextChoices):
    AGENCY = "agency", _("Agency")
    RESELLER = "reseller", _("Reseller")
    DISTRIBUTOR = "distributor", _("Distributor")


class Role(TextChoices):
    """A member's role in one partner. The last three are no memberships: platform staff, our own worker, and whoever
    holds the link of one invitation (a CUSTOMER actor has no partner, so scoping shows it nothing)."""

    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Business manager")
    FINANCE = "finance", _("Finance")
    VIEWER = "viewer", _("Viewer")
    OPERATOR = "operator", pgettext_lazy("who runs the platform", "Operator")
    SYSTEM = "system", _("System")
    CUSTOMER = "customer", _("Customer")


MEMBER_ROLES = (Role.OWNER, Role.MANAGER, Role.FINANCE, Role.VIEWER)


class Permission(TextChoices):
    UID_VIEW = "uid.view", _("See linked accounts")
    UID_EDIT = "uid.edit", _("Edit nickname, remarks and labels")
    UID_EDIT_MANAGER = "uid.edit_manager", _("Assign a business manager")
    UID_IMPORT = "uid.import", _("Import linked accounts")
    UID_EXPORT = "uid.export", _("Export linked accounts")
    CONTROL_VIEW = "control.view", _("See freeze, purchase control and shutdown policy")
    CONTROL_CHANGE = "control.change", _("Freeze, unfreeze and change policies")
    QUOTA_VIEW = "quota.view", _("See quota and consumption")
    QUOTA_EDIT = "quota.edit", _("Change quota and thresholds")
    WARNING_HANDLE = "warning.handle", _("Acknowledge and snooze quota warnings")
    LINK_VIEW = "link.view", _("See invitations")
    LINK_INVITE = "link.invite", _("Invite customers")
    OUTBOX_VIEW = "outbox.view", _("Read stored mail with its links")
    LINK_ANSWER = "link.answer", _("Answer one's own invitation")
    LINK_TERMINATE = "link.terminate", _("End the relationship with a customer")
    LINK_OWN = "link.own", _("See, limit and end one's own link")
    APPROVAL_VIEW = "approval.view", _("See what waits for a second person")
    APPROVAL_DECIDE = "approval.decide", _("Decide as the second person")
    AUDIT_VIEW = "audit.view", _("See the audit trail")
    MEMBER_VIEW = "member.view", _("See members")
    MEMBER_MANAGE = "member.manage", _("Invite and deactivate members")
    PARTNER_EDIT = "partner.edit", _("Change the partner's settings")
    PLATFORM = "platform", _("Run the platform: partners, simulated cloud, stored mail")


P = Permission
_VIEW = frozenset(
    {
        P.UID_VIEW,
        P.UID_EXPORT,
        P.CONTROL_VIEW,
        P.QUOTA_VIEW,
        P.LINK_VIEW,
        P.APPROVAL_VIEW,
        P.AUDIT_VIEW,
        P.MEMBER_VIEW,
    }
)
_QUOTA = frozenset({P.QUOTA_VIEW, P.QUOTA_EDIT, P.WARNING_HANDLE})
_CONTROL = frozenset({P.CONTROL_VIEW, P.CONTROL_CHANGE})
_ALL = frozenset(Permission) - {P.PLATFORM, P.LINK_ANSWER, P.LINK_OWN}

# An agency's customers pay the cloud themselves: no quota, no shutdown control, and no business manager
# (seed 004 §1 and §2; acpn.md §2). Absent from its pages, 403 at its URLs (design §2).
KIND_MAY: dict[PartnerKind, frozenset[Permission]] = {
    PartnerKind.AGENCY: _ALL - _QUOTA - _CONTROL - {P.UID_EDIT_MANAGER},
    PartnerKind.RESELLER: _ALL,
    PartnerKind.DISTRIBUTOR: _ALL,
}

ROLE_MAY: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _ALL,
    Role.MANAGER: _VIEW
    | {P.UID_EDIT, P.UID_EDIT_MANAGER, P.UID_IMPORT, P.CONTROL_CHANGE, P.LINK_INVITE, P.OUTBOX_VIEW, P.APPROVAL_DECIDE}
    | {P.WARNING_HANDLE},
    Role.FINANCE: _VIEW | {P.QUOTA_EDIT, P.WARNING_HANDLE, P.APPROVAL_DECIDE},
    Role.VIEWER: _VIEW,
    # Operators look and rescue; they never act for a partner without being a member of it.
    Role.OPERATOR: _VIEW | {P.PLATFORM, P.OUTBOX_VIEW},
    # Nobody but the customer answers for the customer, our own worker included; a second person is a person.
    Role.SYSTEM: frozenset(Permission) - {P.LINK_ANSWER, P.LINK_OWN, P.APPROVAL_DECIDE},
    Role.CUSTOMER: frozenset({P.LINK_ANSWER, P.LINK_OWN}),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Truthy when allowed; otherwise `reason` says why not, for the user."""

    allowed: bool
    reason: str | _StrPromise = ""

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Verdict(allowed=True)


def allows(actor: Actor, permission: Permission) -> Verdict:
    """Whether the actor may, with the reason when not. Never raises."""
    if not actor.is_authenticated:
        return Verdict(allowed=False, reason=_("Sign in first."))
    if permission not in ROLE_MAY[actor.role]:
        return Verdict(
            allowed=False,
            reason=_("Your role, %(role)s, does not include: %(what)s. Ask an owner of your partner.")
            % {"role": actor.role.label, "what": permission.label},
        )
    if actor.role in (Role.SYSTEM, Role.OPERATOR, Role.CUSTOMER):
        return ALLOWED
    if actor.partner_kind is None:
        return Verdict(allowed=False, reason=_("You are not an active member of any partner."))
    if permission not in KIND_MAY[actor.partner_kind]:
        return Verdict(
            allowed=False,
            reason=_("Not available to partners of kind %(kind)s: %(what)s.")
            % {"kind": actor.partner_kind.label, "what": permission.label},
        )
    return ALLOWED


def require(actor: Actor, permission: Permission) -> None:
    """Raise `Forbidden` with the policy's reason unless the actor may."""
    verdict = allows(actor, permission)
    if not verdict:
        raise Forbidden("not_permitted", verdict.reason, data={"permission": permission.value})
