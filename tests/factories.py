"""Saved, valid things with only the fields that matter to the test. Amounts are Decimal, UIDs are text."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from partner_console.access.models import Membership, Partner, User
from partner_console.access.policy import PartnerKind, Role
from partner_console.access.services import create_person
from uids.models import LinkedAccount
from uids.states import AccountType

if TYPE_CHECKING:
    from decimal import Decimal

_numbers = itertools.count(1)


def make_partner(code: str = "", *, kind: PartnerKind = PartnerKind.RESELLER, **fields: Any) -> Partner:
    number = next(_numbers)
    code = code or f"partner-{number}"
    defaults = {"name": code.title(), "master_uid": str(5_000_000_000_000_000 + number)}
    return Partner.objects.create(code=code, kind=kind, **{**defaults, **fields})


def make_user(email: str = "", **fields: Any) -> User:
    """Everyone's password in tests is “correct horse battery”."""
    return create_person(
        email=email or f"user-{next(_numbers)}@example.com", password="correct horse battery", **fields
    )


def make_member(partner: Partner, role: Role = Role.OWNER, *, email: str = "", **fields: Any) -> Membership:
    user = make_user(email or f"{role.value}-{next(_numbers)}@{partner.code}.example")
    return Membership.objects.create(partner=partner, user=user, role=role.value, **fields)


def make_account(partner: Partner, uid: str = "", **fields: Any) -> LinkedAccount:
    """A live account without quota; `quota=Decimal("100")` opens its credit account through the service."""
    quota: Decimal | None = fields.pop("quota", None)
    is_agency = partner.kind == PartnerKind.AGENCY
    defaults = {
        "account_type": AccountType.AGENCY_END_USER if is_agency else AccountType.RESELLER_END_USER,
        "nickname": "Kaito Trading",
    }
    account = LinkedAccount.objects.create(
        partner=partner, uid=uid or str(1_792_000_000_000_000 + next(_numbers)), **{**defaults, **fields}
    )
    if quota is not None:
        _open_credit(account, quota)
    return account


def _open_credit(account: LinkedAccount, quota: Decimal) -> None:
    from partner_console.access.actor import system_actor  # noqa: PLC0415 most tests need no quota
    from quota.services import open_credit  # noqa: PLC0415

    open_credit(actor=system_actor("test"), account=account, amount=quota, warning_percent=20)
