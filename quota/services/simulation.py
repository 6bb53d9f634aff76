"""The console's turn while time passes at the simulated cloud: what beat would wake in those hours, done at once."""

from __future__ import annotations

from django.utils import timezone

from partner_console.access.actor import system_actor
from partner_console.cloud import services as cloud
from partner_console.cloud.locks import WAITING
from partner_console.cloud.models import CloudCommand
from quota.services import releasing, usage

MOST_SENT = 2000  # UIDs in one turn; the sweep finds the rest


def take_turn() -> None:
    """Read every partner's figures, stop and release what is due, and send the orders that came of it.

    Outside any transaction. Again, or beside beat's own tasks, it finds nothing left to do.
    """
    for partner in usage.fed_partners():
        usage.sync_partner(actor=system_actor("usage-sync", partner=partner), partner_pk=partner.pk)
    releasing.sweep()
    due = CloudCommand.objects.filter(WAITING, next_attempt_at__lte=timezone.now())
    for uid in due.order_by("uid").values_list("uid", flat=True).distinct()[:MOST_SENT]:
        cloud.send_due(uid=uid)
