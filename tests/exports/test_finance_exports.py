"""Exposure and warnings as files, cell by cell, in three languages: the figures are the same, the words are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from partner_console.exports.models import ExportJob, JobState
from partner_console.exports.running import run_export
from quota.states import EntryKind
from tests.exports.conftest import content_of, read_workbook
from tests.factories import make_account
from tests.quota.support import move

if TYPE_CHECKING:
    from tests.personas import Persona

pytestmark = pytest.mark.django_db(transaction=True)  # the run takes a snapshot of its own
Ask = Callable[..., ExportJob]
Sheet = Callable[[str, str], list[list[Any]]]
NOW = datetime(2026, 7, 15, 20, 30, tzinfo=UTC)


@pytest.fixture
def sheet(ask: Ask, acme_finance: Persona) -> Sheet:
    """The data sheet of an export in a language; there is one customer in arrears and one below the line."""
    with time_machine.travel(NOW, tick=False):
        for uid, name, used in (("1792155717328010", "海渡商事", "1037.20"), ("1792155717328028", "=Kaito", "900")):
            partner = acme_finance.partner
            account = make_account(partner, uid, nickname=name, business_manager="王芳", quota=Decimal(1000))
            move(account, EntryKind.USAGE, undeducted=used)

    def read(spec: str, language: str) -> list[list[Any]]:
        with time_machine.travel(NOW, tick=False):
            job = ask(acme_finance.actor, spec, language=language)
            run_export(job_pk=job.pk)
        job.refresh_from_db()
        assert (job.state, job.error) == (JobState.DONE, "")
        return read_workbook(content_of(job))[1]

    return read


EXPOSURE = {
    "en": [
        [
            "UID",
            "Nickname",
            "Business manager",
            "Shutdown policy",
            "Quota Amount (USD)",
            "Used (USD)",
            "Available Quota (USD)",
            "Used a day (USD)",
            "Days left",
            "At risk",
        ],
        ["Immediate shutdown", "Below a warning line"],
        ["Immediate shutdown", "In arrears, Below a warning line"],
    ],
    "zh-hans": [
        [
            "UID",
            "昵称",
            "业务经理",
            "停机策略",
            "额度总额 (USD)",
            "已用 (USD)",
            "可用额度 (USD)",
            "日均消费 (USD)",
            "剩余天数",
            "风险情况",
        ],
        ["立即停机", "低于预警线"],
        ["立即停机", "已欠费、低于预警线"],
    ],
    "ja": [
        [
            "UID",
            "ニックネーム",
            "営業担当者",
            "停止ポリシー",
            "クォータ額 (USD)",
            "利用済み (USD)",
            "利用可能クォータ (USD)",
            "1 日あたりの利用額 (USD)",
            "残り日数",
            "リスクあり",
        ],
        ["即時停止", "警告ライン未満"],
        ["即時停止", "延滞、警告ライン未満"],
    ],
}
WARNINGS = {
    "en": [
        [
            "UID",
            "Customer",
            "Below",
            "Available then (USD)",
            "Available now (USD)",
            "Quota Amount (USD)",
            "Lasts",
            "Since (UTC+8)",
            "Who has it",
            "Business manager",
            "Snoozed until (UTC+8)",
            "Snoozed because",
            "Resolved (UTC+8)",
            "Status",
        ],
        ["Used up", "Open"],
    ],
    "zh-hans": [
        [
            "UID",
            "客户",
            "低于",
            "当时可用额度 (USD)",
            "当前可用额度 (USD)",
            "额度总额 (USD)",
            "预计可维持",
            "发生时间 (UTC+8)",
            "认领人",
            "业务经理",
            "暂停提醒至 (UTC+8)",
            "暂停原因",
            "解除时间 (UTC+8)",
            "状态",
        ],
        ["已用尽", "待处理"],
    ],
    "ja": [
        [
            "UID",
            "顧客",
            "下回ったライン",
            "発生時の利用可能クォータ (USD)",
            "現在の利用可能クォータ (USD)",
            "クォータ額 (USD)",
            "使い切りの見込み",
            "発生日時 (UTC+8)",
            "対応者",
            "営業担当者",
            "スヌーズ終了日時 (UTC+8)",
            "スヌーズの理由",
            "解決日時 (UTC+8)",
            "ステータス",
        ],
        ["使い切り済み", "未対応"],
    ],
}


@pytest.mark.parametrize("language", EXPOSURE)
def test_exposure_cell_by_cell(sheet: Sheet, language: str) -> None:
    heads, (policy, risk), (_policy, both_risks) = EXPOSURE[language]

    assert sheet("quota.exposure", language) == [
        heads,
        ["1792155717328028", "=Kaito", "王芳", policy, 1000, 900, 100, None, None, risk],
        ["1792155717328010", "海渡商事", "王芳", policy, 1000, 1037.2, -37.2, None, 0, both_risks],
    ]


@pytest.mark.parametrize("language", WARNINGS)
def test_warnings_cell_by_cell(sheet: Sheet, language: str) -> None:
    heads, (used_up, is_open) = WARNINGS[language]

    found, *rows = sheet("quota.warnings", language)

    assert found == heads
    assert all(isinstance(row.pop(7), datetime) for row in rows)  # since when, by the database's clock
    assert rows == [
        ["1792155717328028", "=Kaito", "20 %", 100, 100, 1000, None, None, "王芳", None, None, None, is_open],
        ["1792155717328010", "海渡商事", "20 %", -37.2, -37.2, 1000, used_up, None, "王芳", None, None, None, is_open],
    ]
