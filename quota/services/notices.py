"""The mails of quota warnings: each stored once, whatever is redelivered (design §6.6, seed 004 §2.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.models import Membership, Partner
from partner_console.access.policy import Role
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.waking import after_commit
from partner_console.web.formats import exact_amount
from partner_console.web.mail import absolute_url, queue_mail
from quota import tasks
from quota.models import CreditAccount, Warning

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def send_warning(*, actor: Actor, warning_pk: int) -> None:
    """Queue the mail of one warning: the mail's row and `mailed_at` in one transaction, so it goes out once.

    To the partner's alert recipients and the account's business manager when that names a member; to the
    partner's owners when there is nobody else. Does nothing on repeat, for a silent and for an unknown warning.
    """
    warning = _claim(actor, warning_pk, Q(mailed_at__isnull=True))
    if warning is None:
        return
    recipients = _mail(warning, template="quota_warning")
    warning.mailed_at = timezone.now()
    warning.save(update_fields=["mailed_at"])
    record(
        actor,
        Action.QUOTA_WARNED,
        warning.credit.account,
        changes={"available": [None, str(warning.available)], "mailed_to": [None, ", ".join(recipients)]},
    )
    if warning.recovered_at is not None:
        after_commit(tasks.send_recovery, warning.pk)


@transaction.atomic
def send_recovery(*, actor: Actor, warning_pk: int) -> None:
    """Queue the notice that available is back at or above the threshold; once, and never before the warning's mail."""
    warning = _claim(
        actor,
        warning_pk,
        Q(mailed_at__isnull=False, recovered_at__isnull=False, recovery_mailed_at__isnull=True),
    )
    if warning is None:
        return
    _mail(warning, template="quota_recovered")
    warning.recovery_mailed_at = timezone.now()
    warning.save(update_fields=["recovery_mailed_at"])
    record(actor, Action.QUOTA_RECOVERED, warning.credit.account)


def recipients_of(credit: CreditAccount) -> list[str]:
    """Who is told: addresses, lower-cased, each once, in a stable order."""
    partner: Partner = credit.partner
    members = Membership.objects.filter(partner=partner).active()
    manager = credit.account.business_manager.strip()
    found = [address.lower() for address in partner.alert_recipients]
    if manager:
        named = members.filter(Q(user__email__iexact=manager) | Q(user__name__iexact=manager))
        found += named.order_by("pk").values_list("user__email", flat=True)
    if not found:
        found = list(members.filter(role=Role.OWNER).order_by("pk").values_list("user__email", flat=True))
    return list(dict.fromkeys(found))


def _claim(actor: Actor, warning_pk: int, condition: Q) -> Warning | None:
    found: Warning | None = (
        Warning.objects.visible_to(actor)
        .select_related("credit__account", "credit__partner", "partner")
        .select_for_update(of=("self",))
        .filter(condition, pk=warning_pk, is_silent=False)
        .first()
    )
    return found


def _mail(warning: Warning, *, template: str) -> list[str]:
    """Store the mail in the partner's language and zone; returns whom it goes to, nobody when there is none."""
    credit, partner, account = warning.credit, warning.partner, warning.credit.account
    recipients = recipients_of(credit)
    if recipients:
        queue_mail(
            to=recipients,
            template=template,
            context={
                "warning": warning,
                "account": account,
                "partner": partner,
                "customer": account.nickname or account.login_name or account.uid,
                "facts": _facts(credit),
                "url": absolute_url("quota:account_quota", account.uid),
            },
            language=partner.language,
            zone=partner.time_zone,
            partner_code=partner.code,
        )
    return recipients


def _facts(credit: CreditAccount) -> list[tuple[object, str]]:
    """The figures as they are now, under the seed's names; labels are put into words when the mail is."""
    currency = credit.partner.currency
    line = credit.amount * credit.warning_percent / 100
    figures = [
        (_("Quota Amount"), credit.amount),
        (_("Consumed & Deducted Value"), credit.deducted),
        (_("Consumed & Undeducted Value"), credit.undeducted),
        (_("Available Quota"), credit.available),
    ]
    return [
        (_("UID"), credit.account.uid),
        *((label, f"{exact_amount(value)} {currency}") for label, value in figures),
        (_("Quota Warning Threshold"), f"{credit.warning_percent} % = {exact_amount(line)} {currency}"),
    ]
