"""The demo's invitations, one or more in every state a customer or the cloud can bring about."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from linking import services
from linking.demo import catalogue
from linking.models import Invitation
from linking.states import DeclineReason
from partner_console.access.actor import actor_for_membership, system_actor
from partner_console.access.models import Membership
from partner_console.access.policy import PartnerKind
from partner_console.approvals import services as approvals
from partner_console.approvals.models import Approval
from partner_console.cloud.simulated.models import FaultKind, SimFault

if TYPE_CHECKING:
    from random import Random

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

# What becomes of each, and the language its customer reads. At most ten mails go out in five minutes (design §5).
ACME = (
    ("sent", "en"), ("sent", "ja"), ("opened", "zh-hans"), ("approved", "en"), ("failed", "en"), ("declined", "ja"),
    ("withdrawn", "en"), ("expired", "zh-hans"), ("awaiting", "en"), ("rejected", "ja"),
)  # fmt: skip
OTHERS = (("sent", "en"), ("opened", "ja"))
STARTING_QUOTA = Decimal(2500)
CHECKED_QUOTA = Decimal(25_000)  # more than one person alone may start a customer with (design §5)


def send_out(partner: Partner, dice: Random) -> None:
    """Invite, and let each customer do their part. What the worker has to do, it does when it starts."""
    actor = _inviter(partner)
    for fate, language in ACME if partner.code == "acme" else OTHERS:
        _one(partner, actor, dice, fate, language)
    if partner.code == "acme":
        services.save_draft(actor=actor, company="Lotus Studio", purpose="customer onboarding", quota=STARTING_QUOTA)
        services.invite(
            actor=actor, uid="", learns_uid=True, email="it@newshop.example", company="New Shop", country="JP",
            quota=STARTING_QUOTA,
        )  # fmt: skip


def _inviter(partner: Partner) -> Actor:
    people = _people(partner)
    membership = people.get("manager") or people.get("owner")
    return actor_for_membership(membership) if membership else system_actor("demo", partner=partner)


def _people(partner: Partner) -> dict[str, Membership]:
    """One of each role."""
    memberships = Membership.objects.filter(partner=partner).select_related("user", "partner")
    return {membership.role: membership for membership in memberships}


def _one(partner: Partner, actor: Actor, dice: Random, fate: str, language: str) -> None:
    country = dice.choice(("JP", "SG", "MY", "HK"))
    uid = catalogue.uid(dice)
    fields: dict[str, Any] = {"language": language, "country": country, "purpose": "customer onboarding"}
    if partner.kind != PartnerKind.AGENCY:
        quota = CHECKED_QUOTA if fate in ("awaiting", "rejected") else STARTING_QUOTA
        fields |= {"quota": quota, "warning_percent": 20, "business_manager": ""}
    invitation = services.invite(
        actor=actor,
        uid=uid,
        email=f"it@{fate}{uid[-4:]}.example",
        company=catalogue.company(dice, country),
        crm_reference=f"CRM-{dice.randrange(10_000, 99_999)}",
        **fields,
    )
    _play(invitation, actor, fate)


def _play(invitation: Invitation, actor: Actor, fate: str) -> None:
    customer, token = services.customer_actor(invitation), invitation.fresh_token
    if fate in ("opened", "approved", "failed"):
        services.record_opened(actor=customer, token=token)
    if fate == "failed":
        SimFault.objects.create(
            operation="start_link",
            uid=invitation.uid,
            kind=FaultKind.REFUSE,
            code="3017",
            message="only invite reseller account",
        )
    if fate in ("approved", "failed"):
        proof = services.prove(actor=customer, token=token, digits=invitation.uid[-6:])
        services.approve(actor=customer, token=token, proof=proof)
    elif fate == "declined":
        services.decline(
            actor=customer, token=token, code=DeclineReason.OTHER_PARTNER, reason="契約は別の会社と結びました"
        )
    elif fate == "withdrawn":
        services.withdraw(actor=actor, invitation_pk=invitation.pk, reason="Customer asked to wait until next quarter")
    elif fate == "rejected":
        approvals.decide(
            actor=actor_for_membership(_people(invitation.partner)["finance"]),
            approval_pk=Approval.objects.get(subject_type="linking.invitation", subject_pk=invitation.pk).pk,
            approve=False,
            note="Their contract says 2,500. Please invite them with that",
        )
    elif fate == "expired":
        # Nobody waits fifteen days for a demo: the time is turned back, the worker's own service does the rest.
        Invitation.objects.filter(pk=invitation.pk).update(expires_at=timezone.now() - timedelta(hours=1))
        services.expire_due(actor=system_actor("demo"))
