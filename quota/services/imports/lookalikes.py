"""Rows one slip of the finger away from a UID that is linked already: warnings, found for the whole file at once."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.web.formats import listed
from quota.models.imports import COMING_IN, ImportRow, RowVerdict
from uids.lookalikes import lookalike_candidates, trace_back
from uids.models import LinkedAccount
from uids.verdicts import REASON_ADVICE, Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from quota.models.imports import AccountImport

CHUNK = 500  # ids, with about 320 neighbours each


def warn_of_lookalikes(actor: Actor, job: AccountImport, beat: Callable[[], None]) -> None:
    """Turn such rows into warnings that name the known UID. `beat` is called between chunks.

    The neighbours of whichever side is smaller are looked up in the other: being a slip apart is symmetric.
    """
    new = ImportRow.objects.visible_to(actor).filter(job=job, verdict__in=COMING_IN)
    known = LinkedAccount.objects.visible_to(actor).filter(partner_id=job.partner_id)
    n_new = new.count()
    if not n_new or not known.exists():
        return
    known_is_smaller = known.values("pk")[: n_new + 1].count() <= n_new
    small, large = (known, new) if known_is_smaller else (new, known)
    for uids in _chunks(small.values_list("uid", flat=True).distinct().order_by("uid")):
        pairs = trace_back(uids, _find(large, lookalike_candidates(uids)))
        if known_is_smaller:
            pairs = _turned(pairs)
        _warn(new, pairs)
        beat()


def _chunks(uids: QuerySet[ImportRow, str]) -> Iterator[list[str]]:
    # Keyset by uid: a server-side cursor would not outlive the transactions of the beats.
    chunk = list(uids[:CHUNK])
    while chunk:
        yield chunk
        chunk = list(uids.filter(uid__gt=chunk[-1])[:CHUNK])


def _find(rows: QuerySet[ImportRow], candidates: Iterator[str]) -> Iterable[str]:
    found: set[str] = set()
    while part := list(islice(candidates, 20_000)):
        found.update(rows.filter(uid__in=part).values_list("uid", flat=True))
    return found


def _turned(pairs: dict[str, list[str]]) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {}
    for known, typed in pairs.items():
        for uid in typed:
            turned.setdefault(uid, []).append(known)
    return turned


def _warn(new: QuerySet[ImportRow], pairs: dict[str, list[str]]) -> None:
    rows = list(new.filter(uid__in=pairs))
    for row in rows:
        text = _("Looks like %(uids)s, which is linked to you.") % {"uids": listed(sorted(pairs[row.uid])[:3])}
        if text in row.reason:  # said before the check was interrupted
            continue
        row.verdict = RowVerdict.WARN
        row.reason = f"{row.reason} {text} {REASON_ADVICE[Reason.LOOKALIKE]}".strip()
    ImportRow.objects.bulk_update(rows, ["verdict", "reason"], batch_size=500)
