"""Keyset paging over an indexed key with a tie-breaker: as fast at row 1,000,000 as at row 1, both ways."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import BooleanField, F, Func, GeneratedField, Model, QuerySet, Value
from django.utils.translation import gettext as _

from partner_console.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import Field

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Sort:
    """One way to order a list. `key` is an ORM path that is the tail of an index `(partner, key, tie)`.

    Rows without a value come last, whichever way the sort runs: for a nullable column, and for a key on a row that may
    be missing (`credit__available`). Such a joined table has its own partner column, named by `partner_path`, so that
    its index can serve; `tie` is then that table's key to the row.
    """

    key: str
    tie: str = "pk"
    is_nullable: bool = False
    partner_path: str = ""

    def field(self, model: type[Model]) -> Field[Any, Any]:
        *parents, name = self.key.split("__")
        for parent in parents:
            model = cast("type[Model]", model._meta.get_field(parent).related_model)
        found = model._meta.pk if name == "pk" else model._meta.get_field(name)
        return found.output_field if isinstance(found, GeneratedField) else found  # type: ignore[return-value]

    def value(self, row: Model) -> Any:
        """The key of a row already read; None when the joined row is missing."""
        value: Any = row
        for name in self.key.split("__"):
            value = getattr(value, name, None)
        return value


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the ordering: the key and pk of one row, and its number in the list (1 is the first)."""

    value: Any
    pk: int
    number: int

    def encode(self, key: str) -> str:
        text = None if self.value is None else str(self.value)
        raw = json.dumps([key, text, self.pk, self.number], separators=(",", ":"))
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, token: str, key: str, field: Field[Any, Any]) -> Mark:
        """The mark of a link of ours; `Invalid` when it is damaged or belongs to another sorting."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
            found, text, pk, number = json.loads(raw)
            mark = cls(None if text is None else field.to_python(text), int(pk), max(int(number), 1))
        except (ValueError, TypeError, binascii.Error, ValidationError) as error:
            raise _damaged() from error
        if found != key:
            raise _damaged()
        return mark


def _damaged() -> Invalid:
    return Invalid("bad_page_mark", _("This link to a page is damaged. Start from the first page."))


def _beyond(sort: Sort, field: Field[Any, Any], mark: Mark, *, is_greater: bool) -> Func:
    """(key, tie) > (value, pk) as one row comparison: what an index on (partner, key, tie) can start from."""

    def pair(*parts: F | Value) -> Func:
        return Func(*parts, template="(%(expressions)s)", output_field=BooleanField())

    ours, theirs = pair(F(sort.key), F(sort.tie)), pair(Value(mark.value, output_field=field), Value(mark.pk))
    joiner = " > " if is_greater else " < "
    return Func(ours, theirs, template="%(expressions)s", arg_joiner=joiner, output_field=BooleanField())


@dataclass(frozen=True, slots=True)
class Order(Generic[M]):
    """A sort in one direction, of one partner's rows (None: of everybody's)."""

    sort: Sort
    is_descending: bool
    partner_pk: int | None = None

    def whole(self, rows: QuerySet[M]) -> list[QuerySet[M]]:
        """Everything in order: rows with a key, then rows without."""
        return list(self._parts(rows, None, is_backwards=False))

    def read(self, rows: QuerySet[M], mark: Mark | None, limit: int, *, is_backwards: bool = False) -> list[M]:
        """Up to `limit` rows after the mark (before it when backwards), always in the list's own order."""
        found: list[M] = []
        for part in self._parts(rows, mark, is_backwards=is_backwards):
            found.extend(part[: limit - len(found)])
            if len(found) == limit:
                break
        return found[::-1] if is_backwards else found

    def _parts(self, rows: QuerySet[M], mark: Mark | None, *, is_backwards: bool) -> Iterator[QuerySet[M]]:
        is_falling = self.is_descending is not is_backwards
        sign = "-" if is_falling else ""
        keyed = rows.order_by(sign + self.sort.key, sign + self.sort.tie)
        bare = rows.order_by(f"{sign}pk")
        if self.sort.is_nullable:
            # Asked of the joined row, not of its column: only that becomes an anti-join.
            path = f"{self.sort.key.rpartition('__')[0] or self.sort.key}__isnull"
            keyed, bare = keyed.filter(**{path: False}), bare.filter(**{path: True})
        if self.sort.partner_path and self.partner_pk is not None:
            keyed = keyed.filter(**{self.sort.partner_path: self.partner_pk})
        field = self.sort.field(rows.model)
        if mark is None:
            parts = [keyed, bare]
        elif mark.value is None:
            parts = [keyed, bare.filter(**{"pk__lt" if is_falling else "pk__gt": mark.pk})]
            if not is_backwards:
                parts[0] = keyed.none()
        else:
            parts = [keyed.filter(_beyond(self.sort, field, mark, is_greater=not is_falling)), bare]
            if is_backwards:
                parts[1] = bare.none()
        if not self.sort.is_nullable:
            parts = parts[:1]
        yield from reversed(parts) if is_backwards else parts


SURELY = 5  # statistics may err; they are believed from this many times the cap on


def bare(rows: QuerySet[M]) -> QuerySet[M]:
    """The rows as a count wants them: nothing of them is asked for, so that an index may answer alone."""
    found: QuerySet[Any] = rows.order_by().annotate(one=Value(1)).values("one")
    return found


def capped_count(rows: QuerySet[Any], cap: int) -> int:
    """How many rows (`bare` ones), counting no further than one past `cap`.

    Not even that far when the database's statistics put the number far beyond: looking for ten thousand among a million
    would take longer than the page. A plan with a subquery inside is not believed.
    """
    try:
        sql, values = rows.query.sql_with_params()  # put together once, for both questions
    except EmptyResultSet:  # a condition nothing can meet
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
        plan = cursor.fetchone()[0][0]["Plan"]
        if plan["Plan Rows"] > cap * SURELY and "SubPlan" not in json.dumps(plan):
            return cap + 1
        cursor.execute(f"SELECT COUNT(*) FROM ({sql} LIMIT {cap + 1:d}) found", values)  # noqa: S608 Django's own SQL
        count: int = cursor.fetchone()[0]
    return count
