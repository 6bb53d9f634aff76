"""What the list's filters and search mean, as conditions on accounts. Every set is bounded before it is used.

A filter on a state that few accounts have reads that set first (partial indexes serve it); a filter on one that many
have reads the list in its order and looks at each row. Which of the two it is, one bounded probe tells.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, F, OuterRef, Q

from partner_console.cloud.clock import now as cloud_now
from quota.models import CreditAccount
from quota.states import CreditStatus
from uids.identifiers import recognise
from uids.models import LinkedAccount
from uids.states import LIVE, RELEASE_AFTER, PaygStatus, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

FEW = 10_000
SHORT = 3  # a trigram index needs three characters
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7af]+")


class Part(Enum):
    """Which accounts a state in force is asked of: all, those without a master, those with one.

    All are listed, in order. The two kinds are counted one by one: without an OR between them the database can begin
    with whichever side has fewer rows, and a million accounts are not read to count the few in arrears.
    """

    ALL = auto()
    OWN = auto()
    HELD = auto()


def exact_uid(needle: str) -> str:
    """The UID somebody typed or pasted whole, cleaned; empty when it is something else."""
    found = recognise(needle)
    return found.uid if found.is_accepted else ""


def is_too_short(needle: str) -> bool:
    """Whether a search looks at the beginning of UIDs only: nothing in it has three characters or is a name's."""
    return not any(len(word) >= SHORT or _CJK.fullmatch(word) for word in _words(needle))


def _words(needle: str) -> list[str]:
    return unicodedata.normalize("NFKC", needle).lower().split()


def matches_search(needle: str) -> Q:
    """Every word somewhere in UID, nickname, login name or e-mail.

    A needle shorter than three characters is only looked for at the beginning of UIDs; Chinese and Japanese ones are
    found from one character on (uids/models/search.py).
    """
    words = _words(needle)
    names = [word for word in words if len(word) < SHORT and _CJK.fullmatch(word)]
    if is_too_short(needle):
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


def payg_is(actor: Actor, wanted: Collection[str], part: Part = Part.ALL) -> Q:
    """Effective PAYG status, the most final fact first (uids.states.payg_status): its own freeze or its master's."""
    released, stopped = _in_force(_released, part), _in_force(_stopped, part)
    frozen = _own_or_masters(_frozen, part)
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
    return _read_through(actor, holders, _any([states[PaygStatus(state)] for state in wanted]), part)


def is_released_within(actor: Actor, days: Collection[str], part: Part = Part.ALL) -> Q:
    """What arrears stopped is released for good within so many days, by the cloud's clock (acpn.md §8)."""
    stopped_by = cloud_now() - RELEASE_AFTER + timedelta(days=max(map(int, days)))

    def counts_down(path: str) -> Q:
        return Q(**{f"{path}payg_stopped_at__lte": stopped_by, f"{path}payg_released_at__isnull": True})

    holders = LinkedAccount.objects.visible_to(actor).filter(counts_down(""))
    exact = Q(relationship__in=LIVE) & _in_force(counts_down, part)
    return _read_through(actor, holders, exact, part)


def purchase_is(actor: Actor, wanted: Collection[str], part: Part = Part.ALL) -> Q:
    banned = _own_or_masters(_banned, part)
    if PurchaseControl.BAN not in wanted:
        return ~banned
    return _read_through(actor, LinkedAccount.objects.visible_to(actor).filter(_banned("")), banned, part)


def policy_is(actor: Actor, wanted: Collection[str], part: Part = Part.ALL) -> Q:
    def has_policy(path: str) -> Q:
        return Q(**{f"{path}shutdown_policy__in": wanted})

    holders = LinkedAccount.objects.visible_to(actor).filter(has_policy(""))
    return _read_through(actor, holders, _in_force(has_policy, part), part)


def credit_is(actor: Actor, wanted: Collection[str], part: Part = Part.ALL) -> Q:
    """Credit control status of the account whose quota is in force; accounts without any quota have none."""
    ours = _with_credit_of(actor)
    states: dict[CreditStatus, Callable[[str], Q]] = {
        CreditStatus.ARREARS_NOT_SHUTDOWN: lambda path: ours(path) & _in_arrears(path) & _runs_in_arrears(path),
        CreditStatus.SHUTDOWN: lambda path: ours(path) & _in_arrears(path) & ~_runs_in_arrears(path),
    }
    if CreditStatus.NORMAL in wanted:
        others = [_in_force(condition, part) for state, condition in states.items() if state not in wanted]
        return _in_force(lambda path: Q(**{f"{path}credit__isnull": False}), part) & ~_any(others)
    asked = [states[CreditStatus(state)] for state in wanted]
    holders = LinkedAccount.objects.visible_to(actor).filter(_any([condition("") for condition in asked]))
    return _read_through(actor, holders, _any([_in_force(condition, part) for condition in asked]), part)


def is_in_warning(actor: Actor, part: Part = Part.ALL) -> Q:
    ours = _with_credit_of(actor)
    exact = _in_force(lambda path: ours(path) & Q(**{f"{path}credit__in_alarm": True}), part)
    return _read_through(actor, CreditAccount.objects.visible_to(actor).filter(in_alarm=True), exact, part)


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


def _with_credit_of(actor: Actor) -> Callable[[str], Q]:
    """An account's credit is its partner's; said again so that the credit's own indexes, which begin with the partner,
    can serve. Nothing is added for operators."""
    pk = actor.partner_pk
    return lambda path: Q() if pk is None else Q(**{f"{path}credit__partner": pk})


def _in_arrears(path: str) -> Q:
    return Q(**{f"{path}credit__available__lt": 0})


def _runs_in_arrears(path: str) -> Q:
    """quota.states.credit_status as a condition: without shutdown, or delayed and within the overdraft, and not stopped
    before: what is stopped stays so until the arrears are gone."""
    policy = f"{path}shutdown_policy"
    within = {policy: ShutdownPolicy.DELAY_STOP, f"{path}credit__available__gte": -F(f"{path}overdraft")}
    return (Q(**{policy: ShutdownPolicy.NO_STOP}) | Q(**within)) & Q(**{f"{path}payg_stopped_at__isnull": True})


def _own_or_masters(condition: Callable[[str], Q], part: Part) -> Q:
    """Holds for the account itself or for its master."""
    return condition("") if part is Part.OWN else condition("") | condition("trustee__")


def _in_force(condition: Callable[[str], Q], part: Part) -> Q:
    """Holds for the master when there is one, else for the account itself."""
    own = Q(trustee__isnull=True) & condition("")
    held = Q(trustee__isnull=False) & condition("trustee__")
    return {Part.ALL: own | held, Part.OWN: own, Part.HELD: held}[part]


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found or Q(pk__in=[])


def _read_through(actor: Actor, holders: QuerySet[Any], exact: Q, part: Part) -> Q:
    """`exact`; when the accounts that can bring it about are few, looked for among them and their sub-accounts only.

    One bounded look tells. A union of keys is read through indexes, where an OR would read everything. The parts have
    no OR.
    """
    if part is not Part.ALL:
        return exact
    # Unordered: the models' own order would sort the keys, and read rows where an index has all that is asked.
    keys = holders.order_by().values_list("pk", flat=True)
    if keys[: FEW + 1].count() > FEW:
        return exact
    subs = LinkedAccount.objects.visible_to(actor).filter(trustee__isnull=False, trustee_id__in=keys).order_by()
    return Q(pk__in=keys.union(subs.values_list("pk", flat=True), all=True)) & exact
