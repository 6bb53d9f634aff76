"""The verdict of a batch of rows: against what is linked here and elsewhere, and against the file's other rows.

The same for the dry run and for the import itself, which judges again what the dry run let through.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Min
from django.utils.translation import gettext as _

from partner_console.money import ZERO
from partner_console.web.formats import listed
from quota.models.imports import COMING_IN, ImportRow, RowVerdict
from quota.services.imports.columns import BY_KEY
from quota.services.imports.rows import CHOICES, TEXTS
from uids.errors import AlreadyLinked
from uids.models import LinkedAccount
from uids.states import LIVE, PaygStatus, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from partner_console.access.actor import Actor
    from quota.models.imports import AccountImport
    from quota.services.imports.rows import ParsedRow

# How a difference is named: the field of ours behind each stated value.
KEY_OF = {
    **{name: key for key, name in (*TEXTS.items(), *CHOICES.items())},
    "linked_at": "linked",
    "warning_percent": "warning",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with its verdict and, where there is one, the reason in the active language. `master` is its account."""

    row: ParsedRow
    verdict: RowVerdict
    reason: str = ""
    master: LinkedAccount | None = None

    @property
    def comes_in(self) -> bool:
        return self.verdict in COMING_IN


@dataclass(slots=True)
class _Surroundings:
    """What the database knows about the ids of one batch."""

    holders: dict[str, int]  # partner of the live link, whoever's it is
    live: dict[str, LinkedAccount]
    ended: dict[str, LinkedAccount]
    first_rows: dict[tuple[str, bool], int]
    rows: dict[str, ImportRow]  # the live row of each master named in the batch


def judge(actor: Actor, job: AccountImport, rows: Sequence[ParsedRow], *, is_run: bool) -> list[Judged]:
    """Verdicts in the order of `rows`. In the run a master must be linked by now; before, it may stand in the file."""
    around = _surroundings(actor, job, rows)
    judged: list[Judged] = []
    seen: dict[tuple[str, bool], int] = {}
    for row in rows:
        key = (row.uid, row.is_live)
        first = min(around.first_rows.get(key, row.number), seen.setdefault(key, row.number))
        judged.append(_judge_one(row, first, around, job, is_run=is_run))
    return judged


def _judge_one(row: ParsedRow, first: int, around: _Surroundings, job: AccountImport, *, is_run: bool) -> Judged:
    if row.problems:
        return Judged(row, RowVerdict.REFUSE, " ".join(row.problems))
    if first < row.number:
        return Judged(row, RowVerdict.REFUSE, _("The same UID stands in row %(row)d.") % {"row": first})
    if row.is_live and around.holders.get(row.uid, job.partner_id) != job.partner_id:
        return Judged(row, RowVerdict.REFUSE, str(AlreadyLinked(row.uid, here=False)))
    here = around.live.get(row.uid) if row.is_live else around.ended.get(row.uid) or around.live.get(row.uid)
    if here is not None:
        return _compare(row, here)
    master = None
    if row.master_uid:
        master, refusal = _find_master(row, around, is_run=is_run)
        if refusal:
            return Judged(row, RowVerdict.REFUSE, refusal)
    verdict = RowVerdict.WARN if row.warnings else RowVerdict.CREATE
    return Judged(row, verdict, " ".join(row.warnings), master)


def _find_master(row: ParsedRow, around: _Surroundings, *, is_run: bool) -> tuple[LinkedAccount | None, str]:
    """The master's account, or why the row must be refused. Both may be empty: the master is in the file."""
    values: dict[str, Any] = {"uid": row.master_uid}
    in_file = around.rows.get(row.master_uid)
    account = around.live.get(row.master_uid)
    if in_file is not None and in_file.master_uid:
        values["row"] = in_file.number
        return None, _("Its master %(uid)s is itself a sub-account (row %(row)d): trusteeship has one level.") % values
    if account is not None:
        if account.trustee_id is not None:
            return None, _("Its master %(uid)s is itself a sub-account: trusteeship has one level.") % values
        return account, ""
    if in_file is None:
        return None, _("Its master %(uid)s is neither linked to you nor in the file.") % values
    values |= {"row": in_file.number}
    if not in_file.is_live:
        return None, _("Its master %(uid)s (row %(row)d) is no longer linked.") % values
    if is_run or in_file.verdict not in COMING_IN:
        return None, _("Its master %(uid)s (row %(row)d) was not imported.") % values
    return None, ""


