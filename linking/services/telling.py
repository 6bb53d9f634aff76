"""What one side did or what ended by itself, told to the other by mail, stored with the event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import translation

from linking import consent
from linking.models import Invitation
from linking.states import DeclineReason
from partner_console.access.models import Membership
from partner_console.access.selectors import alert_addresses
from partner_console.web.mail import absolute_url, queue_mail

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linking.models import Grant


def tell_declined(invitation: Invitation) -> None:
    """Whoever invited, while they still work there, otherwise the partner's alert recipients: the customer said no."""
    partner = invitation.partner
    inviter = Membership.objects.filter(partner=partner, user=invitation.created_by_id).active()
    recipients = list(inviter.values_list("user__email", flat=True)) or alert_addresses(partner)
    if not recipients:
        return
    code = DeclineReason(invitation.decline_code)
    with translation.override(partner.language):
        because = str(code.label)
    queue_mail(
        to=recipients,
        template="invitation_declined",
        context={
            "invitation": invitation,
            "partner": partner,
            "because": because,
            "is_not_me": code is DeclineReason.NOT_ME,
            "url": absolute_url("linking:invitation_detail", invitation.pk),
        },
        language=partner.language,
        zone=partner.time_zone,
        partner_code=partner.code,
    )


def tell_grants_ended(held: Sequence[Grant], before: Mapping[int, Sequence[str]], *, by_partner: bool = False) -> None:
    """The customers: what they allowed has ended, by its date or because the partner gave it up.

    `held` with their accounts and partners as they are now; `before` are their scopes until now, by the grant's key.
    Nothing to customers whose address is not known, and where nothing was lost.
    """
    languages = _languages([row.account_id for row in held])
    for row in held:
        account, partner = row.account, row.account.partner
        gone = [scope for scope in before[row.pk] if scope not in row.scopes]
        if not account.email or not gone:
            continue
        language = languages.get(account.pk, partner.language)
        with translation.override(language):
            words = {"gone": consent.may(gone), "left": consent.may(row.scopes)}
        queue_mail(
            to=account.email,
            template="grant_ended",
            context={
                **words,
                "account": account,
                "partner": partner,
                "by_partner": by_partner,
                "is_customer": True,
                "url": absolute_url("linking:my_home"),
            },
            language=language,
            zone=partner.time_zone,
            partner_code=partner.code,
        )


def _languages(account_pks: Sequence[int]) -> dict[int, str]:
    """The language each customer was invited in; accounts that came another way are missing."""
    invited = Invitation.objects.filter(account__in=account_pks).order_by("pk")
    return dict(invited.values_list("account_id", "language"))
