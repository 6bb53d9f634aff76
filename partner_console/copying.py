"""Rows by the thousand: PostgreSQL's COPY for objects that would otherwise be inserted with `bulk_create`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import AutoField, JSONField
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import Field, Model


def copy_in(objects: Sequence[Model]) -> None:
    """Insert unsaved objects of one model, in their order and in the caller's transaction; they get their pks.

    Constraints and triggers hold as for any insert: raises IntegrityError, and the transaction is lost. What the
    database generates is not read back. Related objects must be saved: only their keys are looked at.
    """
    if not objects:
        return
    if not connection.in_atomic_block:
        msg = "Rows are copied in a transaction of the caller."
        raise transaction.TransactionManagementError(msg)
    meta = objects[0]._meta
    fields = [field for field in meta.concrete_fields if not field.generated]
    with connection.cursor() as cursor, connection.wrap_database_errors:
        if isinstance(meta.pk, AutoField):
            _number(cursor, objects, meta.db_table, str(meta.pk.column))
        columns = sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in fields)
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(meta.db_table), columns)
        readers = [_reader(field) for field in fields]
        with cursor.cursor.copy(statement) as copy:
            for row in objects:
                copy.write_row([read(row) for read in readers])
    for row in objects:
        row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001 saved now, as bulk_create says it


def _number(cursor: Any, objects: Sequence[Model], table: str, column: str) -> None:
    """Take the keys from the table's own sequence, so that nobody else is given them."""
    sequence = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
    cursor.execute(sequence, [table, column, len(objects)])
    for row, (pk,) in zip(objects, cursor.fetchall(), strict=True):
        row.pk = pk


def _reader(field: Field[Any, Any]) -> Callable[[Model], Any]:
    """How this field's value is taken from an object. Values are of their fields' types, as the models' own code sets
    them; only JSON must be told from text."""
    name = field.attname
    if isinstance(field, JSONField):
        return lambda row: field.get_db_prep_save(getattr(row, name), connection)
    return lambda row: getattr(row, name)
