"""The fields an import can fill, the headers they go by in three languages, and the column each takes. Pure.

Labels are word for word those of our own export (uids/exports.py), so its files come in again in every language.
"""

from __future__ import annotations

import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from partner_console.access.policy import KIND_MAY, PartnerKind, Permission
from partner_console.web.uploads import Field, guess_columns, in_every_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.utils.functional import _StrPromise

CONTROL, QUOTA = Permission.CONTROL_VIEW, Permission.QUOTA_VIEW
ZONE = re.compile(r"(?:UTC|GMT)\s*(?:([+\-−])\s*(\d{1,2})(?::?(\d{2}))?)?", re.IGNORECASE)
ZONE_NAME = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z_+\-/]+")


@dataclass(frozen=True, slots=True)
class ImportField:
    """One field. `permission` is what a partner's kind must have for the field to exist for it (agency: no quota)."""

    key: str
    label: _StrPromise
    aliases: tuple[str, ...]
    permission: Permission | None = None
    is_money: bool = False


FIELDS: tuple[ImportField, ...] = (
    ImportField(
        "uid",
        _("UID"),
        (
            "User ID", "Account ID", "Linked User ID", "Linked UID", "Customer UID", "Customer account",
            "End user UID",
            "Account UID", "Alibaba Cloud UID", "Sub account UID",
            "账号ID", "帐号ID", "账号UID", "用户ID", "用户UID", "客户UID", "客户ID", "客户账号ID", "客户账号",
            "云账号ID", "关联账号ID", "终端客户UID",
            "アカウントID", "アカウントUID", "ユーザーID", "ユーザーUID", "ユーザID", "顧客UID", "顧客ID",
            "お客様UID", "リンク済みユーザーID", "連携ユーザーID",
        ),
    ),
    ImportField(
        "login",
        _("Login Name"),
        (
            "Login", "Account Name", "User Name", "Username", "Aliyun ID", "Login account",
            "登录名", "登录名称", "登录账号", "账号名称", "账号名", "用户名", "云账号",
            "ログイン名", "ログインアカウント", "アカウント名", "ユーザー名",
        ),
    ),
    ImportField(
        "nickname",
        _("Nickname"),
        (
            "Account Nickname", "Customer Name", "Company", "Company Name", "Customer", "Name", "Alias",
            "昵称", "账号昵称", "客户名称", "客户名", "公司名称", "公司", "备注名", "别名",
            "ニックネーム", "アカウントニックネーム", "顧客名", "会社名", "お客様名", "名称",
        ),
    ),
    ImportField(
        "type",
        _("Account Type"),
        (
            "Type", "Sub Account Type", "User Type", "Customer Type", "SubAccountType",
            "账号类型", "帐号类型", "账户类型", "用户类型", "客户类型", "类型",
            "アカウントタイプ", "アカウント種別", "アカウントの種類", "ユーザータイプ", "種別", "タイプ",
        ),
    ),
    ImportField(
        "email",
        _("E-mail"),
        (
            "Email", "E-mail Address", "Email Address", "Contact e-mail", "Contact email", "Mail",
            "邮箱", "电子邮箱", "电子邮件", "邮箱地址", "邮件", "联系邮箱",
            "メール", "メールアドレス", "Eメール", "電子メール", "連絡先メール",
        ),
    ),
    ImportField(
        "mobile",
        _("Mobile"),
        (
            "Mobile Number", "Mobile Phone", "Phone", "Phone Number", "Telephone", "Tel",
            "手机", "手机号", "手机号码", "电话", "联系电话",
            "携帯電話", "携帯", "携帯番号", "携帯電話番号", "電話番号", "電話", "モバイル",
        ),
    ),
    ImportField(
        "country",
        _("Country"),
        (
            "Country/Region", "Country or Region", "Region", "Country Code", "Registered Country",
            "RegisterCountryCode",
            "国家", "国家/地区", "国家或地区", "注册国家", "注册国家/地区", "国家代码", "地区",
            "国", "国/地域", "国・地域", "登録国", "国コード", "国または地域",
        ),
    ),
    ImportField(
        "manager",
        _("Business Manager"),
        (
            "Business Mgr", "Account Manager", "Customer BD", "BD", "Owner", "Sales", "Sales Owner", "CustomerBd",
            "业务经理", "商务经理", "客户经理", "商务负责人", "业务负责人", "负责人", "客户BD",
            "ビジネスマネージャー", "ビジネスマネージャ", "営業担当", "営業担当者", "担当者", "担当マネージャー",
            "担当",
        ),
        QUOTA,
    ),
    ImportField(
        "remarks",
        _("Remarks"),
        (
            "Remark", "Note", "Notes", "Comment", "Comments", "备注", "注释", "说明", "備考", "メモ", "コメント",
            "注記",
        ),
    ),
    ImportField(
        "linked",
        _("Associated Time"),
        (
            "Association Time", "Associated At", "Linked At", "Linked Time", "Association Success Time", "Link Time",
            "关联时间", "关联成功时间", "绑定时间", "链接时间",
            "関連付け時間", "関連付け日時", "関連付け時刻", "リンク日時", "リンク時間", "連携日時", "紐付け日時",
        ),
    ),
    ImportField(
        "status",
        _("Account Status"),
        (
            "Status", "Relationship", "Relationship Status", "Association Status",
            "账号状态", "帐号状态", "账户状态", "关联状态", "状态",
            "アカウントステータス", "アカウント状態", "アカウントの状態", "ステータス", "状態",
        ),
    ),
    ImportField(
        "payg",
        _("PAYG Freeze Status"),
        (
            "PAYG Status", "PAYG Freeze", "Pay-as-you-go Freeze Status", "Pay-as-you-go Status", "Freeze Status",
            "PAYG Shutdown Status",
            "按量付费冻结状态", "按量冻结状态", "后付费冻结状态", "按量付费状态", "后付费状态", "冻结状态",
            "PAYG冻结状态", "PAYG状态",
            "従量課金凍結ステータス", "従量課金凍結状態", "従量課金の凍結状態", "従量課金ステータス",
            "凍結ステータス", "凍結状態", "PAYG凍結ステータス",
            "PAYG凍結状態", "PAYGステータス",
        ),
        CONTROL,
    ),
    ImportField(
        "purchase",
        _("Purchase Control"),
        (
            "Purchase Status", "New Buy Status", "NewBuyStatus", "Purchase Control Status",
            "购买控制", "新购控制", "新购状态", "采购控制", "下单控制", "购买管控", "新购管控",
            "購入制御", "購入管理", "購入コントロール", "購入制限", "新規購入ステータス",
        ),
        CONTROL,
    ),
    ImportField(
        "policy",
        _("Shutdown Policy"),
        (
            "Shutdown Rule", "Zero Credit Shutdown Policy", "Suspension Policy",
            "停机策略", "关停策略", "延停策略", "欠费停机策略", "停服策略",
            "シャットダウンポリシー", "停止ポリシー", "停止方針", "停止ルール", "シャットダウン方針",
        ),
        CONTROL,
    ),
    ImportField(
        "overdraft",
        _("Overdraft"),
        (
            "Overdraft Amount", "Overdraft Limit", "Delay Amount", "DelayAmount",
            "透支额度", "透支金额", "透支", "延停额度",
            "当座貸越", "当座貸越額", "貸越額", "貸越限度額", "オーバードラフト",
        ),
        CONTROL,
        is_money=True,
    ),
    ImportField(
        "amount",
        _("Quota Amount"),
        (
            "Quota", "Credit Line", "Credit Line USD", "Credit Limit", "Total Quota", "Quota Total", "CreditLine",
            "额度", "信用额度", "总额度", "配额", "额度总额", "配额总额", "授信额度", "额度金额", "配额金额",
            "クォータ", "クォータ額", "クォータ金額", "クォータ総額", "与信枠", "与信限度額", "利用枠", "割当額",
            "クレジット限度額",
        ),
        QUOTA,
        is_money=True,
    ),
    ImportField(
        "deducted",
        _("Consumed & Deducted Value"),
        (
            "Consumed and Deducted Value", "Consumed Deducted Value", "Consumed & Deducted", "Deducted",
            "Deducted Value",
            "Outstanding Balance",
            "已消费已抵扣金额", "已消费已抵扣", "已消费已扣除", "已消费已扣减", "已抵扣金额", "已扣减额度",
            "已消耗已扣减", "已消费已扣减金额", "已消费已扣除金额",
            "消費済み・控除済み額", "消費済み控除済み", "消費・控除済み額", "控除済み額", "控除済み金額",
            "差引済み額", "消費済み・差引済み額", "消費済み・控除済みの額",
        ),
        QUOTA,
        is_money=True,
    ),
    ImportField(
        "undeducted",
        _("Consumed & Undeducted Value"),
        (
            "Consumed and Undeducted Value", "Consumed Undeducted Value", "Consumed & Undeducted", "Undeducted",
            "Undeducted Value", "Consumed Undeducted",
            "已消费未抵扣金额", "已消费未抵扣", "已消费未扣除", "已消费未扣减", "未抵扣金额", "未扣减额度",
            "已消耗未扣减", "已消费未扣减金额", "已消费未扣除金额",
            "消費済み・未控除額", "消費済み未控除", "消費・未控除額", "未控除額", "未控除金額", "未差引額",
            "消費済み・未差引額", "消費済み・未控除の額",
        ),
        QUOTA,
        is_money=True,
    ),
    ImportField(
        "available",
        _("Available Quota"),
        (
            "Available", "Available Credit", "Remaining Quota", "Quota Available",
            "可用额度", "可用信用额度", "可用配额", "剩余额度", "剩余配额",
            "利用可能クォータ", "利用可能枠", "利用可能額", "残りクォータ", "使用可能クォータ", "残額",
            "利用可能なクォータ",
        ),
        QUOTA,
        is_money=True,
    ),
    ImportField(
        "warning",
        _("Quota Warning Threshold (%)"),
        (
            "Warning Threshold", "Quota Alert Threshold", "Alarm Threshold", "Warn at %", "Warn at",
            "Warning Percent",
            "额度预警阈值", "配额预警阈值", "预警阈值", "额度告警阈值", "告警阈值", "预警比例",
            "クォータ警告しきい値", "クォータ警告閾値", "警告しきい値", "警告閾値", "アラートしきい値",
            "アラート閾値",
        ),
        QUOTA,
    ),
    ImportField(
        "master",
        _("Financial Trusteeship Master UID"),
        (
            "Trusteeship Master UID", "Master UID", "Financial Master UID", "Master Account UID", "Trustee UID",
            "Trustee",
            "财务托管主账号UID", "财务托管主账号", "财务托管主账号ID", "托管主账号UID", "主账号UID", "主账号ID",
            "財務委託マスターUID", "財務信託マスターUID", "財務管理マスターUID", "財務受託マスターUID",
            "マスターUID", "マスターアカウントUID", "親アカウントUID", "財務委託元UID",
        ),
        CONTROL,
    ),
    ImportField("cid", _("CID"), ("Customer ID", "CustomerId", "客户编号", "客户CID", "顧客番号", "カスタマーID")),
    ImportField(
        "is_enterprise",
        _("Enterprise"),
        (
            "Individual/Enterprise", "Individual or Enterprise", "Customer Account Type",
            "个人/企业", "企业", "是否企业", "个人或企业", "個人/法人", "法人", "企業", "個人・法人",
        ),
    ),
    ImportField(
        "is_certified",
        _("Certified"),
        (
            "Enterprise Certified", "Verified", "Certification", "认证", "已认证", "是否认证", "企业认证",
            "認証済み", "認証", "企業認証",
        ),
    ),
    ImportField("environment", _("Environment"), ("Env", "环境", "環境")),
)  # fmt: skip
BY_KEY = {field.key: field for field in FIELDS}


