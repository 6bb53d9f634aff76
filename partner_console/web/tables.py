"""Columns of a list and rows of prepared cells: twelve cells cost microseconds, not a template (style §10)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from partner_console.web import formats
from partner_console.web.badges import status_badge

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from django.utils.functional import Promise

    from partner_console.access.policy import Permission
    from partner_console.web.keyset import Sort

type_of_cell = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `cell(row)` returns ready markup: build it with the functions below, which escape. A list that binds
    its cells a page at a time (`ListPage.shown_columns`) leaves it out.

    `permission` hides the column, also from `columns=`, from actors who lack it. `is_fixed` keeps it whatever was
    chosen; `is_shown` says whether it is there until somebody chooses. `heads_row` makes its cell the row's header.
    """

    key: str
    label: str | Promise
    cell: type_of_cell = lambda _row: ""
    sort: Sort | None = None
    css: str = ""
    title: str | Promise = ""
    permission: Permission | None = None
    is_shown: bool = True
    is_fixed: bool = False
    heads_row: bool = False


@dataclass(frozen=True, slots=True)
class HeadCell:
    """What `ui/table.html` needs to draw a column's head."""

    key: str
    label: str | Promise
    css: str = ""
    sort_url: str = ""
    direction: str = ""
    title: str | Promise = ""


@dataclass(slots=True)
class Table:
    """The context of `ui/table.html`."""

    id: str
    caption: str | Promise
    columns: list[HeadCell]
    body: SafeString | str = ""
    state: str = "rows"
    message: dict[str, Any] | None = None
    pager: dict[str, Any] | None = None
    is_selectable: bool = False
    refresh: tuple[str, str] | None = None
    bulk: dict[str, Any] | None = None


def prepared_rows(
    objects: Iterable[Any],
    columns: Sequence[Column],
    *,
    label: Callable[[Any], str] = str,
    is_selectable: bool = False,
    is_selected: Callable[[Any], bool] = lambda _row: False,
) -> SafeString:
    """The table's body, ready. `label` is what “Select …” says of a row; selectable rows belong to the form “bulk”,
    and those of `is_selected` come chosen.
    """
    frames = []
    for column in columns:
        tag = 'th scope="row"' if column.heads_row else "td"
        name = "" if column.heads_row else f' data-label="{escape(str(column.label))}"'  # a phone's card has no head
        css = f' class="{escape(column.css)}"' if column.css else ""
        empty = f'<{tag} class="{escape(column.css)} nothing"{name}>'
        frames.append((column.cell, f"<{tag}{css}{name}>", empty, f"</{tag[:2]}>"))
    select = escape(_("Select"))
    rows = []
    for row in objects:
        cells = "".join(
            [
                f"{opening if (shown := cell(row)) != formats.NOTHING else empty}{shown}{closing}"
                for cell, opening, empty, closing in frames
            ]
        )
        pick = ""
        if is_selectable:
            pick = _PICK % (row.pk, select, escape(label(row)), " checked" if is_selected(row) else "")
        rows.append(f"<tr>{pick}{cells}</tr>")
    return markup("".join(rows))


_PICK = (
    '<td class="pick"><label><input class="form-check-input" type="checkbox" name="pk" value="%s" form="bulk" data-row'
    ' aria-label="%s %s" autocomplete="off"%s></label></td>'
)


def markup(html: str) -> SafeString:
    """Declares markup of ours safe: every value in it went through a function of this module."""
    return mark_safe(html)  # noqa: S308 the one place; nothing reaches it unescaped


def text(value: object, *, css: str = "") -> str:
    """Escaped; an em dash for nothing."""
    shown = escape(str(value)) if value not in (None, "") else formats.NOTHING
    return f'<span class="{css}">{shown}</span>' if css else shown


def clipped(value: str) -> str:
    """Long text on one line, whole on hover (the column's css is "clip")."""
    shown = escape(value)
    return f'<span title="{shown}">{shown}</span>' if shown else formats.NOTHING


def link(url: str, value: object, *, css: str = "") -> str:
    return f'<a href="{escape(url)}"{f" class={chr(34)}{css}{chr(34)}" if css else ""}>{escape(str(value))}</a>'


def money(value: Decimal | None, places: int = 2) -> str:
    """Grouped, tabular, negative ones marked; for columns with css "num"."""
    if value is not None and value < 0:
        return f'<span class="money money-negative">{formats.amount(value, places)}</span>'
    return formats.amount(value, places)


def when(value: datetime | None) -> str:
    return str(formats.when_html(value))


def status(value: Any) -> str:
    """The badge of a `TextChoices` member."""
    return str(status_badge(value))


class Badges:
    """The badges of one page: each drawn once."""

    def __init__(self) -> None:
        self.drawn: dict[tuple[type, Any], str] = {}

    def __getitem__(self, value: Any) -> str:
        # By type too: “normal” is a word of several vocabularies.
        key = (type(value), value)
        if key not in self.drawn:
            self.drawn[key] = status(value)
        return self.drawn[key]


class Clock:
    """The times of one page: zone, its name and the present are asked once, not once a cell."""

    def __init__(self) -> None:
        self.zone, self.now = timezone.get_current_timezone(), timezone.now()

    def when(self, value: datetime | None) -> str:
        """What `formats.when_html` shows, for the hundredth time as cheap as it can be."""
        if value is None:
            return formats.NOTHING
        local = value.astimezone(self.zone)
        zone = formats.offset(local)
        shown = formats.relative(value, self.now)
        return (
            f'<time datetime="{value.isoformat(timespec="seconds")}" title="{local:%Y-%m-%d %H:%M:%S} {zone}">'
            f"{escape(shown)}</time>"
        )
