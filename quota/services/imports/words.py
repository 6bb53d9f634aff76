"""States as files word them, in three languages and as the API codes them, to our own values. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pycountry
from babel import Locale
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override, to_locale

from partner_console.errors import Invalid
from partner_console.web.formats import listed
from uids.states import AccountType, Environment, PaygStatus, PurchaseControl, Relationship, ShutdownPolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Choices

NOT_A_WORD = re.compile(r"[\W_]+")
TYPES: Mapping[Any, tuple[str, ...]] = {
    AccountType.AGENCY_END_USER: (
        "1", "Agency EU", "代理终端客户", "代理最终用户", "代理商终端客户", "代理商客户",
        "代理店エンドユーザー", "エージェンシーエンドユーザー", "代理店のエンドユーザー",
    ),
    AccountType.RESELLER_END_USER: (
        "2", "Reseller EU", "经销终端客户", "转售终端客户", "分销终端客户", "代销终端客户", "经销商终端客户",
        "转售商终端客户", "转售最终用户",
        "リセラーエンドユーザー", "再販エンドユーザー", "リセラーのエンドユーザー", "再販業者エンドユーザー",
    ),
    AccountType.ENTERPRISE: (
        "3", "Enterprise", "企业客户", "企业", "エンタープライズ顧客", "法人顧客", "企業顧客", "エンタープライズ",
    ),
    AccountType.T2_AGENCY: (
        "4", "T2 agency partner", "二级代理商", "二级代理", "T2 代理商", "T2 代理店", "二次代理店",
        "T2 エージェンシー",
    ),
    AccountType.T2_RESELLER: (
        "5", "T2 reseller partner", "T2", "二级经销商", "二级转售商", "二级分销商", "T2 经销商", "T2 转售商",
        "T2 リセラー", "二次リセラー", "二次再販業者",
    ),
    AccountType.T2_AGENCY_RESELLER: (
        "6", "T2 agency+reseller partner", "T2 agency reseller", "二级代理兼经销商", "二级代理和经销商",
        "T2 代理店兼リセラー", "二次代理店兼リセラー",
    ),
}  # fmt: skip
STATUSES: Mapping[Any, tuple[str, ...]] = {
    Relationship.NORMAL: ("Active", "Linked", "正常", "通常", "有効"),
    Relationship.TO_BE_CONFIRMED: ("Pending confirmation", "待确认", "等待确认", "確認待ち", "要確認"),
    Relationship.IN_PROCESS: ("Processing", "处理中", "进行中", "处理中状态", "処理中", "進行中"),
    Relationship.TERMINATED: (
        "Ended",
        "已终止",
        "终止",
        "已解除",
        "解除",
        "終了",
        "終了済み",
        "解除済み",
        "解約済み",
    ),
    Relationship.DELETED: ("Removed", "已删除", "删除", "削除", "削除済み"),
}
PAYG: Mapping[Any, tuple[str, ...]] = {
    PaygStatus.NORMAL: ("Thawed", "postPayThaw", "Open", "正常", "未冻结", "通常", "未凍結"),
    # ACPN's own word for a freeze by the partner is “Shutdown” (acpn.md §5.2).
    PaygStatus.FROZEN: (
        "Shutdown", "Shut down", "Freeze", "Frozen", "postPayFreeze", "停机", "已停机", "关停", "冻结", "已冻结",
        "停止", "シャットダウン", "凍結", "凍結済み", "凍結中",
    ),
    PaygStatus.STOPPED: (
        "Stopped", "Arrears shutdown", "欠费停机", "欠费停止", "滞納停止", "延滞停止", "滞納により停止",
    ),
    PaygStatus.RELEASED: ("已释放", "释放", "解放済み", "リリース済み"),
}  # fmt: skip
PURCHASES: Mapping[Any, tuple[str, ...]] = {
    PurchaseControl.NORMAL: (
        "cancelBan", "Allowed", "Purchase Allowed", "Enabled", "正常", "允许", "允许购买", "通常", "許可",
        "購入可",
    ),
    PurchaseControl.BAN: (
        "Purchase Forbidden", "Forbidden", "Banned", "Prohibited", "禁止购买", "禁止新购", "禁止", "禁用", "已禁用",
        "購入禁止", "無効", "購入不可", "新規購入禁止",
    ),
}  # fmt: skip
POLICIES: Mapping[Any, tuple[str, ...]] = {
    ShutdownPolicy.IMMEDIATELY_STOP: (
        "Immediate", "Immediately stop", "Stop immediately", "立即停机", "即时停机", "立即关停", "立即停止",
        "即時停止", "即時シャットダウン", "ただちに停止",
    ),
    ShutdownPolicy.DELAY_STOP: (
        "Delayed", "Delay stop", "Delay shutdown", "延迟停机", "延停", "延期停机", "延迟关停", "延迟停止",
        "遅延停止", "遅延シャットダウン", "猶予後に停止",
    ),
    ShutdownPolicy.NO_STOP: (
        "No stop", "Never", "不停机", "不关停", "不停止", "停止なし", "停止しない", "シャットダウンなし",
        "シャットダウンしない",
    ),
}  # fmt: skip
ENVIRONMENTS: Mapping[Any, tuple[str, ...]] = {
    Environment.PRODUCTION: ("Prod", "Live", "生产", "生产环境", "正式", "本番", "本番環境"),
    Environment.SANDBOX: (
        "Test",
        "Testing",
        "沙箱",
        "沙盒",
        "测试",
        "测试环境",
        "サンドボックス",
        "テスト",
        "検証環境",
    ),
}
CHOICES: Mapping[str, tuple[type[Choices], Mapping[Any, tuple[str, ...]]]] = {
    "type": (AccountType, TYPES),
    "status": (Relationship, STATUSES),
    "payg": (PaygStatus, PAYG),
    "purchase": (PurchaseControl, PURCHASES),
    "policy": (ShutdownPolicy, POLICIES),
    "environment": (Environment, ENVIRONMENTS),
}
YES = (
    "1",
    "yes",
    "y",
    "true",
    "是",
    "有",
    "はい",
    "有り",
    "企业",
    "企業",
    "法人",
    "Enterprise",
    "Company",
    "已认证",
    "認証済み",
    "Certified",
)
NO = (
    "0",
    "no",
    "n",
    "false",
    "否",
    "无",
    "いいえ",
    "無し",
    "なし",
    "个人",
    "個人",
    "Individual",
    "未认证",
    "未認証",
    "Uncertified",
)


def choice(field: str, text: str) -> Any:
    """Our value for a file's word. Raises `Invalid` naming the words that are understood."""
    found = _vocabulary(field).get(_bare(text))
    if found is None:
        kinds, _words = CHOICES[field]
        raise _not_understood(text, [str(label) for label in kinds.labels])
    return found


