"""One change to many accounts, batch by batch: business manager, labels or remarks.

Switches change in bulk too; what that does to an account is `control_batches`' own, and money has a word in it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission, require
from partner_console.audit import services as audit
from partner_console.audit.actions import Action
from partner_console.errors import Invalid
from uids import hooks
from uids.bulk_wording import CONTROLS, LABELS, MANAGER, NOT_LIVE, REMARKS, TOO_LONG, UNDO
from uids.controls import clean_switch
from uids.errors import ReasonMissing
from uids.models import Label, LinkedAccount
from uids.models.account import MANAGER_CHARACTERS, REMARKS_BYTES
from uids.services.accounts import clean_line, clean_text
from uids.states import LIVE

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.approvals.rules import Need
    from partner_console.audit.models import AuditEntry

REPLACE, APPEND = "replace", "append"
SWITCHING = (CONTROLS, UNDO)


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to every account. `text` is the new manager or remarks; `add` and `remove` are label keys.

    Of a switch, `what` is a `Control` and `value` what it is set to (empty where each account goes back to its own),
    and `reason` stands on every row.
    """

    kind: str
    text: str = ""
    mode: str = REPLACE
    add: tuple[int, ...] = ()
    remove: tuple[int, ...] = ()
    what: str = ""
    value: str = ""
    reason: str = ""

    @property
    def is_switch(self) -> bool:
        return self.kind in SWITCHING

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Change:
        return cls(**{**data, "add": tuple(data.get("add", ())), "remove": tuple(data.get("remove", ()))})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "add": list(self.add), "remove": list(self.remove)}


@dataclass(slots=True)
class Preview:
    """What a change would do: how many would change, are so already, are refused and why, and the first few.

    Of switches too: how many sub-accounts follow, why a second person has to agree, and the accounts that were judged.
    """

    total: int
    n_changed: int
    n_same: int
    refused: list[tuple[str, int]] = field(default_factory=list)
    sample: list[LinkedAccount] = field(default_factory=list)
    turned_away: list[tuple[LinkedAccount, str, str]] = field(default_factory=list)
    n_sub_accounts: int = 0
    need: Need | None = None
    pks: list[int] = field(default_factory=list)

    @property
    def n_accounts(self) -> int:
        """What somebody types to confirm: everybody who notices."""
        return self.n_changed + self.n_sub_accounts


@dataclass(slots=True)
class Result:
    """What came of a batch: (pk, UID and name, reason code, detail) for every account that was refused."""

    n_changed: int = 0
    n_same: int = 0
    n_sub_accounts: int = 0
    refused: list[tuple[int, str, str, str]] = field(default_factory=list)


def permit(actor: Actor, kind: str) -> None:
    if kind in SWITCHING:
        require(actor, Permission.CONTROL_CHANGE)
    else:
        require(actor, Permission.UID_EDIT_MANAGER if kind == MANAGER else Permission.UID_EDIT)


def checked(actor: Actor, change: Change) -> Change:
    """The change with its text cleaned; `Invalid` when it is nothing, too long, or names labels of others."""
    permit(actor, change.kind)
    if change.is_switch:
        return _checked_switch(change)
    text = clean_text(change.text) if change.kind == REMARKS else clean_line(change.text)
    if change.kind == MANAGER and len(text) > MANAGER_CHARACTERS:
        raise Invalid("too_long", _("A business manager's name has at most 50 characters."), field="text")
    if change.kind == REMARKS and (len(text.encode()) > REMARKS_BYTES or (change.mode == APPEND and not text)):
        raise Invalid("bad_remarks", _("Remarks to add have 1 to 3000 bytes."), field="text")
    wanted = {*change.add, *change.remove}
    if change.kind == LABELS and (not wanted or set(change.add) & set(change.remove)):
        raise Invalid("no_labels", _("Choose labels to add or to remove, each in one place."), field="add")
    if Label.objects.visible_to(actor).filter(pk__in=wanted).count() != len(wanted):
        raise Invalid("unknown_label", _("One of the labels does not exist any more."), field="add")
    return Change(change.kind, text, change.mode, change.add, change.remove)


def _checked_switch(change: Change) -> Change:
    reason = clean_text(change.reason)
    if not reason:
        raise ReasonMissing
    if change.value or change.kind == CONTROLS:
        clean_switch(change.what, change.value)
    return replace(change, reason=reason)


