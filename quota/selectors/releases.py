"""Reads of what arrears stopped and will be released for good: the calendar, by a member's secret address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Q
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partner_console.access.actor import Channel, actor_for_membership
from partner_console.access.models import Membership
from partner_console.access.policy import Permission, allows, require
from partner_console.cloud.clock import now as cloud_now
from partner_console.errors import NotFound
from partner_console.web.formats import exact_amount
from partner_console.web.mail import absolute_url
from quota.ics import Event, calendar
from quota.models import ReleaseFeed
from quota.services.calendars import digest
from uids.models import LinkedAccount
from uids.states import LIVE

if TYPE_CHECKING:
    from partner_console.access.actor import Actor

MOST_EVENTS = 1_000


def own_feed(actor: Actor) -> ReleaseFeed | None:
    """The actor's own address, as far as anybody may know it: that there is one, and since when."""
    require(actor, Permission.CONTROL_VIEW)
    rows = ReleaseFeed.objects.visible_to(actor).filter(membership__user=actor.user_pk)
    found: ReleaseFeed | None = rows.filter(membership__partner=actor.partner_pk).first()
    return found


def calendar_of(token: str) -> bytes:
    """The calendar behind a secret address, in its member's language.

    `NotFound` for an address that is unknown, renewed or revoked, and when its member has left or may no longer see
    switches: all the same, so that nobody learns which.
    """
    feeds = Membership.objects.active().select_related("user", "partner")
    member = feeds.filter(release_feed__token_hash=digest(token)).first()
    actor = actor_for_membership(member, channel=Channel.API) if member else None
    if member is None or actor is None or not allows(actor, Permission.CONTROL_VIEW):
        raise NotFound("not_found", gettext_lazy("This calendar does not exist, or no longer."))
    with translation.override(member.user.language or member.partner.language):
        name = _("Releases at %(partner)s") % {"partner": member.partner.name}
        events = [_event(row) for row in list_releases(actor)]
        return calendar(name=name, made_at=cloud_now(), events=events)


def list_releases(actor: Actor) -> list[LinkedAccount]:
    """Accounts with money of their own whose stopped instances will be released, the soonest first; at most 1,000.

    Each comes with its credit, and with how many live sub-accounts lose theirs with it (`n_followers`).
    """
    require(actor, Permission.CONTROL_VIEW)
    rows = LinkedAccount.objects.visible_to(actor).live().filter(trustee__isnull=True, payg_released_at__isnull=True)
    followers = Count("sub_accounts", filter=Q(sub_accounts__relationship__in=LIVE))
    rows = rows.filter(payg_stopped_at__isnull=False).annotate(n_followers=followers)
    return list(rows.select_related("credit", "partner").order_by("payg_stopped_at", "pk")[:MOST_EVENTS])


def _event(account: LinkedAccount) -> Event:
    at, stopped = account.release_at, account.payg_stopped_at
    if at is None or stopped is None:  # pragma: no cover  # what `list_releases` reads has both
        raise NotFound("not_found", _("Nothing is released."))
    host = urlsplit(settings.BASE_URL).hostname
    words = [_("Stopped pay-as-you-go instances are released for good. This cannot be undone.")]
    if n := account.n_followers:  # type: ignore[attr-defined]  # annotated
        words.append(ngettext("%(n)d sub-account with it.", "%(n)d sub-accounts with it.", n) % {"n": n})
    credit = getattr(account, "credit", None)
    if credit is not None and credit.available < 0:
        missing = {"missing": exact_amount(-credit.available), "currency": account.partner.currency}
        words.append(_("They run again once %(missing)s %(currency)s more is available.") % missing)
    return Event(
        uid=f"release-{account.pk}-{stopped:%Y%m%dT%H%M%S}@{host}",
        at=at,
        summary=_("Release: %(customer)s (%(uid)s)") % {"customer": account.known_as, "uid": account.uid},
        description="\n".join(words),
        url=absolute_url("uids:account_detail", account.uid),
    )
