"""Invitations in words for staff: what happens next, why a link failed, where its mails are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from post_office.models import STATUS

from linking.states import DeclineReason, FailureCode, InvitationState
from partner_console.web import formats

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from linking.models import Invitation, InvitationMail

S = InvitationState


def next_step(invitation: Invitation) -> str:
    """One or two sentences: what happens now, and what one can do."""
    state = invitation.current_state
    if state is S.APPROVED and invitation.attempts > 1:
        return _("The customer approved. The cloud has not answered yet; it is asked again by itself.")
    return {
        S.DRAFT: _("Nothing was sent yet."),
        S.AWAITING_CHECK: _("A second person has to check it before it is sent."),
        S.SENT: _("The customer has the mail and has not opened the link. Call them, or send it again."),
        S.OPENED: _("The customer is looking at it and has not decided."),
        S.APPROVED: _("The customer approved. The cloud is being asked; this page shows the answer."),
        S.LINKED: _("The account is in the list with what it starts with."),
        S.VERIFIED: _("The account is in the list and was checked."),
        S.FAILED: _("The cloud did not link the account. Put the cause right, then try again; the approval stands."),
        S.DECLINED: _("The customer said no. Talk to them before you invite them anew."),
        S.EXPIRED: _("The customer did not answer in time. Invite them anew."),
        S.WITHDRAWN: _("It was taken back. The customer's link says so."),
        S.REPLACED: _("A newer invitation of the same UID took its place."),
    }[state]


def failure(invitation: Invitation) -> str:
    """Why a link failed: our own words for our codes, the cloud's message for its own."""
    if invitation.failure_code in FailureCode.values:
        text = str(FailureCode(invitation.failure_code).label)
        return f"{text} {invitation.failure_message}".strip()
    return f"{invitation.failure_code}: {invitation.failure_message}" if invitation.failure_code else ""


def declined_because(invitation: Invitation) -> str:
    return str(DeclineReason(invitation.decline_code).label) if invitation.decline_code else ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail and where it is. `email_pk` leads to the stored mail while that is kept."""

    kind: str
    to: str
    at: datetime
    tone: str
    state: str
    problem: str = ""
    email_pk: int | None = None


def deliveries(mails: Iterable[InvitationMail]) -> list[Delivery]:
    return [_delivery(mail) for mail in mails]


def _delivery(mail: InvitationMail) -> Delivery:
    kind = mail.get_kind_display()
    if mail.email is None:
        return Delivery(kind, mail.to, mail.at, "off", _("No longer stored"))
    if settings.SHOW_OUTBOX:
        return Delivery(kind, mail.to, mail.at, "info", _("In the outbox"), email_pk=mail.email_id)
    logs = list(mail.email.logs.all())
    problem = logs[-1].message if logs and mail.email.status in (STATUS.failed, STATUS.requeued) else ""
    tone, state = {
        STATUS.sent: ("good", _("Sent")),
        STATUS.failed: ("bad", _("Not delivered")),
        STATUS.requeued: ("warn", _("Will be tried again")),
    }.get(mail.email.status, ("wait", _("Waiting to be sent")))
    return Delivery(kind, mail.to, mail.at, tone, state, problem, mail.email_id)


def chat_text(invitation: Invitation, url: str) -> str:
    """A few lines to be sent by hand in a chat, in the customer's language and with times in the partner's zone."""
    partner = invitation.partner
    with translation.override(invitation.language), timezone.override(ZoneInfo(partner.time_zone)):
        until = formats.absolute(invitation.expires_at) if invitation.expires_at else ""
        if invitation.uid:
            asks = _("%(partner)s asks you to link your cloud account %(uid)s.") % {
                "partner": partner.name,
                "uid": invitation.masked_uid,
            }
        else:
            asks = _("%(partner)s asks you to link your cloud account.") % {"partner": partner.name}
        lines = [
            _("Hello,"),
            asks,
            _("Read what would change, then approve or decline. It takes about two minutes."),
            url,
            _("The link works until %(until)s. Nothing changes unless you approve.") % {"until": until},
        ]
    return "\n\n".join(lines)
