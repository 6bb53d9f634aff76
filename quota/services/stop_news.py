"""The mails about stops by arrears: each piece of news told once, whatever is redelivered (design §6.3).

A notice's row is the lock of its mail: the mail's row and `mailed_at` are one transaction. What one partner is to be
told of one kind at the same time is one mail, however many accounts it names.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from partner_console.access.actor import system_actor
from partner_console.access.models import Partner
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.money import ZERO
from partner_console.web.formats import absolute, exact_amount
from partner_console.web.mail import absolute_url, queue_mail
from quota import tasks
from quota.models import ShutdownNotice
from quota.services.notices import recipients_of
from quota.states import REMINDER_OF, StopNews
from uids.states import PaygStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from partner_console.access.actor import Actor
    from partner_console.audit.models import AuditEntry
    from uids.models import LinkedAccount

BATCH = 500
MOST_LISTED = 50  # accounts a mail names; it says how many more there are

TEMPLATE = {
    StopNews.STOPPED: "payg_stopped",
    StopNews.RESUMED: "payg_resumed",
    StopNews.RELEASE_7: "payg_release_near",
    StopNews.RELEASE_3: "payg_release_near",
    StopNews.RELEASE_1: "payg_release_near",
    StopNews.RELEASED: "payg_released",
}
# Where the list of accounts begins, for several at once.
LISTED = {
    StopNews.RESUMED: "",
    StopNews.RELEASED: f"?payg={PaygStatus.RELEASED.value}",
    **dict.fromkeys((StopNews.STOPPED, *REMINDER_OF.values()), f"?payg={PaygStatus.STOPPED.value}"),
}
DAYS = {kind: days for days, kind in REMINDER_OF.items()}


@dataclass(frozen=True, slots=True)
class News:
    """One account of a mail. Words are made when the mail is, in its language and zone."""

    notice: ShutdownNotice

    @property
    def account(self) -> LinkedAccount:
        account: LinkedAccount = self.notice.credit.account
        return account

    @property
    def customer(self) -> str:
        return self.account.known_as

    @property
    def currency(self) -> str:
        return str(self.notice.partner.currency)

    @property
    def url(self) -> str:
        return absolute_url("uids:account_detail", self.account.uid)

    @property
    def missing(self) -> str:
        """What must come in for PAYG to run again."""
        return f"{exact_amount(max(-self.notice.available, ZERO))} {self.currency}"

    @property
    def facts(self) -> list[tuple[str, str]]:
        notice = self.notice
        found = [
            (_("UID"), self.account.uid),
            (_("Available Quota"), f"{exact_amount(notice.available)} {self.currency}"),
            (_("Shutdown Policy"), str(self.account.get_shutdown_policy_display())),
            (_("PAYG stopped"), absolute(notice.stopped_at)),
        ]
        if notice.kind in (StopNews.STOPPED, *DAYS):
            found.append((_("Release"), absolute(notice.release_at)))
        if notice.kind == StopNews.RELEASED:
            found.append((_("Released"), absolute(notice.release_at)))
        return found

    @property
    def line(self) -> str:
        """The account in one line of a longer list."""
        return _("%(customer)s, UID %(uid)s: %(available)s %(currency)s available") % {
            "customer": self.customer,
            "uid": self.account.uid,
            "available": exact_amount(self.notice.available),
            "currency": self.currency,
        }


@transaction.atomic
def send(*, actor: Actor, partner_pk: int) -> int:
    """Queue the mails of one partner's news; how many pieces of news were dealt with. Again finds nothing.

    To the partner's alert recipients and each account's business manager when that names a member, in the partner's
    language and zone. Reminders of a release that will not come any more, because the stop ended, are not sent.
    """
    partner = Partner.objects.visible_to(actor).filter(pk=partner_pk).first()
    notices = _claim(actor, partner_pk)
    if partner is None or not notices:
        return 0
    now = timezone.now()
    by_manager: dict[str, tuple[str, ...]] = {}
    groups: dict[tuple[str, tuple[str, ...]], list[ShutdownNotice]] = defaultdict(list)
    for notice in notices:
        notice.mailed_at, notice.is_moot = now, _is_moot(notice)
        manager = notice.credit.account.business_manager
        if manager not in by_manager:
            by_manager[manager] = tuple(recipients_of(notice.credit))
        if not notice.is_moot:
            groups[notice.kind, by_manager[manager]].append(notice)
    ShutdownNotice.objects.bulk_update(notices, ["mailed_at", "is_moot"])
    for (kind, recipients), told in groups.items():
        _mail(actor, partner, StopNews(kind), recipients, told)
    return len(notices)


def sweep(*, actor: Actor | None = None) -> int:
    """Wake a task for every partner with news whose mail is not in the queue yet; how many."""
    actor = actor or system_actor("payg-stops")
    unmailed = ShutdownNotice.objects.visible_to(actor).filter(mailed_at__isnull=True)
    partners = list(unmailed.order_by("partner").values_list("partner", flat=True).distinct()[:BATCH])
    for partner_pk in partners:
        tasks.send_stop_news.delay(partner_pk)
    return len(partners)


def _claim(actor: Actor, partner_pk: int) -> list[ShutdownNotice]:
    """In the order of what happened; rows another worker has are its."""
    unmailed = ShutdownNotice.objects.visible_to(actor).filter(partner=partner_pk, mailed_at__isnull=True)
    rows = unmailed.select_related("credit__account", "credit__partner", "partner").order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True, skip_locked=True)[:BATCH])


def _is_moot(notice: ShutdownNotice) -> bool:
    """A reminder of a release that will not come: the stop ended, or another one began since, or it came already."""
    account = notice.credit.account
    is_as_it_was = account.is_live and account.payg_stopped_at == notice.stopped_at and not account.payg_released_at
    return notice.kind in DAYS and not is_as_it_was


def _mail(
    actor: Actor, partner: Partner, kind: StopNews, recipients: Sequence[str], notices: Sequence[ShutdownNotice]
) -> None:
    if recipients:
        news = [News(notice) for notice in notices]
        queue_mail(
            to=recipients,
            template=TEMPLATE[kind],
            context={
                "partner": partner,
                "news": news[:MOST_LISTED],
                "only": news[0] if len(news) == 1 else None,
                "n_accounts": len(news),
                "n_more": max(len(news) - MOST_LISTED, 0),
                "days": DAYS.get(kind, 0),
                "url": news[0].url if len(news) == 1 else f"{absolute_url('uids:account_list')}{LISTED[kind]}",
            },
            language=partner.language,
            zone=partner.time_zone,
            partner_code=partner.code,
        )
    audit.record_all(_entries(actor, kind, recipients, notices))


def _entries(
    actor: Actor, kind: StopNews, recipients: Sequence[str], notices: Sequence[ShutdownNotice]
) -> Iterable[AuditEntry]:
    told = {"news": [None, kind.value], "mailed_to": [None, ", ".join(recipients)]}
    return (audit.entry(actor, Action.STOP_TOLD, notice.credit.account, changes=told) for notice in notices)
