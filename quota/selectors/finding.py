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
    from collections.abc import Callable, Collection, Iterable

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

FEW = 10_000
SHORT = 3  # a trigram index needs three characters
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]+")


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
    released, frozen, stopped = _in_force(_released), _own_or_masters(_frozen), _in_force(_stopped)
    states = {
        PaygStatus.RELEASED: released,
        PaygStatus.FROZEN: frozen & ~released,
        PaygStatus.STOPPED: stopped & ~released & ~frozen,
    }
    if PaygStatus.NORMAL in wanted:
        return ~_any([condition for state, condition in states.items() if state not in wanted])
    switches = {PaygStatus.RELEASED: _stopped, PaygStatus.FROZEN: _frozen, PaygStatus.STOPPED: _stopped}
    holders = LinkedAccount.objects.visible_to(actor).filter(
        _any([switches[PaygStatus(state)]("") for state in wanted])
    )
    return _read_through(actor, holders, _any([states[PaygStatus(state)] for state in wanted]))


def purchase_is(actor: Actor, wanted: Collection[str]) -> Q:
    banned = _own_or_masters(_banned)
    if PurchaseControl.BAN not in wanted:
        return ~banned
    return _read_through(actor, LinkedAccount.objects.visible_to(actor).filter(_banned("")), banned)


def policy_is(actor: Actor, wanted: Collection[str]) -> Q:
    def has_policy(path: str) -> Q:
        return Q(**{f"{path}shutdown_policy__in": wanted})

    holders = LinkedAccount.objects.visible_to(actor).filter(has_policy(""))
    return _read_through(actor, holders, _in_force(has_policy))


def credit_is(actor: Actor, wanted: Collection[str]) -> Q:
    """Credit control status of the account whose quota is in force; accounts without any quota have none."""
    running = _in_force(lambda path: _in_arrears(path) & _runs_in_arrears(path))
    shutdown = _in_force(lambda path: _in_arrears(path) & ~_runs_in_arrears(path))
    states = {CreditStatus.ARREARS_NOT_SHUTDOWN: running, CreditStatus.SHUTDOWN: shutdown}
    if CreditStatus.NORMAL in wanted:
        has_credit = _in_force(lambda path: Q(**{f"{path}credit__isnull": False}))
        return has_credit & ~_any([condition for state, condition in states.items() if state not in wanted])
    holders = CreditAccount.objects.visible_to(actor).filter(available__lt=0)
    return _read_through(actor, holders, _any([states[CreditStatus(state)] for state in wanted]))


def is_in_warning(actor: Actor) -> Q:
    exact = _in_force(lambda path: Q(**{f"{path}credit__in_alarm": True}))
    return _read_through(actor, CreditAccount.objects.visible_to(actor).filter(in_alarm=True), exact)


def has_label(labels: Collection[int | str]) -> Q:
    """Any of these labels; two labels of one account are one row."""
    through = LinkedAccount.labels.through.objects
    return Q(Exists(through.filter(linkedaccount_id=OuterRef("pk"), label_id__in=labels)))


def _frozen(path: str) -> Q:
    return Q(**{f"{path}payg_frozen": True})


def _banned(path: str) -> Q:
    return Q(**{f"{path}purchase_control": PurchaseControl.BAN})


def _stopped(path: str) -> Q:
    return Q(**{f"{path}payg_stopped_at__isnull": False})


def _released(path: str) -> Q:
    return Q(**{f"{path}payg_released_at__isnull": False})


def _in_arrears(path: str) -> Q:
    return Q(**{f"{path}credit__available__lt": 0})


def _runs_in_arrears(path: str) -> Q:
    """quota.states.credit_status as a condition: without shutdown, or delayed and within the overdraft."""
    policy = f"{path}shutdown_policy"
    within = {policy: ShutdownPolicy.DELAY_STOP, f"{path}credit__available__gte": -F(f"{path}overdraft")}
    return Q(**{policy: ShutdownPolicy.NO_STOP}) | Q(**within)


def _own_or_masters(condition: Callable[[str], Q]) -> Q:
    """Holds for the account itself or for its master."""
    return condition("") | condition("trustee__")


def _in_force(condition: Callable[[str], Q]) -> Q:
    """Holds for the master when there is one, else for the account itself."""
    return (Q(trustee__isnull=True) & condition("")) | (Q(trustee__isnull=False) & condition("trustee__"))


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found or Q(pk__in=[])


def _read_through(actor: Actor, holders: QuerySet[Any], exact: Q) -> Q:
    """`exact`; when the accounts that can bring it about are few, looked for among them and their sub-accounts only.

    One bounded look tells. A union of keys is read through indexes, where an OR would read everything.
    """
    # Unordered: the models' own order would sort the keys, and read rows where an index has all that is asked.
    keys = holders.order_by().values_list("pk", flat=True)
    if keys[: FEW + 1].count() > FEW:
        return exact
    subs = LinkedAccount.objects.visible_to(actor).filter(trustee__isnull=False, trustee_id__in=keys).order_by()
    return Q(pk__in=keys.union(subs.values_list("pk", flat=True), all=True)) & exact
