"""How often a customer's page may be used from one place: counted in windows, told with the time to come back.

Only what people send is counted, never a page that is fetched: mail scanners fetch a link many times before its
customer does. Counts stand in the database, so they hold across processes; a key is a keyed hash, so the table knows
no address and no secret. Wrong proofs have a second, stricter limit of their own (`answering.TRIES`).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from linking.errors import TooManyVisits
from linking.models import VisitCount
from partner_console.access.policy import Permission, require

if TYPE_CHECKING:
    from datetime import datetime

    from partner_console.access.actor import Actor


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` times within `window`, counted from the first."""

    name: str
    most: int
    window: timedelta


QUARTER = timedelta(minutes=15)
# An office may share one address, so an address may do more than one link.
OPENS_OF_LINK = Limit("opens of a link", 60, QUARTER)
OPENS_FROM_ADDRESS = Limit("opens from an address", 240, QUARTER)
PROOFS_OF_LINK = Limit("proofs of a link", 20, QUARTER)
PROOFS_FROM_ADDRESS = Limit("proofs from an address", 60, QUARTER)
CODES_OF_LINK = Limit("codes of a link", 4, QUARTER)
CODES_TO_MAILBOX = Limit("codes to a mailbox", 4, QUARTER)
CODES_TO_MAILBOX_A_DAY = Limit("codes to a mailbox a day", 12, timedelta(days=1))
SIGN_INS_FROM_ADDRESS = Limit("sign-ins from an address", 60, QUARTER)
ALERT_CODES_OF_ACCOUNT = Limit("codes for an alert's address", 6, timedelta(days=1))
CHECKS_FROM_ADDRESS = Limit("receipt checks from an address", 60, QUARTER)

COUNT = """
    INSERT INTO linking_visitcount AS had (key, n, until) VALUES (%(key)s, 1, %(until)s)
    ON CONFLICT (key) DO UPDATE SET
        n = CASE WHEN had.until <= %(now)s THEN 1 ELSE had.n + 1 END,
        until = CASE WHEN had.until <= %(now)s THEN %(until)s ELSE had.until END
    RETURNING n, until
"""


@transaction.atomic
def count(*tries: tuple[Limit, str]) -> None:
    """Count one more of each `(limit, place)`; `TooManyVisits` with the latest end when one of them is used up.

    Nothing is counted then, so waiting ends when it was said to. Places are locked in the order of their keys.
    """
    now = timezone.now()
    keyed = sorted(((_key(limit, place), limit) for limit, place in tries), key=lambda one: one[0])
    counted = [(*_count_one(key, now, limit), limit) for key, limit in keyed]
    if full := [until for n, until, limit in counted if n > limit.most]:
        raise TooManyVisits(max(full))


def forget_old(*, actor: Actor) -> int:
    """Delete the counts whose window is over; how many. They mean nothing any more, so no trail is kept."""
    require(actor, Permission.LINK_INVITE)
    return VisitCount.objects.filter(until__lte=timezone.now()).delete()[0]


def _count_one(key: str, now: datetime, limit: Limit) -> tuple[int, datetime]:
    """How often with this one, and until when it counts. One statement: two at once are both counted."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"key": key, "now": now, "until": now + limit.window})
        n, until = cursor.fetchone()
    return n, until


def _key(limit: Limit, place: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), f"{limit.name}\n{place}".encode(), hashlib.sha256).hexdigest()
