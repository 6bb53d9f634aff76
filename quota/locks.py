"""Row locks of quota. The credit account's row is the lock of everything about its money (docs/locking.md)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NewType

from django.db import connection
from django.utils.translation import gettext_lazy as _

from partner_console.access.scoping import visible_sql
from partner_console.errors import NotFound
from quota.models import CreditAccount
from uids.models import LinkedAccount
from uids.states import LIVE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor
    from partner_console.access.scoping import ScopedQuerySet

# A credit account whose row this transaction holds. Only this module makes one, so the type checker refuses
# a ledger entry for a row nobody locked.
LockedCredit = NewType("LockedCredit", CreditAccount)

# As the partial index on live UIDs says it, so that it is the one that is used.
LIVE_SQL = "(" + ", ".join(f"'{relationship}'" for relationship in LIVE) + ")"


@dataclass(frozen=True, slots=True)
class Spender:
    """A live account, and the credit account that pays for it: its own, or its master's under trusteeship."""

    uid: str
    account_pk: int
    credit: LockedCredit

    @property
    def is_sub(self) -> bool:
        return self.account_pk != self.credit.account_id


def lock_credit(actor: Actor, account_pk: int) -> LockedCredit:
    """The credit account with its account, trustee and partner, locked until the transaction ends.

    `NotFound` when the actor may not see it. Raises outside a transaction. Its account is read, not locked: whoever
    decides on the account's own state takes `lock_account_and_credit`.
    """
    try:
        return LockedCredit(_locked(actor).get(pk=account_pk))
    except CreditAccount.DoesNotExist as error:
        raise NotFound("not_found", _("It does not exist, or you may not see it.")) from error


def lock_account_and_credit(actor: Actor, account_pk: int) -> LockedCredit:
    """The same with the account locked first, so that it neither ends nor gets a trustee while a person's change is
    judged and made. What is reported as used takes the credit account alone, and never waits for the account.

    Not to be called while another credit account is held: for several there is `lock_credits`.
    """
    _lock_accounts(actor, [account_pk])
    return lock_credit(actor, account_pk)


def lock_accounts(actor: Actor, pks: Iterable[int]) -> dict[int, LinkedAccount]:
    """Accounts by pk with their masters and partners, locked in the order of their pk, before any credit account.

    For changes of switches, which a person decides on looking at the money. Those the actor may not see are left out.
    """
    accounts = LinkedAccount.objects.visible_to(actor).filter(pk__in=list(pks)).order_by("pk")
    rows = accounts.select_related("trustee", "partner").select_for_update(of=("self",), no_key=True)
    return {account.pk: account for account in rows}


def lock_credits(
    actor: Actor, account_pks: Iterable[int], *, with_accounts: bool = False, skip_locked: bool = False
) -> list[LockedCredit]:
    """Several, locked in the order of their pk; those the actor may not see are left out.

    With `with_accounts`, all their accounts are locked before, as `lock_account_and_credit` does. With `skip_locked`,
    credit accounts held by somebody else are left out too: for sweeps, which come round again.
    """
    pks = list(account_pks)
    if with_accounts:
        _lock_accounts(actor, pks)
    found = _locked(actor, skip_locked=skip_locked).filter(pk__in=pks).order_by("pk")
    return [LockedCredit(credit) for credit in found]


def lock_credit_pks(actor: Actor, account_pks: Iterable[int], *, skip_locked: bool = False) -> list[int]:
    """Locks like `lock_credits` and returns the keys alone: for statements that judge and write by themselves."""
    rows = CreditAccount.objects.visible_to(actor).filter(pk__in=list(account_pks)).order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked).values_list("pk", flat=True))


def lock_spenders(actor: Actor, uids: Iterable[str]) -> dict[str, Spender]:
    """By UID, the credit accounts that pay for these live accounts, locked in the order of their pk by one statement.

    Left out: UIDs the actor may not see or that are no longer linked, and accounts without quota. Figures alone are
    loaded. For what arrives by the thousand: written out, because Django takes longer to word this than PostgreSQL to
    do it.
    """
    visible, values = visible_sql(actor, "account.partner_id")
    names, columns = _figures()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT account.uid, account.id, {columns}"  # noqa: S608 names of our own columns
            " FROM uids_linkedaccount account"
            " JOIN quota_creditaccount credit ON credit.account_id = coalesce(account.trustee_id, account.id)"
            f" WHERE account.uid = ANY(%s) AND account.relationship IN {LIVE_SQL} AND {visible}"
            " ORDER BY credit.account_id FOR NO KEY UPDATE OF credit",
            [list(uids), *values],
        )
        rows = cursor.fetchall()
    credits: dict[int, LockedCredit] = {}
    spenders = {}
    for uid, account_pk, *figures in rows:
        pk = figures[0]
        if pk not in credits:
            credits[pk] = LockedCredit(CreditAccount.from_db(connection.alias, names, figures))
        spenders[uid] = Spender(uid, account_pk, credits[pk])
    return spenders


@cache
def _figures() -> tuple[list[str], str]:
    """A credit account's fields and its columns, its key first."""
    fields = sorted(CreditAccount._meta.concrete_fields, key=lambda field: not field.primary_key)
    return [field.attname for field in fields], ", ".join(f'credit."{field.column}"' for field in fields)


def _lock_accounts(actor: Actor, pks: list[int]) -> None:
    """In the order of their pk. NO KEY, as everywhere: rows that only refer to an account go on."""
    accounts = LinkedAccount.objects.visible_to(actor).filter(pk__in=pks).order_by("pk")
    list(accounts.select_for_update(no_key=True).values_list("pk", flat=True))


def _locked(actor: Actor, *, skip_locked: bool = False) -> ScopedQuerySet:
    # NO KEY: inserts that only refer to the row (ledger entries, warnings of others) need not wait for us.
    return (
        CreditAccount.objects.visible_to(actor)
        .select_related("account__trustee", "partner")
        .select_for_update(of=("self",), no_key=True, skip_locked=skip_locked)
    )
