"""The mails of quota warnings: each stored once, whatever is redelivered (design §6.6, seed 004 §2.3).

A warning's row is the lock of its mail: the mail's row and `mailed_at` are one transaction. What a partner wants only
once a day is left to `digests`, what somebody snoozed to `handling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from partner_console.access.models import Membership, Partner
from partner_console.access.selectors import owner_addresses
from partner_console.audit.actions import Action
from partner_console.audit.services import record
from partner_console.waking import after_commit
from partner_console.web.formats import absolute, exact_amount
from partner_console.web.mail import absolute_url, queue_mail
from quota import tasks
from quota.models import CreditAccount, CustomerAlert, Mailing, Warning, WarningSettings
from quota.selectors.forecast import get_forecast
from quota.warning_words import amount_below, line_in_full, lines_in_short, run_out_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor
    from quota.models import WarningLine
    from uids.models import LinkedAccount

BATCH = 500


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mail says of one account. Words are made when the mail is, in its language and zone."""

    credit: CreditAccount
    crossed: Sequence[WarningLine]

    @property
    def account(self) -> LinkedAccount:
        account: LinkedAccount = self.credit.account
        return account

    @property
    def customer(self) -> str:
        return self.account.known_as

    @property
    def lines(self) -> str:
        """“20 %, 500.00 USD”: what was crossed, all of it."""
        return lines_in_short(self.crossed, self.credit.partner.currency)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """The figures as they are now, under the seed's names."""
        credit, currency = self.credit, self.credit.partner.currency
        figures = [
            (_("Quota Amount"), credit.amount),
            (_("Consumed & Deducted Value"), credit.deducted),
            (_("Consumed & Undeducted Value"), credit.undeducted),
            (_("Available Quota"), credit.available),
        ]
        return [
            (_("UID"), self.account.uid),
            *((label, f"{exact_amount(value)} {currency}") for label, value in figures),
            *((_("Warning line"), line_in_full(line, currency)) for line in self.crossed),
            *_known(
                (_("Run-out"), run_out_in_words(get_forecast(credit), currency)),
                (_("Figures as of"), _at(credit.as_of)),
            ),
        ]


@transaction.atomic
def send_warning(*, actor: Actor, warning_pk: int) -> None:
    """Queue the mail of one warning: the mail's row and `mailed_at` in one transaction, so it goes out once.

    To the partner's alert recipients and the account's business manager when that names a member; to the
    partner's owners when there is nobody else. The customer's own alert goes to the customer alone. Does nothing on
    repeat, for a silent and for an unknown warning; while the account is snoozed the warning is snoozed with it; where
    the partner wants one mail a day, that one names it.
    """
    warning = _claim(actor, warning_pk, Q(mailed_at__isnull=True))
    if warning is None:
        return
    if warning.for_customer:
        _send_alert(actor, warning)
    elif _is_snoozed_with_others(warning) or not mailing_of(warning.partner).mails_at_once:
        return
    else:
        recipients = mail_about([warning], template="quota_warning")
        warning.mailed_at = timezone.now()
        warning.save(update_fields=["mailed_at"])
        told = {"available": [None, str(warning.available)], "mailed_to": [None, ", ".join(recipients)]}
        record(actor, Action.QUOTA_WARNED, warning.credit.account, changes=told)
        if warning.recovered_at is not None:
            after_commit(tasks.send_recovery, warning.pk)


@transaction.atomic
def send_recovery(*, actor: Actor, warning_pk: int) -> None:
    """Queue the notice that every line is regained; once, and never before the warning's own mail."""
    over = Q(mailed_at__isnull=False, recovered_at__isnull=False, recovery_mailed_at__isnull=True, for_customer=False)
    warning = _claim(actor, warning_pk, over)
    if warning is None or not mailing_of(warning.partner).mails_at_once:
        return
    mail_about([warning], template="quota_recovered")
    warning.recovery_mailed_at = timezone.now()
    warning.save(update_fields=["recovery_mailed_at"])
    record(actor, Action.QUOTA_RECOVERED, warning.credit.account)