def offered(kind: PartnerKind) -> list[ImportField]:
    """The fields that exist for a partner of this kind: an agency has no quota, controls or business manager."""
    may = KIND_MAY[kind]
    return [field for field in FIELDS if field.permission is None or field.permission in may]


def guess(headers: Sequence[str], kind: PartnerKind) -> dict[str, int]:
    """`{field key: column index}` for the headers we are sure of."""
    keys = {field.key for field in offered(kind)}
    # All fields take part, so that a column of a field that is not offered is not taken for one that is.
    found = guess_columns(headers, _upload_fields())
    return {key: at for key, at in found.items() if key in keys}


@lru_cache(maxsize=1)
def _upload_fields() -> tuple[Field, ...]:
    """With the labels in every language, as our own export writes them."""
    return tuple(Field(field.key, (*in_every_language(field.label), *field.aliases)) for field in FIELDS)


def zone_of(header: str, default: tzinfo) -> tzinfo:
    """The zone a time column's header names: `(UTC+8)`, `(Europe/Berlin, UTC+1/UTC+2)`; otherwise the default."""
    if name := ZONE_NAME.search(header):
        try:
            return zoneinfo.ZoneInfo(name[0])
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            return default
    match = ZONE.search(header)
    if match is None:
        return default
    if not match[1]:
        return UTC
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return timezone(timedelta(minutes=minutes if match[1] == "+" else -minutes)) if minutes < 24 * 60 else default
