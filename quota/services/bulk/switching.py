"""One switch of many accounts: what would happen, what does, and taking it back. Where bulk edits meet money.

`bulk` remembers an edit and runs it in batches; here its accounts are judged. What they forbid themselves is uids' own
(`control_batches`); what arrears forbid is added. A dry run fixes the accounts: nothing is frozen that nobody saw.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import Case, Exists, OuterRef, Q, Subquery, TextField, Value, When
from django.utils.translation import gettext as _

from partner_console.access.models import Partner
from partner_console.approvals.rules import needs_check
from partner_console.errors import Invalid
from quota.errors import InArrears, missing_to_zero
from quota.services import controls
from uids.bulk_wording import CHANGED_SINCE, FOLLOWS_MASTER, IN_ARREARS, NOT_LIVE
from uids.controls import FROZEN, NORMAL, held
from uids.errors import AlreadySo
from uids.models import ControlChange, LinkedAccount
from uids.previews import own_changes
from uids.services.bulk import Preview, Result
from uids.states import LIVE, Control, Environment

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.approvals.rules import Need
    from uids.models import BulkEdit
    from uids.services.bulk import Change

MOST_ACCOUNTS = 20_000
SAMPLE = 5
SAME, GOES = "same", "goes"


def rows_to_undo(actor: Actor, operation_id: uuid.UUID) -> QuerySet[LinkedAccount]:
    """The accounts whose own switch one action set."""
    theirs = own_changes(actor, operation_id).order_by().filter(account_id=OuterRef("pk"))
    rows: QuerySet[LinkedAccount] = LinkedAccount.objects.visible_to(actor).filter(Exists(theirs))
    return rows


def preview(*, actor: Actor, rows: QuerySet[LinkedAccount], change: Change, undone: uuid.UUID | None = None) -> Preview:
    """What would happen to these accounts and to the sub-accounts that follow them; nothing is written.

    A handful of statements, however many accounts. `Invalid` for more than 20,000.
    """
    verdicts = _verdicts(actor, rows, change, undone)
    if len(verdicts) > MOST_ACCOUNTS:
        raise Invalid(
            "too_many",
            _("At most %(most)s accounts at once. Choose fewer, or use a filter.") % {"most": f"{MOST_ACCOUNTS:,}"},
        )
    counts = Counter(verdict for _pk, verdict, _environment in verdicts)
    going = [pk for pk, verdict, _environment in verdicts if verdict == GOES]
    n_sub_accounts = _followers(actor, going, Control(change.what)).count()
    in_production = any(
        environment == Environment.PRODUCTION for _pk, verdict, environment in verdicts if verdict == GOES
    )
    return Preview(
        total=len(verdicts),
        n_changed=len(going),
        n_same=counts[SAME],
        refused=[(code, n) for code, n in counts.items() if code not in (GOES, SAME)],
        sample=_read(actor, going[:SAMPLE]),
        turned_away=_turned_away(actor, [row[:2] for row in verdicts if row[1] not in (GOES, SAME)][:SAMPLE]),
        n_sub_accounts=n_sub_accounts,
        need=_need(actor, change, is_sensitive=n_sub_accounts > 0, in_production=in_production) if going else None,
        pks=[pk for pk, _verdict, _environment in verdicts],
    )


def apply_batch(*, actor: Actor, pks: Sequence[int], edit: BulkEdit, change: Change) -> Result:
    """The switch of some hundred accounts, in the caller's transaction; each is judged anew under its lock."""
    if edit.undoes is not None:
        batch = controls.undo_many(
            actor=actor,
            operation_id=edit.undoes.operation_id,
            account_pks=pks,
            reason=change.reason,
            undo_id=edit.operation_id,
        )
    else:
        batch = controls.change_many(
            actor=actor,
            account_pks=pks,
            what=change.what,
            value=change.value,
            reason=change.reason,
            operation_id=edit.operation_id,
        )
    result = Result(n_changed=len(batch.changed), n_sub_accounts=batch.n_sub_accounts)
    for account, error in batch.refused:
        if isinstance(error, AlreadySo):
            result.n_same += 1
            continue
        detail = f"+{error.data['missing']} {edit.partner.currency}" if isinstance(error, InArrears) else ""
        result.refused.append((account.pk, str(account), error.code, detail))
    return result


