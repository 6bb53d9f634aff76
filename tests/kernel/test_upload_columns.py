"""Columns are guessed from headers in three languages; doubtful ones are left to the person."""

import pytest

from partner_console.web.uploads import Field, guess_columns

FIELDS = (
    Field("uid", ("UID", "Customer UID", "Customer account", "账号ID", "アカウントID")),
    Field("email", ("E-mail", "Contact e-mail", "邮箱", "メールアドレス")),
    Field("nickname", ("Nickname", "Company", "备注名", "ニックネーム")),
    Field("manager", ("Business Manager", "Owner", "客户经理", "担当者")),
    Field("quota", ("Quota Amount", "Credit line", "信用额度", "与信枠")),
    Field("deducted", ("Consumed & Deducted Value", "Deducted", "已抵扣")),
    Field("undeducted", ("Consumed & Undeducted Value", "Undeducted", "未抵扣")),
    Field("percent", ("Quota Warning Threshold", "Warn at", "预警阈值")),
)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            ["UID", "E-mail", "Nickname", "Quota Amount (USD)", "Quota Warning Threshold (%)"],
            {"uid": 0, "email": 1, "nickname": 2, "quota": 3, "percent": 4},
        ),
        (
            ["Consumed & Undeducted Value (USD)", "Consumed & Deducted Value (USD)"],
            {"undeducted": 0, "deducted": 1},
        ),
        (["CRM ref", "Company", "Customer account", "Owner"], {"nickname": 1, "uid": 2, "manager": 3}),
        (["账号ID", "邮箱", "备注名", "信用额度（美元）"], {"uid": 0, "email": 1, "nickname": 2, "quota": 3}),
        (["アカウントＩＤ", "メールアドレス", "担当者"], {"uid": 0, "email": 1, "manager": 2}),
        (["customer_uid", "EMAIL", "business-manager"], {"uid": 0, "email": 1, "manager": 2}),
        (["Busines Manager", "Quota Ammount"], {"manager": 0, "quota": 1}),
        (["Warn at %", "【UID】"], {"percent": 0, "uid": 1}),
    ],
)
def test_headers_find_their_fields(headers: list[str], expected: dict[str, int]) -> None:
    assert guess_columns(headers, FIELDS) == expected


def test_opposites_and_strangers_are_not_guessed() -> None:
    assert guess_columns(["Undeducted"], FIELDS[5:6]) == {}
    assert guess_columns(["Consumed & Undeducted Val"], FIELDS[5:6]) == {}
    assert guess_columns(["Quota policy", "", "()", "Id"], FIELDS) == {}


def test_no_column_serves_twice_and_the_first_of_two_wins() -> None:
    assert guess_columns(["UID", "UID"], FIELDS) == {"uid": 0}
    assert guess_columns(["Owner"], (*FIELDS, Field("other", ("Owner",)))) == {"manager": 0}