def _compare(row: ParsedRow, account: LinkedAccount) -> Judged:
    if names := _differences(row, account):
        labels = listed(BY_KEY[name].label for name in names)
        return Judged(row, RowVerdict.DIFFERS, _("Differs in: %(fields)s. Not changed.") % {"fields": labels})
    return Judged(row, RowVerdict.UNCHANGED)


def _differences(row: ParsedRow, account: LinkedAccount) -> list[str]:
    """Keys of the fields whose stated value is not the account's. What the file does not state is not compared."""
    ours: dict[str, Any] = {name: getattr(account, name) for name in row.stated if name != "payg"}
    if "payg" in row.stated:
        # The column is the partner's own freeze (acpn.md §8.1); a stop by arrears is ours to know and no difference.
        own = PaygStatus.FROZEN if account.payg_frozen else PaygStatus.NORMAL
        ours["payg"] = own if row.stated["payg"] == own else account.own_payg_status
    if "linked_at" in ours:
        ours["linked_at"] = account.linked_at.replace(microsecond=row.stated["linked_at"].microsecond)
    if account.shutdown_policy != ShutdownPolicy.DELAY_STOP:
        ours.pop("overdraft", None)  # means nothing, and our export leaves it empty
    found = [KEY_OF.get(name, name) for name, value in ours.items() if value != row.stated[name]]
    if row.states_master and (account.trustee.uid if account.trustee else "") != row.master_uid:
        found.append("master")
    if not row.master_uid:
        found += _credit_differences(row, account)
    return found


def _credit_differences(row: ParsedRow, account: LinkedAccount) -> list[str]:
    credit = getattr(account, "credit", None)
    ours = {
        "amount": credit.amount if credit else None,
        "deducted": credit.deducted if credit else ZERO,
        "undeducted": credit.undeducted if credit else ZERO,
        "warning": credit.warning_percent if credit else None,
    }
    return [key for key, value in ours.items() if key in row.credit and row.credit[key] != value]


def _surroundings(actor: Actor, job: AccountImport, rows: Sequence[ParsedRow]) -> _Surroundings:
    uids = {row.uid for row in rows if row.uid}
    masters = {row.master_uid for row in rows if row.master_uid}
    # Looks across all partners on purpose: a UID has one live link anywhere. Only “elsewhere” is told.
    links = LinkedAccount.objects.live().filter(uid__in=uids | masters).values_list("uid", "partner_id")
    own = LinkedAccount.objects.visible_to(actor).filter(partner_id=job.partner_id, uid__in=uids | masters)
    live: dict[str, LinkedAccount] = {}
    ended: dict[str, LinkedAccount] = {}
    for account in own.select_related("credit", "trustee").defer("search").order_by("pk"):
        (live if account.relationship in LIVE else ended)[account.uid] = account
    in_file = ImportRow.objects.visible_to(actor).filter(job=job)
    firsts = in_file.filter(uid__in=uids).values_list("uid", "is_live").annotate(first=Min("number"))
    by_uid: dict[str, ImportRow] = {}
    for row in in_file.filter(uid__in=masters).order_by("is_live", "-number") if masters else ():
        by_uid[row.uid] = row  # the live one, and of several the first, is written last
    return _Surroundings(
        holders=dict(links),
        live=live,
        ended=ended,
        first_rows={(uid, is_live): first for uid, is_live, first in firsts.order_by()},
        rows=by_uid,
    )