def _is_unfreezing(change: Change) -> bool:
    return change.what == Control.PAYG_FREEZE and change.value == NORMAL


def _verdicts(
    actor: Actor, rows: QuerySet[LinkedAccount], change: Change, undone: uuid.UUID | None
) -> list[tuple[int, str, str]]:
    """(pk, verdict, environment) of every account in the order of their pk: one statement; one more than may be."""
    if undone is not None:
        own = ControlChange.objects.visible_to(actor).filter(cause__isnull=True, what=change.what)
        newest = own.filter(account_id=OuterRef("pk")).order_by("-pk").values("operation_id")[:1]
        rows = rows.annotate(newest_operation=Subquery(newest))
    whens = [When(condition, then=Value(code)) for code, condition in _conditions(change, undone).items()]
    judged = rows.order_by("pk").annotate(verdict=Case(*whens, default=Value(GOES), output_field=TextField()))
    return list(judged.values_list("pk", "verdict", "environment")[: MOST_ACCOUNTS + 1])


def _conditions(change: Change, undone: uuid.UUID | None) -> dict[str, Q]:
    """What `uids.controls.judge` and arrears say, in their order: the first that holds is the verdict."""
    what = Control(change.what)
    found = {NOT_LIVE: ~Q(relationship__in=LIVE)}
    if undone is not None:
        found[CHANGED_SINCE] = ~Q(newest_operation=undone)
    if what is Control.SHUTDOWN_POLICY:
        found[FOLLOWS_MASTER] = Q(trustee__isnull=False)
    if change.value:
        found[SAME if undone is None else CHANGED_SINCE] = found.get(CHANGED_SINCE, Q()) | _says(what, change.value)
    if _is_unfreezing(change):
        own, masters = Q(trustee__isnull=True, credit__available__lt=0), Q(trustee__credit__available__lt=0)
        found[IN_ARREARS] = own | masters
    return found


def _says(what: Control, value: str) -> Q:
    """Accounts whose own switch says this."""
    if what is Control.PAYG_FREEZE:
        return Q(payg_frozen=value == FROZEN)
    return Q(purchase_control=value) if what is Control.PURCHASE_CONTROL else Q(shutdown_policy=value)


def _followers(actor: Actor, masters: Sequence[int], what: Control) -> QuerySet[LinkedAccount]:
    """Live sub-accounts that a change of these masters reaches and that are not changed themselves."""
    subs: QuerySet[LinkedAccount] = LinkedAccount.objects.visible_to(actor).live().filter(trustee_id__in=masters)
    return subs.exclude(held(what)).exclude(pk__in=masters)


def _read(actor: Actor, pks: Sequence[int]) -> list[LinkedAccount]:
    return list(LinkedAccount.objects.visible_to(actor).filter(pk__in=pks).order_by("pk"))


def _turned_away(actor: Actor, verdicts: Sequence[tuple[int, str]]) -> list[tuple[LinkedAccount, str, str]]:
    """The first accounts that would not be changed, with the code of the reason and what is missing."""
    rows = LinkedAccount.objects.visible_to(actor).filter(pk__in=[pk for pk, _code in verdicts])
    accounts = {row.pk: row for row in rows.select_related("partner", "credit", "trustee__credit")}
    return [(accounts[pk], code, _missing(accounts[pk]) if code == IN_ARREARS else "") for pk, code in verdicts]


def _missing(account: LinkedAccount) -> str:
    return f"+{missing_to_zero(account.in_force.credit.available)} {account.partner.currency}"


def _need(actor: Actor, change: Change, *, is_sensitive: bool, in_production: bool) -> Need | None:
    """Why all of it waits for one second person by the partner's rule about one account."""
    partner = Partner.objects.visible_to(actor).filter(pk=actor.partner_pk).first()
    if partner is None:
        return None
    return needs_check(
        partner=partner,
        action=controls.ACTION[Control(change.what)],  # the rule about one account is the rule about many
        amount=None,
        is_sensitive=is_sensitive,
        is_production=in_production,
    )
