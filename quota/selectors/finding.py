"""What the list's filters and search mean, as conditions on accounts. Every set is bounded before it is used.

A filter on a state that few accounts have reads that set first (partial indexes serve it); a filter on one that many
have reads the list in its order and looks at each row. Which of the two it is, one bounded probe tells.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, OuterRef, Q

from quota.models import CreditAccount
from quota.states import CreditStatus
from uids.identifiers import recognise
from uids.models import LinkedAccount
from uids.states import PaygStatus, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

FEW = 2_000
SHORT = 3  # a trigram index needs three characters
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]+")

STOPPED, RELEASED = Q(payg_stopped_at__isnull=False), Q(payg_stopped_at__isnull=False, payg_released_at__isnull=False)
FROZEN, BANNED = Q(payg_frozen=True), Q(purchase_control=PurchaseControl.BAN)
IN_ARREARS = Q(available__lt=0)
RUNS_IN_ARREARS = Q(account__shutdown_policy=ShutdownPolicy.NO_STOP) | Q(
    account__shutdown_policy=ShutdownPolicy.DELAY_STOP, available__gte=-F("account__overdraft")
)


def exact_uid(needle: str) -> str:
    """The UID somebody typed or pasted whole, cleaned; empty when it is something else."""
    found = recognise(needle)
    return found.uid if found.is_accepted else ""


def matches_search(needle: str) -> Q:
    """Every word somewhere in UID, nickname, login name or e-mail.

    A needle shorter than three characters is only looked for at the beginning of UIDs; Chinese and Japanese ones are
    found from one character on (uids/models/search.py).
    """
    words = unicodedata.normalize("NFKC", needle).lower().split()
    long_words = [word for word in words if len(word) >= SHORT]
    names = [word for word in words if len(word) < SHORT and _CJK.fullmatch(word)]
    if not long_words and not names:
        return uid_begins("".join(words))
    found = Q()
    for word in names:
        found &= Q(search__contains=f" {word} " if len(word) > 1 else f" {word}")
    for word in words:
        found &= Q(search__contains=word)
    return found


def uid_begins(digits: str) -> Q:
    """A range on the UID's own index: `17` is from 17 up to, not including, 18. Nothing for what is not digits."""
    if not (digits.isascii() and digits.isdigit()):
        return Q(pk__in=[])
    stem = digits.rstrip("9")
    end = stem[:-1] + str(int(stem[-1]) + 1) if stem else None
    return Q(uid__gte=digits, uid__lt=end) if end else Q(uid__gte=digits)


def payg_is(actor: Actor, wanted: Collection[str]) -> Q:
    """Effective PAYG status, the most final fact first (uids.states.payg_status): its own freeze or its master's."""
    released, frozen, stopped = _in_force(actor, RELEASED), _own_or_masters(actor, FROZEN), _in_force(actor, STOPPED)
    states = {
        PaygStatus.RELEASED: released,
        PaygStatus.FROZEN: frozen & ~released,
        PaygStatus.STOPPED: stopped & ~released & ~frozen,
    }
    if PaygStatus.NORMAL in wanted:
        others = [condition for state, condition in states.items() if state not in wanted]
        return ~_any(others) if others else Q()
    return _any(condition for state, condition in states.items() if state in wanted)


def purchase_is(actor: Actor, wanted: Collection[str]) -> Q:
    banned = _own_or_masters(actor, BANNED)
    return banned if PurchaseControl.BAN in wanted else ~banned


def policy_is(actor: Actor, wanted: Collection[str]) -> Q:
    return _in_force(actor, Q(shutdown_policy__in=wanted))


def credit_is(actor: Actor, wanted: Collection[str]) -> Q:
    """Credit control status of the account whose quota is in force; accounts without any quota have none."""
    running = _credit_in_force(actor, IN_ARREARS & RUNS_IN_ARREARS)
    shutdown = _credit_in_force(actor, IN_ARREARS & ~RUNS_IN_ARREARS)
    states = {CreditStatus.ARREARS_NOT_SHUTDOWN: running, CreditStatus.SHUTDOWN: shutdown}
    if CreditStatus.NORMAL in wanted:
        others = [condition for state, condition in states.items() if state not in wanted]
        return _any([Q(credit__isnull=False), Q(trustee__isnull=False)]) & (~_any(others) if others else Q())
    return _any(condition for state, condition in states.items() if state in wanted)


def has_label(labels: Collection[int | str]) -> Q:
    """Any of these labels; two labels of one account are one row."""
    through = LinkedAccount.labels.through.objects
    return Q(Exists(through.filter(linkedaccount_id=OuterRef("pk"), label_id__in=labels)))


def is_in_warning(actor: Actor) -> Q:
    return _credit_in_force(actor, Q(in_alarm=True))


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found or Q(pk__in=[])


def _own_or_masters(actor: Actor, condition: Q) -> Q:
    """Holds for the account itself or for its master."""
    few = _few(LinkedAccount.objects.visible_to(actor).filter(condition).values_list("pk", flat=True))
    if few is not None:
        return Q(pk__in=few) | Q(trustee_id__in=few)
    return condition | _master(actor, condition)


def _in_force(actor: Actor, condition: Q) -> Q:
    """Holds for the master when there is one, else for the account itself."""
    few = _few(LinkedAccount.objects.visible_to(actor).filter(condition).values_list("pk", flat=True))
    if few is not None:
        return Q(pk__in=few, trustee__isnull=True) | Q(trustee_id__in=few)
    return (condition & Q(trustee__isnull=True)) | _master(actor, condition)


def _master(actor: Actor, condition: Q) -> Q:
    masters = LinkedAccount.objects.visible_to(actor).filter(condition, pk=OuterRef("trustee_id"))
    return Q(trustee__isnull=False) & Q(Exists(masters))


def _credit_in_force(actor: Actor, condition: Q) -> Q:
    """The same for what its quota says."""
    meeting = CreditAccount.objects.visible_to(actor).filter(condition)
    few = _few(meeting.values_list("pk", flat=True))
    if few is not None:
        return Q(pk__in=few, trustee__isnull=True) | Q(trustee_id__in=few)
    own, masters = (Q(Exists(meeting.filter(pk=OuterRef(path)))) for path in ("pk", "trustee_id"))
    return (Q(trustee__isnull=True) & own) | (Q(trustee__isnull=False) & masters)


def _few(pks: QuerySet[Any, int]) -> list[int] | None:
    """The keys when there are at most FEW of them, else None."""
    found = list(pks[: FEW + 1])
    return found if len(found) <= FEW else None