def sweep_unmailed(*, actor: Actor) -> int:
    """Wake a task for every warning and recovery whose mail is not in the queue yet; at most `BATCH` of each."""
    seen = Warning.objects.visible_to(actor).filter(is_silent=False).order_by("pk")
    at_once = ~Q(partner__warning_settings__mailing=Mailing.DIGEST)
    # One that is not snoozed yet, of an account that is, will be: by the task, which finds out.
    awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=timezone.now())
    fired = seen.filter(Q(for_customer=True) | (at_once & awake), mailed_at__isnull=True)
    over = seen.filter(
        at_once, recovered_at__isnull=False, recovery_mailed_at__isnull=True, mailed_at__isnull=False,
        for_customer=False,
    )  # fmt: skip
    woken = 0
    for task, rows in ((tasks.send_warning, fired), (tasks.send_recovery, over)):
        for pk in list(rows.values_list("pk", flat=True)[:BATCH]):
            task.delay(pk)
            woken += 1
    return woken


def mailing_of(partner: Partner) -> WarningSettings:
    """How the partner wants its mails; at once where nobody chose."""
    found: WarningSettings | None = WarningSettings.objects.filter(partner=partner).first()
    return found or WarningSettings(partner=partner)


def recipients_of(credit: CreditAccount) -> list[str]:
    """Who is told: addresses, lower-cased, each once, in a stable order."""
    partner: Partner = credit.partner
    manager = credit.account.business_manager.strip()
    found = [address.lower() for address in partner.alert_recipients]
    if manager:
        named = Membership.objects.filter(partner=partner).active()
        named = named.filter(Q(user__email__iexact=manager) | Q(user__name__iexact=manager))
        found += named.order_by("pk").values_list("user__email", flat=True)
    return list(dict.fromkeys(found)) or owner_addresses(partner.pk)


def mail_about(warnings: Sequence[Warning], *, template: str) -> list[str]:
    """Store one mail about warnings of one account, in the partner's language and zone; whom it goes to.

    Nobody when there is none. `warnings` come with credit, account, partner and lines.
    """
    first = warnings[0]
    credit, partner = first.credit, first.partner
    recipients = recipients_of(credit)
    if recipients:
        notice = Notice(credit, [line for warning in warnings for line in warning.lines.all()])
        queue_mail(
            to=recipients,
            template=template,
            context={
                "warning": first,
                "notice": notice,
                "account": credit.account,
                "partner": partner,
                "url": absolute_url("quota:account_quota", credit.account.uid),
            },
            language=partner.language,
            zone=partner.time_zone,
            partner_code=partner.code,
        )
    return recipients


def _claim(actor: Actor, warning_pk: int, condition: Q) -> Warning | None:
    found: Warning | None = (
        Warning.objects.visible_to(actor)
        .select_related("credit__account", "credit__partner", "partner")
        .prefetch_related("lines")
        .select_for_update(of=("self",))
        .filter(condition, pk=warning_pk, is_silent=False)
        .first()
    )
    return found


def _is_snoozed_with_others(warning: Warning) -> bool:
    """Whether the account is snoozed; the warning then is too, until the same time and for the same reason."""
    others = Warning.objects.filter(credit=warning.credit, for_customer=False, snoozed_until__gt=timezone.now())
    held = others.order_by("-snoozed_until", "-pk").first()
    if held is None:
        return False
    warning.snoozed_until, warning.snoozed_by_id = held.snoozed_until, held.snoozed_by_id
    warning.snooze_reason = held.snooze_reason
    warning.save(update_fields=["snoozed_until", "snoozed_by", "snooze_reason"])
    return True


def _send_alert(actor: Actor, warning: Warning) -> None:
    """The customer's own: to the address they proved, in the language they set it in. Not when it is off again."""
    credit, partner = warning.credit, warning.partner
    alert = CustomerAlert.objects.filter(credit=credit, is_on=True).first()
    if alert is not None:
        queue_mail(
            to=alert.email,
            template="customer_alert",
            context={
                "warning": warning,
                "alert": alert,
                "account": credit.account,
                "credit": credit,
                "left": amount_below(warning.available, alert.amount),
                "used": credit.deducted + credit.undeducted,
                "partner": partner,
                "url": absolute_url("linking:my_link", credit.pk),
            },
            language=alert.language,
            zone=partner.time_zone,
            partner_code=partner.code,
        )
        record(actor, Action.CUSTOMER_ALERTED, credit.account, changes={"available": [None, str(warning.available)]})
    warning.mailed_at = timezone.now()
    warning.save(update_fields=["mailed_at"])


def _known(*facts: tuple[str, str]) -> list[tuple[str, str]]:
    return [fact for fact in facts if fact[1]]


def _at(at: object) -> str:
    return absolute(at) if at else ""  # type: ignore[arg-type]