def conditions(change: Change) -> dict[str, Q]:
    """Which accounts a change refuses, by reason, and which are as they should be (`same`): for the dry run.

    The accounts come `measured`.
    """
    live = Q(relationship__in=LIVE)
    if change.kind == LABELS:
        return {NOT_LIVE: ~live, "same": live & _labels_are_so(change)}
    if change.kind == MANAGER:
        return {NOT_LIVE: ~live, "same": live & Q(business_manager=change.text)}
    if change.mode == REPLACE:
        return {NOT_LIVE: ~live, "same": live & Q(remarks=change.text)}
    room = REMARKS_BYTES - len(f"\n{change.text}".encode())
    return {NOT_LIVE: ~live, TOO_LONG: live & Q(remarks_bytes__gt=room) & ~Q(remarks=""), "same": Q(pk__in=[])}


def measured(rows: QuerySet[LinkedAccount]) -> QuerySet[LinkedAccount]:
    return rows.annotate(remarks_bytes=Func(F("remarks"), function="octet_length", output_field=IntegerField()))


def _labels_are_so(change: Change) -> Q:
    through = LinkedAccount.labels.through.objects.filter(linkedaccount_id=OuterRef("pk"))
    found = Q()
    for pk in change.add:
        found &= Q(Exists(through.filter(label_id=pk)))
    if change.remove:
        found &= ~Q(Exists(through.filter(label_id__in=change.remove)))
    return found


def new_value(account: LinkedAccount, change: Change) -> tuple[str, str]:
    """The field a text change sets, and its new value for this account."""
    if change.kind == MANAGER:
        return "business_manager", change.text
    joined = f"{account.remarks}\n{change.text}" if account.remarks and change.mode == APPEND else change.text
    return "remarks", joined


@transaction.atomic
def apply_batch(*, actor: Actor, pks: Sequence[int], change: Change, operation_id: uuid.UUID) -> Result:
    """The change to some hundred accounts, in the caller's transaction, locked in pk order; one audit entry each.

    Set-based: rows are read once and written once. Refused and unchanged accounts leave no trace in the trail.
    """
    permit(actor, change.kind)
    rows = LinkedAccount.objects.visible_to(actor).filter(pk__in=pks).order_by("pk").select_for_update(of=("self",))
    accounts = list(rows)
    result = Result()
    live = []
    for account in accounts:
        if account.is_live:
            live.append(account)
        else:
            result.refused.append((account.pk, str(account), NOT_LIVE, ""))
    entries = _label(actor, live, change) if change.kind == LABELS else _write(actor, live, change, result)
    for entry in entries:
        entry.operation_id = operation_id
    audit.record_all(entries)
    result.n_changed = len(entries)
    result.n_same = len(accounts) - len(entries) - len(result.refused)
    return result


def _write(actor: Actor, accounts: list[LinkedAccount], change: Change, result: Result) -> list[AuditEntry]:
    entries, changed = [], []
    now = timezone.now()
    for account in accounts:
        name, value = new_value(account, change)
        before = getattr(account, name)
        if value == before:
            continue
        if name == "remarks" and len(value.encode()) > REMARKS_BYTES:
            result.refused.append((account.pk, str(account), TOO_LONG, ""))
            continue
        setattr(account, name, value)
        account.version += 1
        account.updated_at = now
        changed.append(account)
        entries.append(audit.entry(actor, Action.ACCOUNT_EDITED, account, changes={name: [before, value]}))
    if changed:
        field_name, _value = new_value(changed[0], change)
        LinkedAccount.objects.bulk_update(changed, [field_name, "version", "updated_at"], batch_size=500)
    return entries


def _label(actor: Actor, accounts: list[LinkedAccount], change: Change) -> list[AuditEntry]:
    """Labels are no part of an account's version: two people labelling do not disturb each other."""
    through = LinkedAccount.labels.through
    names = dict(Label.objects.visible_to(actor).values_list("pk", "name"))
    by_pk = {account.pk: account for account in accounts}
    has: dict[int, set[int]] = {pk: set() for pk in by_pk}
    for account_pk, label_pk in through.objects.filter(linkedaccount_id__in=by_pk).values_list(
        "linkedaccount_id", "label_id"
    ):
        has[account_pk].add(label_pk)
    entries, rows = [], []
    for pk, account in by_pk.items():
        after = (has[pk] | (set(change.add) & names.keys())) - set(change.remove)
        if after == has[pk]:
            continue
        rows += [through(linkedaccount_id=pk, label_id=label_pk) for label_pk in sorted(after - has[pk])]
        words = [sorted(names[label] for label in side if label in names) for side in (has[pk], after)]
        entries.append(audit.entry(actor, Action.ACCOUNT_LABELLED, account, changes={"labels": words}))
    through.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
    through.objects.filter(linkedaccount_id__in=by_pk, label_id__in=change.remove).delete()
    hooks.labels_changed(actor=actor, account_pks=sorted(by_pk))
    return entries
