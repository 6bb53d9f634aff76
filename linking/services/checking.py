"""The second person of an invitation: whether one is needed, and what happens when they agree or not (design §5).

Which account is meant is what they check: they type the UID, or the e-mail of a customer who has no account yet,
from the customer's own papers. Neither is told on the way.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linking import locks
from linking.models import Invitation, InvitationToken
from linking.scopes import LEAST, Scope, allows_more_than_viewing
from linking.services.sending import close, ensure_free, lock_earlier, save_live, send_now
from linking.states import InvitationState, ensure_move
from partner_console.access.policy import Permission, allows, require
from partner_console.approvals import services as approvals
from partner_console.approvals.registry import CheckedAction, Description, Rule
from partner_console.approvals.rules import Need, needs_check
from partner_console.approvals.selectors import waiting_about
from partner_console.approvals.states import When
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.audit.wording import field_label
from partner_console.web import formats
from partner_console.web.countries import country_name
from uids.states import Environment

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.approvals.models import Approval


def why_checked(invitation: Invitation) -> Need | None:
    """Why this invitation needs a second person by its partner's rules, or None. `str()` says it in words."""
    return needs_check(
        partner=invitation.partner,
        action=Action.LINK_INVITED,
        amount=invitation.quota,
        is_sensitive=allows_more_than_viewing(invitation.scopes),
        is_production=invitation.environment == Environment.PRODUCTION,
    )


def submit(*, actor: Actor, invitation: Invitation, reason: str = "") -> Invitation:
    """Send a finished, saved draft, or have a second person look at it first, as the partner's rules say.

    In the caller's transaction and under the partner's lock; the caller has validated every value. Afterwards the
    invitation is *sent* (with `fresh_token`) or *awaiting check*. 409 as `send_now` raises them.
    """
    require(actor, Permission.LINK_INVITE)
    need = why_checked(invitation)
    if need is None:
        return send_now(actor=actor, invitation=invitation)
    before = invitation.audit_state()
    ensure_move(invitation.state, InvitationState.AWAITING_CHECK)
    ensure_free(invitation)
    for earlier in lock_earlier(invitation):  # over, though no worker has said so: it would stand in the way
        if earlier.state != earlier.current_state:
            InvitationToken.objects.filter(invitation=earlier, retired_at__isnull=True).update(
                retired_at=timezone.now()
            )
            close(actor, earlier, InvitationState.EXPIRED, Action.LINK_EXPIRED)
    invitation.state = InvitationState.AWAITING_CHECK
    save_live(invitation, "state")
    audit.record(actor, Action.LINK_CHECK_ASKED, invitation, before=before, note=reason)
    approvals.ask(
        actor=actor,
        action=Action.LINK_INVITED,
        subject=invitation,
        subject_label=invitation.company,
        payload={},
        reason=reason,
        blind_answer=invitation.uid or invitation.email,
        because=need,
        involved=[invitation.created_by_id] if invitation.created_by_id else [],
    )
    return invitation


def withdraw_check(*, actor: Actor, invitation: Invitation, note: str = "") -> bool:
    """Withdraw the waiting request of an invitation, and the invitation with it; False when none waits.

    Call it before locking the invitation: requests are locked first everywhere.
    """
    require(actor, Permission.LINK_INVITE)
    return approvals.withdraw_for(actor=actor, subject=invitation, note=note)


def is_blind_for(actor: Actor, invitation: Invitation) -> bool:
    """Whether this person may be asked to type its id: then no page shows it to them while it is being checked."""
    return (
        invitation.state == InvitationState.AWAITING_CHECK
        and bool(allows(actor, Permission.APPROVAL_DECIDE))
        and _waiting(actor, invitation).exclude(involved__contains=[actor.user_pk]).exists()
    )


def approval_url(actor: Actor, invitation: Invitation) -> str:
    """The page of the request that waits for this invitation's second person; "" when none does."""
    waiting = _waiting(actor, invitation).first() if allows(actor, Permission.APPROVAL_VIEW) else None
    return reverse("approvals:approval_detail", args=[waiting.pk]) if waiting else ""