def yes_no(text: str) -> bool:
    bare = _bare(text)
    if bare in _set(YES):
        return True
    if bare in _set(NO):
        return False
    raise _not_understood(text, [_("Yes"), _("No")])


def country(text: str) -> str:
    """The ISO 3166 code for a code or a country's name in one of our languages. Raises `Invalid`."""
    found = _countries().get(_bare(text))
    if found is None:
        raise Invalid(
            "country_unknown",
            _("“%(text)s” is no country we know. Write its two-letter code, such as SG.") % {"text": text.strip()[:60]},
        )
    return found


def _not_understood(text: str, understood: list[str]) -> Invalid:
    return Invalid(
        "word_unknown",
        _("“%(text)s” is not understood. Understood are: %(words)s.")
        % {"text": text.strip()[:60], "words": listed(understood)},
    )


@lru_cache(maxsize=16)
def _vocabulary(field: str) -> dict[str, Any]:
    """The stored values, their labels in every language, and what other systems write."""
    kinds, extra = CHOICES[field]
    words: dict[str, Any] = {}
    for language, _name in settings.LANGUAGES:
        with override(language):
            words |= {_bare(str(label)): value for value, label in kinds.choices}
    for value, others in extra.items():
        words |= {_bare(other): value for other in (str(value.value), *others)}
    return words


@lru_cache(maxsize=4)
def _set(words: tuple[str, ...]) -> frozenset[str]:
    translated = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            translated.append(_("Yes") if words is YES else _("No"))
    return frozenset(_bare(word) for word in (*words, *translated))


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    codes = {found.alpha_2 for found in pycountry.countries}
    names = {_bare(found.name): found.alpha_2 for found in pycountry.countries}
    names |= {_bare(found.alpha_3): found.alpha_2 for found in pycountry.countries}
    for language, _name in settings.LANGUAGES:
        territories = Locale.parse(to_locale(language)).territories
        names |= {_bare(str(name)): code for code, name in territories.items() if code in codes}
    return names | {code.casefold(): code for code in codes} | {"uk": "GB", "usa": "US", "uae": "AE"}


def _bare(text: str) -> str:
    return NOT_A_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())
