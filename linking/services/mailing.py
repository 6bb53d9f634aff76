"""The mails of an invitation, and the limits that keep them welcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.errors import TooManyMails
from linking.models import InvitationMail, InvitationToken
from linking.reminders import next_reminder
from linking.states import MailKind
from linking.tokens import digest, new_token
from partner_console.web.mail import absolute_url, queue_mail

if TYPE_CHECKING:
    from datetime import datetime

    from linking.models import Invitation
    from partner_console.access.actor import Actor

# ACPN's own limit is 10 mails in 5 minutes (acpn.md §10.3, code 3058); 3 a day per customer is ours (design §5).
PER_PARTNER, PARTNER_WINDOW = 10, timedelta(minutes=5)
PER_CUSTOMER, CUSTOMER_WINDOW = 3, timedelta(days=1)
ASKING = (MailKind.INVITATION, MailKind.REPEATED, MailKind.REMINDER)
# Batches and reminders leave this many of the ten to people who invite by hand meanwhile.
KEPT_FOR_PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Room:
    """How many mails may go out now, and, when none may, from when on."""

    n: int
    again_at: datetime | None = None


def room_for_programs(partner_pk: int) -> Room:
    """What a batch or the reminders may send now for this partner; call it under the partner's lock."""
    most = PER_PARTNER - KEPT_FOR_PEOPLE
    since = timezone.now() - PARTNER_WINDOW
    sent = InvitationMail.objects.filter(invitation__partner_id=partner_pk, kind__in=ASKING, at__gt=since)
    newest = list(sent.order_by("-at").values_list("at", flat=True)[:most])
    if len(newest) < most:
        return Room(most - len(newest))
    return Room(0, newest[-1] + PARTNER_WINDOW)


def ensure_welcome(actor: Actor, *, partner_pk: int, email: str) -> None:
    """Raise `TooManyMails` when one more invitation mail would be too many; call it under the partner's lock.

    Our own programs (a batch, the demo) pace themselves and are not held up by the partner's limit.
    """
    now = timezone.now()
    sent = InvitationMail.objects.filter(invitation__partner_id=partner_pk, kind__in=ASKING)
    to_customer = sent.filter(to=email.lower(), at__gt=now - CUSTOMER_WINDOW).order_by("at")
    if to_customer.count() >= PER_CUSTOMER:
        raise TooManyMails(
            _("%(email)s was sent %(count)d invitations within a day. Call the customer, or send again tomorrow.")
            % {"email": email, "count": PER_CUSTOMER},
            again_at=to_customer[0].at + CUSTOMER_WINDOW,
        )
    if actor.is_system:
        return
    recent = sent.filter(at__gt=now - PARTNER_WINDOW).order_by("at")
    if recent.count() >= PER_PARTNER:
        raise TooManyMails(
            _("%(count)d invitations went out in the last 5 minutes, the most the cloud allows. Wait a little.")
            % {"count": PER_PARTNER},
            again_at=recent[0].at + PARTNER_WINDOW,
        )


def send_link(invitation: Invitation, *, kind: MailKind, by: str) -> str:
    """Issue a new link and queue the mail with it, in the caller's transaction; says when the next reminder is due.

    An invitation retires the earlier links; a reminder leaves them alone. Returns the plain token: the caller hands it
    on once and never stores it. `by` is who asks, as the customer reads it.
    """
    is_reminder = kind is MailKind.REMINDER
    token = issue_link(invitation, is_reminder=is_reminder)
    plan_reminder(invitation)
    url = absolute_url("linking:invite_start", token)
    template = "invitation_reminder" if is_reminder else "invitation"
    _queue(invitation, kind=kind, template=template, context={"url": url, "by": by})
    return token


def issue_link(invitation: Invitation, *, is_reminder: bool = False) -> str:
    """A new link of this invitation, without a mail; the earlier ones die unless this is a reminder's."""
    now, token = timezone.now(), new_token()
    if not is_reminder:
        InvitationToken.objects.filter(invitation=invitation, retired_at__isnull=True).update(retired_at=now)
    InvitationToken.objects.create(invitation=invitation, digest=digest(token), issued_at=now, is_reminder=is_reminder)
    return token


def plan_reminder(invitation: Invitation) -> None:
    """Write down when the customer is reminded next, as its times are now."""
    if invitation.sent_at is None or invitation.expires_at is None:
        return
    invitation.next_reminder_at = next_reminder(
        sent_at=invitation.sent_at, expires_at=invitation.expires_at, after=timezone.now()
    )
    invitation.save(update_fields=["next_reminder_at"])


def tell_linked(invitation: Invitation) -> None:
    """Tell the customer that what they approved is done."""
    context = {"url": absolute_url("linking:my_home")}
    _queue(invitation, kind=MailKind.LINKED, template="invitation_linked", context=context)


def mail_code(invitation: Invitation, *, code: str, language: str) -> None:
    """Send the code that proves the invitation's address, in the language of the customer's page."""
    _queue(invitation, kind=MailKind.CODE, template="invitation_code", context={"code": code}, language=language)


def _queue(
    invitation: Invitation, *, kind: MailKind, template: str, context: dict[str, str], language: str = ""
) -> None:
    partner = invitation.partner
    email = queue_mail(
        to=invitation.email,
        template=template,
        context={"invitation": invitation, "partner": partner, **context},
        language=language or invitation.language,
        zone=partner.time_zone,
        partner_code=partner.code,
    )
    InvitationMail.objects.create(invitation=invitation, kind=kind, to=invitation.email.lower(), email=email)
