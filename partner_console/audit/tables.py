"""The columns of the audit trail. Cells take a `Line`: the entry already put into words."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from partner_console.web import formats
from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, link, text

if TYPE_CHECKING:
    from .wording import Line

UNFOLDED_CHANGES = 3


def _when(line: Line) -> str:
    return str(formats.when_html(line.at, exact=True))


def _who(line: Line) -> str:
    return text(line.by)


def _subject(line: Line) -> str:
    return f'{text(line.subject)}<br><span class="soft">{escape(line.subject_kind)}</span>'


def _changes(line: Line) -> str:
    """Field: old → new, one to a line; folded where an entry has many, as when something was made."""
    if not line.changes:
        return formats.NOTHING
    parts = [
        f"<dt>{escape(label)}</dt><dd><del>{escape(before) or formats.NOTHING}</del>"
        f' <span aria-hidden="true">→</span> <ins>{escape(after) or formats.NOTHING}</ins></dd>'
        for label, before, after in line.changes
    ]
    changes = f'<dl class="changes">{"".join(parts)}</dl>'
    if len(parts) <= UNFOLDED_CHANGES:
        return changes
    summary = escape(ngettext("%d field", "%d fields", len(parts)) % len(parts))
    return f"<details><summary>{summary}</summary>{changes}</details>"


def _operation(line: Line) -> str:
    if line.operation_id is None:
        return formats.NOTHING
    url = f"{reverse('audit:entry_list')}?operation={line.operation_id}"
    return link(url, _("Show together"))


COLUMNS = (
    Column("at", gettext_lazy("Time"), _when, sort=Sort("at"), css="nowrap", is_fixed=True, heads_row=True),
    Column("who", gettext_lazy("Who"), _who),
    Column("action", gettext_lazy("Action"), lambda line: text(line.title), is_fixed=True),
    Column("subject", gettext_lazy("Subject"), _subject, css="wrap"),
    Column("changes", gettext_lazy("Changes"), _changes),
    Column("reason", gettext_lazy("Reason"), lambda line: text(line.note), css="wrap"),
    Column(
        "operator_uid", gettext_lazy("Operator UID"), lambda line: text(line.operator_uid), css="mono", is_shown=False
    ),
    Column("method", gettext_lazy("Method"), lambda line: text(line.method)),
    Column(
        "operation",
        gettext_lazy("Operation"),
        _operation,
        title=gettext_lazy("Everything one action did, in one list"),
    ),
)
