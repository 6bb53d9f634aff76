"""A feed that fell silent: nobody can be warned while figures do not arrive, so that is a warning of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import DateTimeField, Exists, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from partner_console.access.models import Partner
from partner_console.access.policy import PartnerKind
from partner_console.access.selectors import alert_addresses
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.web.mail import absolute_url, queue_mail
from quota import tasks
from quota.models import CreditAccount, SilentFeed, UsageFeed
from uids.states import LIVE

if TYPE_CHECKING:
    from datetime import datetime

    from partner_console.access.actor import Actor

SILENT_AFTER = timedelta(minutes=30)
# A console that was itself switched off finds every feed old when it comes back, and reads it a minute later.
MAILED_AFTER = timedelta(minutes=5)
BATCH = 500


def watch_feeds(*, actor: Actor) -> int:
    """Note feeds without a reading for 30 minutes and those that are back, and wake their mails; how many noted.

    A feed is one partner's, with at least one linked account that has a quota. Set-based; again finds nothing new.
    """
    now = timezone.now()
    silent = _silent(actor, now - SILENT_AFTER)
    open_ones = SilentFeed.objects.visible_to(actor).filter(recovered_at__isnull=True)
    SilentFeed.objects.bulk_create(
        [SilentFeed(partner_id=pk, since=since, noticed_at=now) for pk, since in silent],
        ignore_conflicts=True,  # one open of each partner
    )
    open_ones.exclude(partner__in=[pk for pk, _since in silent]).update(recovered_at=now)
    unmailed = SilentFeed.objects.visible_to(actor).filter(_to_tell_silent(now) | _to_tell_back())
    for pk in list(unmailed.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        tasks.send_feed_mail.delay(pk)
    return len(silent)


@transaction.atomic
def send_feed_mail(*, actor: Actor, feed_pk: int) -> None:
    """Queue the mail that a feed is silent, or that it is back; each once. Nothing when there is nothing to tell."""
    rows = SilentFeed.objects.visible_to(actor).select_related("partner").select_for_update(of=("self",), no_key=True)
    found = rows.filter(pk=feed_pk).filter(_to_tell_silent(timezone.now()) | _to_tell_back()).first()
    if found is None:
        return
    is_back = found.recovered_at is not None
    _mail(found, "quota_feed_back" if is_back else "quota_feed_silent")
    column = "recovery_mailed_at" if is_back else "mailed_at"
    setattr(found, column, timezone.now())
    found.save(update_fields=[column])
    action = Action.FEED_BACK if is_back else Action.FEED_SILENT
    audit.record(actor, action, found.partner, partner_pk=found.partner_id)


def _silent(actor: Actor, before: datetime) -> list[tuple[int, datetime]]:
    """Partners whose figures should arrive and last did before then, with when (their beginning before the first)."""
    credits = CreditAccount.objects.filter(partner=OuterRef("pk"), account__relationship__in=LIVE)
    read_until = UsageFeed.objects.filter(partner=OuterRef("pk")).values("read_until")
    last = Coalesce(Subquery(read_until), "created_at", output_field=DateTimeField())
    partners = Partner.objects.visible_to(actor).filter(Exists(credits), is_active=True)
    found = partners.exclude(kind=PartnerKind.AGENCY).annotate(last=last).filter(last__lt=before)
    return list(found.order_by("pk").values_list("pk", "last"))


def _to_tell_silent(now: datetime) -> Q:
    return Q(recovered_at__isnull=True, mailed_at__isnull=True, noticed_at__lte=now - MAILED_AFTER)


def _to_tell_back() -> Q:
    return Q(recovered_at__isnull=False, recovery_mailed_at__isnull=True, mailed_at__isnull=False)


def _mail(silent: SilentFeed, template: str) -> None:
    partner = silent.partner
    recipients = alert_addresses(partner)
    if not recipients:
        return
    queue_mail(
        to=recipients,
        template=template,
        context={
            "silent": silent,
            "partner": partner,
            "feed": UsageFeed.objects.filter(partner=partner).first(),
            "url": absolute_url("quota:warning_list"),
        },
        language=partner.language,
        zone=partner.time_zone,
        partner_code=partner.code,
    )
