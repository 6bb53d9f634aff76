"""Usage from a file: taken once, refused rows named, and a status for scripts."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command

from quota.models import CreditAccount
from tests.factories import make_account, make_partner

if TYPE_CHECKING:
    from pathlib import Path

    from partner_console.access.models import Partner

HEAD = "uid,kind,amount,key,at\n"


def run(file: Path, content: str, partner: str = "acme") -> tuple[str, str, int]:
    file.write_text(content, encoding="utf-8-sig")
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("take_in_usage", str(file), partner=partner, stdout=out, stderr=err)
    except SystemExit as stop:
        return out.getvalue(), err.getvalue(), int(str(stop.code))
    return out.getvalue(), err.getvalue(), 0


def test_a_file_is_taken_once_however_often_it_is_run(acme: Partner, tmp_path: Path) -> None:
    account = make_account(acme, quota=Decimal(100))
    rows = f"{account.uid},usage,12.5,a,2026-03-01T10:00:00+08:00\n{account.uid}, settle ,2,b,2026-03-02T10:00:00Z\n"

    first, again = (run(tmp_path / "usage.csv", HEAD + rows) for _ in range(2))

    assert first == ("uid,kind,amount,key,at,code,reason\n", "2 taken\n0 duplicate\n0 refused\n", 0)
    assert again[1:] == ("0 taken\n2 duplicate\n0 refused\n", 0)
    credit = CreditAccount.objects.get(pk=account.pk)
    assert (credit.deducted, credit.undeducted) == (Decimal(2), Decimal("10.5"))


def test_rows_that_cannot_be_taken_are_named_and_hold_nothing_up(acme: Partner, tmp_path: Path) -> None:
    account = make_account(acme, quota=Decimal(100))
    foreign = make_account(make_partner("globex"), quota=Decimal(100))
    rows = (
        f"{account.uid},usage,many,a,2026-03-01T10:00:00Z\n"
        f"{account.uid},usage,1,b,yesterday\n"
        f"{foreign.uid},usage,1,c,2026-03-01T10:00:00Z\n"
        f"{account.uid}\n"
        f"{account.uid},usage,1,d,2026-03-01T10:00:00Z\n"
    )

    out, err, status = run(tmp_path / "usage.csv", HEAD + rows)

    assert [line.split(",")[5] for line in out.splitlines()[1:]] == [
        "bad_amount",
        "bad_time",
        "unknown_uid",
        "bad_kind",
    ]
    assert (err, status) == ("1 taken\n0 duplicate\n4 refused\n", 1)
    assert CreditAccount.objects.get(pk=foreign.pk).undeducted == 0


def test_a_file_without_the_columns_is_not_used(acme: Partner, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no column key, at"):
        run(tmp_path / "usage.csv", "uid,kind,amount\n")
    with pytest.raises(CommandError, match="No partner has the code nobody"):
        run(tmp_path / "usage.csv", HEAD, partner="nobody")
