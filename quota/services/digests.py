"""The daily mail: what is below its lines, what is new since yesterday's, and what recovered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from partner_console.access.models import Membership, Partner
from partner_console.access.policy import PartnerKind
from partner_console.access.selectors import owner_addresses
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.web.formats import amount
from partner_console.web.mail import absolute_url, queue_mail
from quota import tasks
from quota.models import Mailing, Warning, WarningSettings
from quota.services.notices import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

NAMED = 50  # accounts a mail names; the rest is in the inbox
CHUNK = 500


@dataclass(slots=True)
class Letter:
    """One mail of the day: how many of each, and the first few by name."""

    n_new: int = 0
    n_open: int = 0
    n_recovered: int = 0
    new: list[Line] = field(default_factory=list)
    still: list[Line] = field(default_factory=list)
    recovered: list[Line] = field(default_factory=list)

    @property
    def n_not_named(self) -> int:
        return self.n_open + self.n_recovered - len(self.new) - len(self.still) - len(self.recovered)

    def add(self, warning: Warning) -> None:
        if warning.recovered_at is not None:
            self.n_recovered += 1
            named = self.recovered
        else:
            self.n_open += 1
            is_new = warning.digested_at is None
            self.n_new += is_new
            named = self.new if is_new else self.still
        if len(named) < NAMED:
            named.append(Line(warning))


@dataclass(frozen=True, slots=True)
class Line:
    """One account's line of the mail, put into words when the mail is."""

    warning: Warning

    @property
    def notice(self) -> Notice:
        return Notice(self.warning.credit, list(self.warning.lines.all()))

    @property
    def available(self) -> str:
        return f"{amount(self.warning.credit.available)} {self.warning.partner.currency}"

    @property
    def url(self) -> str:
        return absolute_url("quota:account_quota", self.warning.credit.account.uid)


def wake_digests(*, actor: Actor) -> int:
    """One task for every partner whose hour has come today and whose mail is not done; how many."""
    rows = _wanting(WarningSettings.objects.visible_to(actor)).select_related("partner").order_by("pk")
    due = [row.pk for row in rows if _is_due(row, timezone.now())]
    for pk in due:
        tasks.send_digest.delay(pk)
    return len(due)


@transaction.atomic
def send_digest(*, actor: Actor, partner_pk: int) -> int:
    """Queue today's mail of one partner, to whom each warning is for; how many mails. Once a day, whoever asks.

    Alert recipients get everything, a business manager their own accounts. Snoozed accounts are not named; nothing to
    tell is no mail. The day is the partner's own.
    """
    rows = _wanting(WarningSettings.objects.visible_to(actor)).select_for_update(of=("self",), no_key=True)
    chosen = rows.select_related("partner").filter(pk=partner_pk).first()
    now = timezone.now()
    if chosen is None or not _is_due(chosen, now):
        return 0
    chosen.digested_on = _here(chosen, now).date()
    chosen.save(update_fields=["digested_on"])
    letters, told = _letters(actor, chosen)
    for address, letter in sorted(letters.items()):
        _mail(chosen.partner, address, letter)
    _mark(chosen, told, now)
    if letters:
        changes = {"mailed_to": [None, ", ".join(sorted(letters))]}
        audit.record(actor, Action.WARNING_DIGESTED, chosen.partner, changes=changes, partner_pk=chosen.partner_id)
    return len(letters)


def _letters(actor: Actor, chosen: WarningSettings) -> tuple[dict[str, Letter], dict[int, bool]]:
    """A letter for every address that has something to read; and the warnings told of, with whether as over."""
    partner = chosen.partner
    everything = [address.lower() for address in partner.alert_recipients]
    managers = _managers(partner)
    letters: dict[str, Letter] = {}
    told = {}
    for warning in _told(actor, chosen):
        told[warning.pk] = warning.recovered_at is not None
        manager = managers.get(warning.credit.account.business_manager.strip().casefold())
        readers = dict.fromkeys([*everything, *([manager] if manager else [])])
        for address in readers or owner_addresses(partner.pk):
            letters.setdefault(address, Letter()).add(warning)
    return letters, told


def _told(actor: Actor, chosen: WarningSettings) -> Iterator[Warning]:
    """Open and not snoozed; and, where this is the only mail, what recovered and nobody was told of.

    The least money first; read with little memory, however much that is.
    """
    ours = Warning.objects.visible_to(actor).filter(partner=chosen.partner, for_customer=False)
    awake = Q(snoozed_until__isnull=True) | Q(snoozed_until__lte=timezone.now())
    wanted = Q(recovered_at__isnull=True) & awake
    if not chosen.mails_at_once:
        wanted |= Q(recovered_at__isnull=False, recovery_mailed_at__isnull=True, is_silent=False)
    rows = ours.filter(wanted).select_related("credit__account", "credit__partner", "partner")
    return rows.prefetch_related("lines").order_by("credit__available", "pk").iterator(chunk_size=CHUNK)


def _mark(chosen: WarningSettings, told: dict[int, bool], now: datetime) -> None:
    """What was told is told: no other mail names it again as new. What came meanwhile is for tomorrow."""
    rows = Warning.objects.filter(pk__in=list(told))
    if not chosen.mails_at_once:
        rows.filter(mailed_at__isnull=True).update(mailed_at=now)
        Warning.objects.filter(pk__in=[pk for pk, is_over in told.items() if is_over]).update(recovery_mailed_at=now)
    rows.filter(digested_at__isnull=True).update(digested_at=now)


def _managers(partner: Partner) -> dict[str, str]:
    """The members a business manager's name or address may mean."""
    people = Membership.objects.filter(partner=partner).active().select_related("user").order_by("-pk")
    found = {one.user.name.casefold(): one.user.email for one in people if one.user.name}
    return found | {one.user.email.casefold(): one.user.email for one in people}


def _mail(partner: Partner, address: str, letter: Letter) -> None:
    queue_mail(
        to=address,
        template="quota_digest",
        context={"partner": partner, "letter": letter, "url": absolute_url("quota:warning_list")},
        language=partner.language,
        zone=partner.time_zone,
        partner_code=partner.code,
    )


def _wanting(rows: QuerySet[WarningSettings]) -> QuerySet[WarningSettings]:
    wanted = rows.filter(mailing__in=(Mailing.DIGEST, Mailing.BOTH), partner__is_active=True)
    return wanted.exclude(partner__kind=PartnerKind.AGENCY)


def _is_due(chosen: WarningSettings, now: datetime) -> bool:
    here = _here(chosen, now)
    return here.hour >= chosen.digest_hour and (chosen.digested_on is None or chosen.digested_on < here.date())


def _here(chosen: WarningSettings, now: datetime) -> datetime:
    return now.astimezone(ZoneInfo(chosen.partner.time_zone))
