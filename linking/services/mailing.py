"""The mails of an invitation, and the limits that keep them welcome."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from linking.errors import TooManyMails
from linking.models import InvitationMail, InvitationToken
from linking.states import MailKind
from linking.tokens import digest, new_token
from partner_console.web.mail import absolute_url, queue_mail

if TYPE_CHECKING:
    from linking.models import Invitation
    from partner_console.access.actor import Actor

# ACPN's own limit is 10 mails in 5 minutes (acpn.md §10.3, code 3058); 3 a day per customer is ours (design §5).
PER_PARTNER, PARTNER_WINDOW = 10, timedelta(minutes=5)
PER_CUSTOMER, CUSTOMER_WINDOW = 3, timedelta(days=1)
ASKING = (MailKind.INVITATION, MailKind.REPEATED)


def ensure_welcome(actor: Actor, *, partner_pk: int, email: str) -> None:
    """Raise `TooManyMails` when one more invitation mail would be too many; call it under the partner's lock.

    Our own programs (an import, the demo) pace themselves and are not held up by the partner's limit.
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
    """Issue a new link, retire the earlier one, and queue the mail with it, in the caller's transaction.

    Returns the plain token: the caller hands it on once and never stores it. `by` is who asks, as the customer
    reads it.
    """
    now, token = timezone.now(), new_token()
    InvitationToken.objects.filter(invitation=invitation, retired_at__isnull=True).update(retired_at=now)
    InvitationToken.objects.create(invitation=invitation, digest=digest(token), issued_at=now)
    url = absolute_url("linking:invite_start", token)
    _queue(invitation, kind=kind, template="invitation", context={"url": url, "by": by})
    return token


def tell_linked(invitation: Invitation) -> None:
    """Tell the customer that what they approved is done."""
    _queue(invitation, kind=MailKind.LINKED, template="invitation_linked", context={})


def _queue(invitation: Invitation, *, kind: MailKind, template: str, context: dict[str, str]) -> None:
    partner = invitation.partner
    email = queue_mail(
        to=invitation.email,
        template=template,
        context={"invitation": invitation, "partner": partner, **context},
        language=invitation.language,
        zone=partner.time_zone,
        partner_code=partner.code,
    )
    InvitationMail.objects.create(invitation=invitation, kind=kind, to=invitation.email.lower(), email=email)
