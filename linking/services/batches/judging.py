"""The verdict of every row of a batch: what the row says, the file's other rows, what is linked and who is invited.

Set-based: a file of 5,000 rows asks the database some dozen questions. `invite` judges each row once more in the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models.functions import Length
from django.utils.translation import gettext as _

from linking.models import Invitation, TemplateVersion
from linking.models.batch import RowVerdict
from linking.scopes import LEAST, allows_more_than_viewing
from linking.services.batches.rows import lost_digits_of
from linking.states import LIVE, InvitationState
from partner_console.approvals.models import ApprovalRule
from partner_console.approvals.rules import Need, apply, rule_of
from partner_console.approvals.states import Cause
from partner_console.audit.actions import Action
from uids.lookalikes import batch_lookalikes
from uids.models import LinkedAccount
from uids.states import Environment
from uids.verdicts import REASON_ADVICE, REASON_TEXTS, Level, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from linking.services.batches.rows import ParsedRow
    from partner_console.access.actor import Actor
    from partner_console.access.models import Partner

CHUNK = 20_000  # ids in one query
FEW = 5  # so many times the file's rows, known ids are compared in memory


@dataclass(slots=True)
class Judged:
    """A row with its verdict, in the active language: `reason` says what, `fix` what to do; `note` stops nothing."""

    row: ParsedRow
    verdict: RowVerdict = RowVerdict.OK
    reasons: list[str] = field(default_factory=list)
    fixes: list[str] = field(default_factory=list)
    note: str = ""

    def refuse(self, reason: str, fix: str = "") -> Judged:
        self.verdict, self.reasons, self.fixes = RowVerdict.REFUSE, [reason], [fix] if fix else []
        return self

    def warn(self, reason: str, fix: str = "") -> None:
        self.verdict = RowVerdict.WARN
        self.reasons.append(reason)
        self.fixes += [fix] if fix else []

    @property
    def reason(self) -> str:
        return "; ".join(self.reasons)

    @property
    def fix(self) -> str:
        return " ".join(self.fixes)


@dataclass(slots=True)
class _Known:
    """What the database knows about a file's ids."""

    holders: dict[str, int]  # partner of the live link, whoever's it is
    ended: set[str]
    invited: set[str]
    declined: set[str]
    lookalikes: dict[str, list[str]]


def judge(actor: Actor, partner: Partner, rows: Sequence[ParsedRow]) -> list[Judged]:
    """Verdicts in the order of `rows`, all of them at once. Reads only."""
    known = _known(actor, partner, {row.uid for row in rows if row.uid})
    notes = _Notes(actor, partner)
    first_rows: dict[str, int] = {}
    judged = []
    for row in rows:
        found = _judge_one(row, partner, known, first_rows)
        if found.verdict is not RowVerdict.REFUSE:
            found.note = notes.of(row)
        judged.append(found)
    return judged


def _judge_one(row: ParsedRow, partner: Partner, known: _Known, first_rows: dict[str, int]) -> Judged:
    found = Judged(row)
    if row.found is None or row.lost_digits or not row.found.is_accepted:
        return _refuse_id(found, lost_digits_of(row))
    first = first_rows.setdefault(row.uid, row.number)
    if first != row.number:
        return found.refuse(_("the same UID stands in row %(row)d") % {"row": first}, _("Keep one of the two rows."))
    if _is_taken(found, partner, known):
        return found
    if row.problems:
        return found.refuse(" ".join(row.problems))
    if row.found.level is Level.WARN:
        _warn_of_id(found, row.found.reason)
    if similar := known.lookalikes.get(row.uid):
        _warn_of_id(found, Reason.LOOKALIKE, _("Linked is %(uids)s.") % {"uids": ", ".join(similar[:3])})
    if row.uid in known.declined:
        found.warn(_("declined your last invitation"), _("Talk to the customer first."))
    return found


