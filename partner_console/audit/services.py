"""`record`: the only writer of the trail."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

from django.db import connection, transaction

from partner_console.copying import copy_in

from .actions import Action
from .models import AuditEntry

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable

    from django.db.models import Model

    from partner_console.access.actor import Actor


class Subject(Protocol):
    """Anything with a pk and a name; when it has `audit_state()`, changes are taken from it."""

    pk: Any


def _plain(value: Any) -> Any:
    """Money and dates as strings, everything else as JSON has it."""
    if isinstance(value, Decimal | date | datetime | time):
        return str(value)
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return value


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """`{field: [old, new]}` of what changed."""
    return {
        name: [_plain(before.get(name)), _plain(after.get(name))]
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


def entry(
    actor: Actor,
    action: Action,
    subject: Subject,
    *,
    changes: dict[str, Any] | None = None,
    note: str = "",
    operation_id: uuid.UUID | None = None,
    partner_pk: int | None = None,
) -> AuditEntry:
    """An unsaved entry, for bulk services that insert many with `record_all`."""
    return AuditEntry(
        partner_id=partner_pk or getattr(subject, "partner_id", None) or actor.partner_pk,
        actor_user_id=actor.user_pk,
        actor_label=actor.label,
        operator_uid=actor.operator_uid,
        channel=actor.channel,
        action=Action(action),
        subject_type=f"{subject._meta.app_label}.{subject._meta.model_name}",  # type: ignore[attr-defined]
        subject_pk=subject.pk,
        subject_label=str(subject)[:200],
        changes=changes or {},
        note=note,
        operation_id=operation_id,
        request_id=actor.request_id,
    )


def record(
    actor: Actor,
    action: Action,
    subject: Subject,
    *,
    before: dict[str, Any] | None = None,
    changes: dict[str, Any] | None = None,
    note: str = "",
    operation_id: uuid.UUID | None = None,
    partner_pk: int | None = None,
) -> AuditEntry:
    """Write one entry in the caller's transaction; raises outside one, and for an unknown action (ValueError).

    With `before` (an earlier `audit_state()`), the entry holds what changed since; `changes` gives it directly.
    """
    _require_transaction()
    if before is not None:
        changes = {**difference(before, subject.audit_state()), **(changes or {})}  # type: ignore[attr-defined]
    row = entry(actor, action, subject, changes=changes, note=note, operation_id=operation_id, partner_pk=partner_pk)
    row.save(force_insert=True)
    return row


def record_all(entries: Iterable[AuditEntry]) -> None:
    """Insert many entries set-based, in the caller's transaction."""
    _require_transaction()
    copy_in(list(entries))


# Columns of the trail that a statement's rows say, then those that are the same for all of them.
_SELECTED = """
{parts} INSERT INTO audit_auditentry (
    partner_id, subject_pk, subject_label, action, changes, subject_type, at, actor_user_id, actor_label, operator_uid,
    channel, note, operation_id, request_id
)
SELECT partner_id, subject_pk, left(subject_label, 200), action, changes, %(subject_type)s, %(at)s, %(actor_user)s,
    %(actor_label)s, %(operator_uid)s, %(channel)s, %(note)s, %(operation_id)s, %(request_id)s
FROM ({rows}) selected ORDER BY subject_pk
"""


def record_selected(
    actor: Actor,
    *,
    parts: str,
    rows: str,
    values: dict[str, Any],
    model: type[Model],
    note: str,
    operation_id: uuid.UUID,
    at: datetime,
) -> int:
    """Write an entry for each row of a statement of our own, in it and in the caller's transaction; how many.

    `parts` is the statement's WITH clause, `rows` a SELECT over it: partner_id, subject_pk, subject_label, action (an
    `Action`) and changes (jsonb). For what happens to thousands at once, where making objects costs most of the time.
    """
    _require_transaction()
    known: dict[str, Any] = {
        "subject_type": model._meta.label_lower,
        "at": at,
        "actor_user": actor.user_pk,
        "actor_label": actor.label,
        "operator_uid": actor.operator_uid,
        "channel": str(actor.channel),
        "note": note,
        "operation_id": operation_id,
        "request_id": actor.request_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SELECTED.format(parts=parts, rows=rows), {**values, **known})
        return int(cursor.rowcount)


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        msg = "The audit trail is written inside the transaction it describes."
        raise RuntimeError(msg)
