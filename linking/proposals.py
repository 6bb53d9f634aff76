"""What the form of a new invitation begins with: a draft, an earlier invitation, an ended link, or one's last one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linking.models import Invitation
from linking.selectors import get_invitation
from linking.services.relinking import earlier_of
from linking.states import INVITABLE, BillingExpectation
from partner_console.access.policy import PartnerKind
from uids.states import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner
    from uids.models import LinkedAccount

# What the next invitation most likely has in common with one's last.
REMEMBERED = (
    "quota", "warning_percent", "shutdown_policy", "billing_expectation", "business_manager",
    "valid_days", "asks_code",
)  # fmt: skip
# What an earlier invitation proposes for a new one of the same customer.
KEPT = (
    *REMEMBERED, "language", "uid", "learns_uid", "company", "email", "country", "account_type", "environment",
    "purpose", "crm_reference", "purchase_control", "remarks",
)  # fmt: skip


def of_draft(draft: Invitation) -> dict[str, Any]:
    """A kept draft, as it is."""
    return {**_values(draft, (*KEPT, "note_to_customer")), "version": draft.version}


def for_new(actor: Actor, partner: Partner, asked: Mapping[str, str]) -> dict[str, Any]:
    """The page's address may name an earlier invitation (`from`), an ended link (`account`) or a `uid`.

    Everything else is as in the actor's last invitation, so that most of the form need not be touched; never the
    environment and never a purchase ban, which would go on unseen. `NotFound` for what the actor may not see.
    """
    initial = {**_usual(partner), **last_used(actor), "uid": asked.get("uid", "")[:100]}
    if (pk := asked.get("from", "")).isdecimal():
        initial |= _values(get_invitation(actor, int(pk[:18])), KEPT)
    return initial | of_ended(actor, partner, asked)


def of_ended(actor: Actor, partner: Partner, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the ended link `account` had, by the form's names; nothing when none is named."""
    if not (pk := asked.get("account", "")).isdecimal():
        return {}
    earlier = earlier_of(actor, int(pk[:18]))
    proposed = {**earlier.settings, "uid": earlier.account.uid}
    if proposed["account_type"] not in INVITABLE[PartnerKind(partner.kind)]:
        del proposed["account_type"]
    return proposed | ({"template_pk": earlier.template_pk} if earlier.template_pk else {})


def account_to_ask(actor: Actor, asked: Mapping[str, str], draft: Invitation | None) -> LinkedAccount | None:
    """The linked account whose customer is to be asked for other permissions, where the page is about one."""
    if draft is not None:
        return draft.earlier_account if draft.renews else None
    if not (pk := asked.get("account", "")).isdecimal():
        return None
    account = earlier_of(actor, int(pk[:18])).account
    return account if account.is_live else None


def last_used(actor: Actor) -> dict[str, Any]:
    """The settings of the last invitation this person sent; nothing for the first."""
    sent = Invitation.objects.visible_to(actor).filter(created_by_id=actor.user_pk, sent_at__isnull=False)
    last = sent.select_related("template_version").order_by("-created_at", "-pk").first()
    if last is None or actor.user_pk is None:
        return {}
    values = _values(last, REMEMBERED)
    if last.learns_uid:  # there the code was no choice
        del values["asks_code"]
    return values


def _usual(partner: Partner) -> dict[str, Any]:
    return {
        "language": partner.language,
        "environment": Environment.PRODUCTION,
        "warning_percent": partner.warning_percent,
        "billing_expectation": BillingExpectation.PARTNER,
    }


def _values(invitation: Invitation, names: tuple[str, ...]) -> dict[str, Any]:
    values = {name: getattr(invitation, name) for name in names}
    version = invitation.template_version
    return values | ({"template_pk": version.template_id} if version is not None else {})
