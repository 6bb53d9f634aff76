"""From a table of cells to rows of UID and amount: which column is which, in three languages. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.errors import Invalid
from partner_console.exports.delimited import DANGEROUS_STARTS
from partner_console.web.uploads import Field, currency_of, guess_columns, in_every_language
from quota.models.quota_batch import QuotaRowMode, QuotaRowProblem
from quota.services.imports.columns import BY_KEY as IMPORTED
from uids.identifiers import recognise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from django.utils.functional import _StrPromise

    from partner_console.web.uploads import Table

LABELS: dict[str, _StrPromise] = {
    "uid": gettext_lazy("UID"),
    "total": gettext_lazy("New total"),
    "change": gettext_lazy("Add or subtract"),
}
ALIASES: dict[str, tuple[str, ...]] = {
    "uid": IMPORTED["uid"].aliases,
    "total": (
        "New quota", "New amount", "New Quota Amount", "New credit line", "New limit", "Target quota", "Set to",
        "Revised quota", "新总额", "新额度", "新配额", "新信用额度", "调整后额度", "调整后总额", "变更后额度",
        "新しい総額", "新総額", "新クォータ", "新しいクォータ", "新与信枠", "変更後クォータ", "変更後の総額",
        "調整後クォータ",
    ),
    "change": (
        "Add", "Change", "Difference", "Delta", "Adjustment", "Adjust by", "Change by", "Increase", "Increase by",
        "Amount to add", "Add / subtract", "+/-", "增减", "增减额", "增减金额", "调整额", "调整金额", "变动金额",
        "差额", "增加额度", "追加额度", "増減", "増減額", "差額", "調整額", "変更額", "追加額", "追加クォータ",
    ),
}  # fmt: skip
AMOUNTS = ("total", "change")
SAMPLE = 20
LONGEST = 80


@dataclass(frozen=True, slots=True)
class TypedRow:
    """What stood in one row. `amount` is empty where nothing is asked of this account."""

    number: int
    uid: str
    amount: str
    mode: QuotaRowMode = QuotaRowMode.TOTAL
    problem: str = ""


def guess(table: Table) -> dict[str, int]:
    """`{field key: column index}` of what is beyond doubt; without a header row by what stands in the columns.

    “Quota Amount”, as our list's file calls it, is the new total only where no column says so more clearly.
    """
    found = guess_columns(table.headers, _fields())
    today = found.pop("today", None)
    if today is not None and not set(AMOUNTS) & found.keys():
        found["total"] = today
    return found if table.header_row else _by_content(table)


def propose(table: Table) -> dict[str, int]:
    """What to offer where the heads leave doubt: what they say, then what stands in the columns. People confirm it."""
    found = guess(table)
    rest = {key: at for key, at in _by_content(table).items() if key not in found and at not in found.values()}
    return {**found, **rest}


def has_uids(table: Table) -> bool:
    return "uid" in guess(table)


def is_clear(columns: Mapping[str, int]) -> bool:
    return "uid" in columns and any(key in columns for key in AMOUNTS)


def ensure_columns(headers: Sequence[str], columns: Mapping[str, int], currency: str) -> None:
    """Raise `Invalid` naming the field for a needed column that is missing, one used twice, or another currency."""
    if "uid" not in columns:
        text = _("Choose the column that holds: %(field)s.") % {"field": LABELS["uid"]}
        raise Invalid("column_missing", text, field="uid")
    if not is_clear(columns):
        text = _("Choose the column that holds the new total, the amount to add or subtract, or both.")
        raise Invalid("column_missing", text, field="total")
    taken: set[int] = set()
    for key, at in columns.items():
        if key not in LABELS or not 0 <= at < len(headers):
            raise Invalid("unknown_column", _("The file has no such column."), field=key)
        if at in taken:
            raise Invalid("column_used_twice", _("This column is already used."), field=key)
        taken.add(at)
        stated = currency_of(headers[at]) if key in AMOUNTS else ""
        if stated and stated != currency:
            text = _("This column is in %(stated)s, your quota is in %(currency)s.")
            raise Invalid("other_currency", text % {"stated": stated, "currency": currency}, field=key)


def source_of(table: Table) -> dict[str, Any]:
    """The table as JSON keeps it while its columns may still be chosen again."""
    rows = [[row.number, list(row.cells), sorted(row.lost_digits)] for row in table.rows]
    return {"headers": list(table.headers), "rows": rows, "is_text": table.kind != "xlsx"}


def rows_of(source: Mapping[str, Any], columns: Mapping[str, int]) -> Iterator[TypedRow]:
    """The rows that ask for something: an id without an amount does not, as in a list where only some are filled in."""
    for number, cells, lost in source["rows"]:
        values = {key: _cell(cells[at], is_text=source["is_text"])[:LONGEST] for key, at in columns.items()}
        filled = [key for key in AMOUNTS if values.get(key)]
        if not filled:
            continue
        problem = QuotaRowProblem.BOTH if len(filled) > 1 else ""
        if columns["uid"] in lost:
            problem = QuotaRowProblem.LOST_DIGITS
        mode = QuotaRowMode(filled[0])
        yield TypedRow(number, values["uid"], " / ".join(values[key] for key in filled)[:LONGEST], mode, problem)


def _cell(text: str, *, is_text: bool) -> str:
    text = text.strip()
    if is_text and text[:1] == "'" and text[1:].startswith(DANGEROUS_STARTS):
        return text[1:]  # what our own CSV puts in front of text a spreadsheet would run
    return text


def _by_content(table: Table) -> dict[str, int]:
    """A pasted list has no header: the column of ids, and the one beside it. Amounts with a sign are differences."""
    sample, found = table.sample(SAMPLE), dict[str, int]()
    for at in range(len(table.headers)):
        cells = [cell for row in sample if (cell := row.cells[at].strip())]
        if not cells:
            continue
        half = len(cells) / 2
        if "uid" not in found and sum(_is_id(cell) for cell in cells) > half:
            found["uid"] = at
        elif not set(AMOUNTS) & found.keys() and sum(any(ch.isdigit() for ch in cell) for cell in cells) > half:
            signed = sum(cell[0] in "+-−＋－(" for cell in cells) > half
            found["change" if signed else "total"] = at
    return found


def _is_id(cell: str) -> bool:
    return len(recognise(cell).uid) > 10  # an amount of eleven digits is rarer than a column of ids


@lru_cache(maxsize=1)
def _fields() -> tuple[Field, ...]:
    today = IMPORTED["amount"]
    return (
        *(Field(key, (*in_every_language(label), *ALIASES[key])) for key, label in LABELS.items()),
        Field("today", (*in_every_language(today.label), *today.aliases)),
    )
