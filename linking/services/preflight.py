"""What is known of a customer before an invitation goes out; what follows from it says `linking.eligibility`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from linking.eligibility import Facts, Finding, judge
from linking.models import Invitation, InvitationMail
from linking.selectors import check_uid
from linking.services.checking import why_checked
from linking.services.composing import version_to_ask
from linking.services.mailing import ASKING, CUSTOMER_WINDOW, PARTNER_WINDOW, PER_CUSTOMER, PER_PARTNER
from linking.services.relinking import earlier_link, earlier_of
from linking.states import INVITABLE, LIVE, InvitationState
from partner_console.access.policy import PartnerKind, Permission, require
from partner_console.access.selectors import get_own_partner
from uids import identifiers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner


def preflight(actor: Actor, values: Mapping[str, Any], *, draft_pk: int | None = None) -> list[Finding]:
    """The eligibility sheet of what is typed so far. `values` are those `invite` takes, any of them missing or wrong.

    `draft_pk` is the draft they belong to, which does not stand in its own way. Reads only.
    """
    return judge(gather(actor, values, draft_pk=draft_pk))


def gather(actor: Actor, values: Mapping[str, Any], *, draft_pk: int | None = None) -> Facts:
    """Read what is known: about ten queries, none of them growing with the number of accounts."""
    require(actor, Permission.LINK_INVITE)
    partner = get_own_partner(actor)
    kind = PartnerKind(partner.kind)
    learns_uid = bool(values.get("learns_uid"))
    typed, email = str(values.get("uid") or ""), str(values.get("email") or "").strip()
    check = check_uid(actor, typed) if identifiers.clean(typed) and not learns_uid else None
    uid = check.found.uid if check else ""
    renewed = earlier_of(actor, values["account_pk"]) if values.get("account_pk") else None
    customer_left, partner_left = _mails_left(actor, partner, email)
    others = Invitation.objects.visible_to(actor).exclude(pk=draft_pk)
    return Facts(
        kind=kind,
        contract=partner.contract_countries,
        account_type=values.get("account_type") or INVITABLE[kind][0],
        email=email,
        country=str(values.get("country") or ""),
        environment=str(values.get("environment") or ""),
        learns_uid=learns_uid,
        check=check,
        is_own=bool(uid) and uid == partner.master_uid,
        renews=renewed is not None and renewed.account.is_live,
        earlier=renewed or earlier_link(actor, uid),
        declined=_last_declined(others, uid),
        invited=_invited_by_mail(others, email) if learns_uid and email else None,
        n_drafts=others.filter(uid=uid, state=InvitationState.DRAFT).count() if uid else 0,
        customer_left=customer_left,
        partner_left=partner_left,
        second_person=_second_person(actor, partner, values),
    )


def _last_declined(others: QuerySet[Invitation], uid: str) -> Invitation | None:
    """The last invitation of this UID that anybody answered, when the answer was no."""
    answered = (InvitationState.DECLINED, InvitationState.LINKED, InvitationState.VERIFIED)
    last = others.filter(uid=uid, state__in=answered).order_by("-pk").first() if uid else None
    return last if last is not None and last.state == InvitationState.DECLINED else None


def _invited_by_mail(others: QuerySet[Invitation], email: str) -> Invitation | None:
    rows = others.filter(uid="", learns_uid=True, email__iexact=email, state__in=LIVE)
    return next((one for one in rows if one.current_state is not InvitationState.EXPIRED), None)


def _mails_left(actor: Actor, partner: Partner, email: str) -> tuple[int | None, int | None]:
    """How many more invitation mails this address may get today, and the partner send in these five minutes."""
    if not email:
        return None, None
    now = timezone.now()
    sent = InvitationMail.objects.visible_to(actor).filter(invitation__partner=partner, kind__in=ASKING)
    to_customer = sent.filter(to=email.lower(), at__gt=now - CUSTOMER_WINDOW).count()
    by_partner = sent.filter(at__gt=now - PARTNER_WINDOW).count()
    return max(PER_CUSTOMER - to_customer, 0), max(PER_PARTNER - by_partner, 0)


def _second_person(actor: Actor, partner: Partner, values: Mapping[str, Any]) -> str:
    """Why the partner's rules ask for a second person, in words; "" when they do not."""
    version = version_to_ask(
        actor, partner.pk, template_pk=values.get("template_pk"), account_type=values.get("account_type")
    )
    asked = Invitation(
        partner=partner,
        quota=values.get("quota"),
        environment=str(values.get("environment") or ""),
        scopes=version.scopes if version else [],
    )
    need = why_checked(asked)
    return "" if need is None else str(need)