def _waiting(actor: Actor, invitation: Invitation) -> QuerySet[Approval]:
    return waiting_about(actor, "linking.invitation", invitation.pk)


def _send(*, actor: Actor, approval: Approval) -> None:
    """The second person agreed. Everything is looked at again: days may have passed."""
    invitation = _lock(actor, approval)
    send_now(actor=actor, invitation=invitation)


def _give_up(*, actor: Actor, approval: Approval) -> None:
    """Rejected, withdrawn or nobody in time: the invitation is withdrawn. One that has moved on is left alone."""
    invitation = _lock(actor, approval)
    if invitation.state == InvitationState.AWAITING_CHECK:
        close(actor, invitation, InvitationState.WITHDRAWN, Action.LINK_WITHDRAWN, note=approval.note)


def _lock(actor: Actor, approval: Approval) -> Invitation:
    locks.lock_partner(actor, approval.partner_id)
    return locks.lock_invitation(actor, approval.subject_pk)


def _describe(*, actor: Actor, approval: Approval) -> Description:
    invitation = Invitation.objects.visible_to(actor).select_related("partner").get(pk=approval.subject_pk)
    has_uid = bool(invitation.uid)
    effect = (
        _("The invitation goes to the customer at once.")
        if not has_uid
        else _("The invitation goes to %(email)s at once.") % {"email": invitation.email}
    )
    return Description(
        facts=_facts(actor, invitation, has_uid=has_uid),
        effect=effect,
        url="" if is_blind_for(actor, invitation) else reverse("linking:invitation_detail", args=[invitation.pk]),
        refusal=gettext_lazy("The invitation is withdrawn. Whoever asked can invite anew."),
        blind_label=gettext_lazy("UID of the customer's account")
        if has_uid
        else gettext_lazy("E-mail of the customer"),
        blind_help=gettext_lazy("Type it from what the customer gave you, not from this console."),
    )


def _facts(actor: Actor, invitation: Invitation, *, has_uid: bool) -> list[tuple[Any, str]]:
    """What is asked of the customer, without the id that has to be typed."""
    rows: list[tuple[str, Any]] = [
        ("company", invitation.company),
        ("email", invitation.email if has_uid else ""),
        ("environment", invitation.get_environment_display()),
        ("account_type", invitation.get_account_type_display()),
        ("country", country_name(invitation.country) if invitation.country else ""),
        ("purpose", invitation.purpose),
        ("crm_reference", invitation.crm_reference),
        ("scopes", ", ".join(str(Scope(one).label) for one in invitation.scopes or LEAST)),
    ]
    if allows(actor, Permission.QUOTA_VIEW) and invitation.quota is not None:
        money = f"{formats.amount(invitation.quota)} {invitation.partner.currency}"
        rows += [
            ("quota", money),
            ("shutdown_policy", invitation.get_shutdown_policy_display()),
            ("purchase_control", invitation.get_purchase_control_display()),
        ]
    rows += [("business_manager", invitation.business_manager), ("remarks", invitation.remarks)]
    return [(field_label(Invitation, name), str(value)) for name, value in rows if value]


INVITING = CheckedAction(
    title=gettext_lazy("Send an invitation"),
    permission=Permission.LINK_INVITE,
    execute=_send,
    refuse=_give_up,
    describe=_describe,
    # Design §5: production links with a quota of at least 10,000, or that allow more than viewing.
    default=Rule(When.LIMITS, amount_from=Decimal(10_000), is_for_sensitive=True),
    amount_label=gettext_lazy("Starting quota of at least"),
    amount_permission=Permission.QUOTA_VIEW,
    sensitive_label=gettext_lazy("When the permissions allow more than viewing"),
    sensitive_cause=gettext_lazy("The permissions asked for allow more than viewing."),
    has_sandbox=True,
)
