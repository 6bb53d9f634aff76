"""The records of an account's switches as a file, in Chinese, English and Japanese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import Permission
from partner_console.batched import batched
from partner_console.exports.reading import CHUNK
from partner_console.exports.registry import Column, ExportSpec, Kind
from uids import selectors
from uids.control_tables import state_in_words
from uids.views.records import EXPORT, control_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import QuerySet

    from partner_console.access.actor import Actor
    from partner_console.cloud.models import CloudCommand
    from uids.models import ControlChange

CELLS: dict[str, Callable[[ControlChange, CloudCommand | None], Any]] = {
    "at": lambda change, _order: change.at,
    "what": lambda change, _order: change.get_what_display(),
    "before": lambda change, _order: state_in_words(change.what, change.before),
    "after": lambda change, _order: state_in_words(change.what, change.after),
    "reason": lambda change, _order: change.why,
    "operator_uid": lambda change, _order: change.operator_uid,
    "operator": lambda change, _order: change.who,
    "method": lambda change, _order: change.get_method_display(),
    "cloud": lambda _change, order: order.get_state_display() if order else "",
    "cloud_code": lambda _change, order: order.vendor_code if order else "",
    "cloud_at": lambda _change, order: order.finished_at if order else None,
    "cause": lambda change, _order: change.cause.uid if change.cause else "",
    "operation": lambda change, _order: str(change.operation_id),
}


def read(actor: Actor, rows: QuerySet[ControlChange], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """One tuple per change, chunk by chunk; the cloud's answers of a chunk are one query."""
    cells = [CELLS[column.key] for column in columns]
    for chunk in batched(rows.select_related("account", "cause").iterator(chunk_size=CHUNK), CHUNK):
        orders = selectors.orders_of_changes(actor, chunk[0].account, chunk)
        for change in chunk:
            yield tuple(cell(change, orders.get(change.pk)) for cell in cells)


CONTROLS = ExportSpec(
    name=EXPORT,
    title=_("Changes of freeze, purchase control and shutdown policy"),
    permission=Permission.CONTROL_VIEW,
    file_stem="control-records",
    list_page=control_page,
    columns=(
        Column("at", _("Operation time"), Kind.TIME),
        Column("what", _("Kind of change")),
        Column("before", _("Before")),
        Column("after", _("After")),
        Column("reason", _("Reason")),
        Column("operator_uid", _("Operator UID"), Kind.ID),
        Column("operator", _("Operator")),
        Column("method", _("Operation method")),
        Column("cloud", _("At the cloud")),
        Column("cloud_code", _("The cloud's code")),
        Column("cloud_at", _("The cloud answered at"), Kind.TIME),
        Column("cause", _("Followed UID"), Kind.ID),
        Column("operation", _("Operation")),
    ),
    read=read,
    shown_as={
        "change": ("what", "before", "after", "cause"),
        "operator": ("operator_uid", "operator", "method"),
        "cloud": ("cloud", "cloud_code", "cloud_at"),
    },
)
