"""How a partner wants its warnings mailed: at once, once a day, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from partner_console.access.models import Partner
from partner_console.access.policy import Permission, require
from partner_console.access.scoping import get_visible_or_404
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from quota.models import WarningSettings
from uids.errors import StaleVersion

if TYPE_CHECKING:
    from partner_console.access.actor import Actor


@transaction.atomic
def set_mailing(*, actor: Actor, partner_pk: int, mailing: str, digest_hour: int, version: int) -> WarningSettings:
    """Choose when mail about warnings goes out; `digest_hour` (0 to 23) is in the partner's own zone.

    A daily mail whose hour is past today begins tomorrow. Saving the same again changes nothing. `StaleVersion` (409)
    when a colleague saved meanwhile.
    """
    require(actor, Permission.PARTNER_EDIT)
    partner = get_visible_or_404(Partner, actor, pk=partner_pk)
    WarningSettings.objects.get_or_create(partner=partner)
    chosen: WarningSettings = WarningSettings.objects.select_for_update(no_key=True).get(partner=partner)
    yours, theirs = {"mailing": mailing, "digest_hour": digest_hour}, chosen.audit_state()
    if yours == theirs:
        return chosen
    if chosen.version != version:
        raise StaleVersion(
            yours={name: str(value) for name, value in yours.items()},
            theirs={name: str(value) for name, value in theirs.items()},
            version=chosen.version,
        )
    chosen.mailing, chosen.digest_hour = mailing, digest_hour
    here = timezone.localtime(timezone=ZoneInfo(partner.time_zone))
    if here.hour >= digest_hour:
        chosen.digested_on = here.date()
    chosen.version += 1
    chosen.updated_at = timezone.now()
    chosen.full_clean(validate_unique=False)
    chosen.save(update_fields=["mailing", "digest_hour", "digested_on", "version", "updated_at"])
    changes = audit.difference(theirs, chosen.audit_state())
    audit.record(actor, Action.WARNING_MAILING_CHANGED, partner, changes=changes, partner_pk=partner.pk)
    return chosen
