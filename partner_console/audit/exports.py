"""The audit trail as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission
from partner_console.batched import batched
from partner_console.exports.reading import CHUNK
from partner_console.exports.registry import Column, ExportSpec, Kind

from .views import EntryPage
from .wording import Line, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor

    from .models import AuditEntry


def _changes(line: Line) -> str:
    return "\n".join(f"{label}: {before or '—'} → {after or '—'}" for label, before, after in line.changes)


CELLS: dict[str, Callable[[Line], Any]] = {
    "at": lambda line: line.at,
    "action": lambda line: line.title,
    "subject": lambda line: line.subject,
    "subject_kind": lambda line: line.subject_kind,
    "changes": _changes,
    "reason": lambda line: line.note,
    "who": lambda line: line.by,
    "operator_uid": lambda line: line.operator_uid,
    "method": lambda line: line.method,
    "operation": lambda line: str(line.operation_id or ""),
}


def read(actor: Actor, rows: QuerySet[AuditEntry], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """One tuple per entry, in words, chunk by chunk."""
    cells = [CELLS[column.key] for column in columns]
    for chunk in batched(rows.iterator(chunk_size=CHUNK), CHUNK):
        for line in in_words(actor, chunk):
            yield tuple(cell(line) for cell in cells)


ENTRIES = ExportSpec(
    name="audit.entries",
    title=_("Audit trail"),
    permission=Permission.AUDIT_VIEW,
    file_stem="audit-trail",
    list_page=EntryPage,
    columns=(
        Column("at", _("Time"), Kind.TIME),
        Column("action", _("Action")),
        Column("subject", _("Subject")),
        Column("subject_kind", _("Kind of subject")),
        Column("changes", _("Changes")),
        Column("reason", _("Reason")),
        Column("who", _("Who")),
        Column("operator_uid", _("Operator UID"), Kind.ID),
        Column("method", _("Method")),
        Column("operation", _("Operation")),
    ),
    read=read,
)
