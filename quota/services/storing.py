"""How the ledger's entries and the balances they make reach the database, together: one statement for an entry, COPY
for many. `quota.services.ledger` alone calls this.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import connection

from partner_console.copying import copy_in
from quota.models import CreditAccount, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

# What an entry moves on its account; the rest of the row is not the ledger's.
MOVED = ("amount", "deducted", "undeducted", "last_seq", "last_hash", "as_of", "updated_at")


def store_one(credit: CreditAccount, entry: LedgerEntry) -> bool:
    """Both in one statement. False, and nothing is written, when the entry's key was used on this account before."""
    statement, names = _one()
    values = [getattr(entry, name) for name in names] + [getattr(credit, name) for name in MOVED] + [credit.pk]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row = cursor.fetchone()
    if row is None:
        return False
    entry.pk, *generated = row
    entry._state.adding, entry._state.db = False, connection.alias  # noqa: SLF001 saved now, as `save` says it
    _refresh(credit, generated)
    return True


def store_many(credits: Sequence[CreditAccount], entries: Sequence[LedgerEntry]) -> None:
    """Entries of any number of accounts, whose keys are known to be new, in as many statements for a million."""
    copy_in(entries)
    by_pk = {credit.pk: credit for credit in credits}
    with connection.cursor() as cursor:
        cursor.execute(_many(), [list(by_pk), *([getattr(credit, name) for credit in credits] for name in MOVED)])
        for pk, *generated in cursor.fetchall():
            _refresh(by_pk[pk], generated)


@cache
def _one() -> tuple[str, list[str]]:
    """The statement, and the entry's fields it begins with."""
    fields = [field for field in LedgerEntry._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    statement = (
        f"WITH new AS (INSERT INTO quota_ledgerentry ({columns}) VALUES ({', '.join(['%s'] * len(fields))})"  # noqa: S608
        " ON CONFLICT (credit_id, idempotency_key) DO NOTHING RETURNING id)"
        f" UPDATE quota_creditaccount SET {', '.join(f'{name} = %s' for name in MOVED)}"
        f" FROM new WHERE account_id = %s RETURNING new.id, {', '.join(_generated())}"
    )
    return statement, [field.attname for field in fields]


@cache
def _many() -> str:
    fields = [CreditAccount._meta.get_field(name) for name in MOVED]
    arrays = ", ".join(["%s::bigint[]", *(f"%s::{field.db_type(connection)}[]" for field in fields)])
    return (
        f"UPDATE quota_creditaccount SET {', '.join(f'{name} = row.{name}' for name in MOVED)}"  # noqa: S608 our columns
        f" FROM unnest({arrays}) AS row (pk, {', '.join(MOVED)})"
        f" WHERE account_id = row.pk RETURNING account_id, {', '.join(_generated())}"
    )


@cache
def _generated() -> list[str]:
    """What the database computes from the figures: Available Quota, and which warning lines it is below."""
    return [field.attname for field in CreditAccount._meta.concrete_fields if field.generated]


def _refresh(credit: CreditAccount, generated: Sequence[Any]) -> None:
    for name, value in zip(_generated(), generated, strict=True):
        setattr(credit, name, value)