def _is_taken(found: Judged, partner: Partner, known: _Known) -> bool:
    """Whether the account is linked or invited already; then the row is refused."""
    uid = found.row.uid
    if uid == partner.master_uid:
        found.refuse(_("your own master account"), _("Enter the customer's UID."))
    elif known.holders.get(uid) == partner.pk:
        _refuse_id(found, Reason.ALREADY_LINKED)
    elif uid in known.holders:
        found.refuse(_("linked elsewhere"), _("Ask the customer to end that link first."))
    elif uid in known.invited:
        found.refuse(_("has an open invitation"), _("Send that one again, or withdraw it first."))
    elif uid in known.ended:
        # It stands in the list, and what it had is taken up by a person who sees the difference, not by a file.
        fix = _("That link has ended. Invite this customer alone: the earlier settings are proposed.")
        found.refuse(str(REASON_TEXTS[Reason.ALREADY_LINKED]), fix)
    return found.verdict is RowVerdict.REFUSE


def _refuse_id(found: Judged, reason: Reason) -> Judged:
    return found.refuse(str(REASON_TEXTS[reason]), str(REASON_ADVICE[reason]))


def _warn_of_id(found: Judged, reason: Reason, more: str = "") -> None:
    found.warn(str(REASON_TEXTS[reason]), f"{more} {REASON_ADVICE[reason]}".strip())


def _known(actor: Actor, partner: Partner, uids: set[str]) -> _Known:
    # Looks across all partners on purpose: a UID has one live link anywhere. Only “here or elsewhere” is told.
    holders = LinkedAccount.objects.live().filter(uid__in=uids).values_list("uid", "partner_id")
    accounts = LinkedAccount.objects.visible_to(actor).filter(partner=partner)
    mine = Invitation.objects.visible_to(actor).filter(partner=partner, uid__in=uids)
    live = mine.filter(state__in=LIVE).only("uid", "state", "expires_at")
    answered = mine.filter(
        state__in=(InvitationState.DECLINED, InvitationState.LINKED, InvitationState.VERIFIED)
    ).values_list("uid", "state")
    last = dict(answered.order_by("pk"))
    return _Known(
        holders=dict(holders),
        ended=set(accounts.filter(uid__in=uids).values_list("uid", flat=True)),
        invited={one.uid for one in live if one.current_state is not InvitationState.EXPIRED},
        declined={uid for uid, state in last.items() if state == InvitationState.DECLINED},
        lookalikes=_lookalikes(actor, partner, uids),
    )


def _lookalikes(actor: Actor, partner: Partner, uids: set[str]) -> dict[str, list[str]]:
    """Our live UIDs one slip away from each of the file's, looked up by the side that is cheaper to ask."""
    live = LinkedAccount.objects.visible_to(actor).filter(partner=partner).live()
    lengths = set(live.annotate(digits=Length("uid")).order_by().values_list("digits", flat=True).distinct())
    if not uids or not lengths:
        return {}
    limit = FEW * len(uids)
    few = set(live.order_by().values_list("uid", flat=True)[: limit + 1])

    def find(candidates: list[str]) -> Iterable[str]:
        if len(few) <= limit:
            return few.intersection(candidates)
        return live.filter(uid__in=candidates).values_list("uid", flat=True)

    return batch_lookalikes(sorted(uids), find, lengths=lengths, chunk_size=CHUNK)


class _Notes:
    """“Needs a second person”, by the partner's rule read once."""

    def __init__(self, actor: Actor, partner: Partner) -> None:
        action = Action.LINK_INVITED
        row = ApprovalRule.objects.visible_to(actor).filter(partner=partner, action=action).first()
        self.rule = rule_of(row, action)
        self.words = {cause: str(Need(action.value, cause, self.rule.amount_from, partner.currency)) for cause in Cause}
        versions = TemplateVersion.objects.visible_to(actor).filter(template__partner=partner)
        newest = versions.order_by("template_id", "number").values_list("template_id", "scopes")
        self.scopes: dict[int, list[str]] = dict(newest)  # the newest is written last
        default = versions.filter(template__is_default=True, template__archived_at__isnull=True)
        self.default = default.order_by("-number").values_list("scopes", flat=True).first() or list(LEAST)

    def of(self, row: ParsedRow) -> str:
        values = row.values
        scopes = self.scopes.get(values.get("template_pk", 0), self.default)
        cause = apply(
            self.rule,
            amount=values.get("quota"),
            is_sensitive=allows_more_than_viewing(scopes),
            is_production=values.get("environment", Environment.PRODUCTION) == Environment.PRODUCTION,
        )
        needed = _("needs a second person")
        return "" if cause is None else f"{needed}: {self.words[cause]}"
