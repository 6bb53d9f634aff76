"""The fields a batch of customers can fill, the headers they go by in three languages, the column each takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from linking.states import INVITABLE
from partner_console.access.policy import PartnerKind
from partner_console.web.uploads import Field, guess_columns, in_every_language
from uids.identifiers import recognise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import _StrPromise

    from partner_console.web.uploads import Row


@dataclass(frozen=True, slots=True)
class BatchField:
    """One field, by Invitation's own name where there is one. Money fields do not exist for an agency."""

    key: str
    label: _StrPromise
    aliases: tuple[str, ...]
    is_money: bool = False
    is_needed: bool = False


FIELDS: tuple[BatchField, ...] = (
    BatchField(
        "uid",
        _("UID"),
        (
            "User ID", "Account ID", "Linked User ID", "Customer UID", "Customer account", "End user UID",
            "Account UID", "Alibaba Cloud UID", "Cloud account", "账号ID", "帐号ID", "账号UID", "用户ID", "用户UID",
            "客户UID", "客户ID", "客户账号ID", "客户账号", "云账号ID", "终端客户UID", "アカウントID",
            "アカウントUID", "ユーザーID", "ユーザーUID", "顧客UID", "顧客ID", "お客様UID", "顧客アカウント",
        ),
        is_needed=True,
    ),
    BatchField(
        "company",
        _("Company"),
        (
            "Company Name", "Customer Name", "Customer", "Name", "Nickname", "Account Nickname", "公司", "公司名称",
            "客户名称", "客户", "昵称", "会社名", "会社", "顧客名", "お客様名", "ニックネーム",
        ),
        is_needed=True,
    ),
    BatchField(
        "email",
        _("Customer's e-mail"),
        (
            "E-mail", "Email", "E-mail Address", "Email Address", "Contact e-mail", "Contact email", "Mail", "邮箱",
            "电子邮箱", "电子邮件", "邮箱地址", "联系邮箱", "メール", "メールアドレス", "Eメール", "連絡先メール",
        ),
        is_needed=True,
    ),
    BatchField(
        "country",
        _("Country"),
        ("Country/Region", "Region", "Country Code", "国家", "国家/地区", "地区", "国", "国/地域", "国コード"),
    ),
    BatchField(
        "quota",
        _("Starting quota"),
        (
            "Credit line", "Credit line USD", "Quota", "Quota Amount", "Credit", "Credit limit", "额度", "信用额度",
            "初始额度", "クォータ", "与信枠", "与信限度額", "開始クォータ",
        ),
        is_money=True,
    ),
    BatchField(
        "warning_percent",
        _("Quota Warning Threshold (%)"),
        (
            "Warn at %", "Warn at", "Warning Threshold", "Quota Warning Threshold", "Warning %", "预警阈值", "告警阈值",
            "额度预警阈值", "警告しきい値", "クォータ警告しきい値",
        ),
        is_money=True,
    ),
    BatchField(
        "business_manager",
        _("Business manager"),
        (
            "Business Mgr", "Account Manager", "Owner", "Sales", "Sales Owner", "Customer BD", "BD", "业务经理",
            "商务经理", "客户经理", "负责人", "ビジネスマネージャー", "営業担当", "営業担当者", "担当者", "担当",
        ),
        is_money=True,
    ),
    BatchField("purpose", _("Purpose"), ("Reason", "Why", "用途", "目的", "关联目的", "用件")),
    BatchField(
        "crm_reference",
        _("CRM reference"),
        ("CRM ref", "CRM", "CRM ID", "CRM number", "Reference", "CRM编号", "CRM参考号", "CRM番号", "CRM参照"),
    ),
    BatchField(
        "language",
        _("Language"),
        ("Mail language", "Language of the mail", "语言", "邮件语言", "言語", "メールの言語"),
    ),
    BatchField("template", _("Permission template"), ("Template", "Permissions", "权限模板", "権限テンプレート")),
    BatchField("environment", _("Environment"), ("Env", "环境", "環境")),
    BatchField(
        "shutdown_policy",
        _("Shutdown Policy"),
        ("Shutdown Rule", "停机策略", "关停策略", "シャットダウンポリシー", "停止ポリシー"),
        is_money=True,
    ),
    BatchField(
        "purchase_control",
        _("Purchase Control"),
        ("Purchase Status", "购买控制", "新购控制", "購入制御", "購入管理"),
        is_money=True,
    ),
    BatchField("account_type", _("Account Type"), ("Type", "账号类型", "アカウントタイプ", "アカウント種別")),
    BatchField("remarks", _("Remarks"), ("Remark", "Note", "Notes", "Comment", "备注", "備考", "メモ")),
    BatchField("note_to_customer", _("Note to the customer"), ("Message", "给客户的话", "お客様へのメッセージ")),
)  # fmt: skip
BY_KEY = {field.key: field for field in FIELDS}


def offered(kind: PartnerKind) -> list[BatchField]:
    """The fields that exist for a partner of this kind: an agency's invitation carries no quota and no control."""
    found = [field for field in FIELDS if not field.is_money or kind is not PartnerKind.AGENCY]
    return [field for field in found if field.key != "account_type" or len(INVITABLE[kind]) > 1]


def guess(headers: Sequence[str], kind: PartnerKind, *, sample: Sequence[Row] = ()) -> dict[str, int]:
    """`{field key: column index}` for what we are sure of; without a header row, by what stands in the columns."""
    keys = {field.key for field in offered(kind)}
    # All fields take part, so that a column of a field that is not offered is not taken for one that is.
    found = guess_columns(headers, _upload_fields())
    return {key: at for key, at in found.items() if key in keys} or _by_content(len(headers), sample)


def _by_content(width: int, sample: Sequence[Row]) -> dict[str, int]:
    """A pasted list has no header: the first column of ids, the first of addresses, the first of neither."""
    found: dict[str, int] = {}
    for at in range(width) if sample else ():
        cells = [row.cells[at].strip() for row in sample]
        half = len(cells) / 2
        if sum("@" in cell for cell in cells) > half:
            found.setdefault("email", at)
        elif sum(bool(recognise(cell).uid) for cell in cells) > half:
            found.setdefault("uid", at)
        elif sum(cell.replace(" ", "").isalpha() for cell in cells) > half:
            found.setdefault("company", at)
    return found


@lru_cache(maxsize=1)
def _upload_fields() -> tuple[Field, ...]:
    """With the labels in every language, as our own pages and files write them."""
    return tuple(Field(field.key, (*in_every_language(field.label), *field.aliases)) for field in FIELDS)
