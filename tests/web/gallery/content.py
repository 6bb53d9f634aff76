"""Made-up content for the fragments."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.utils import timezone

from partner_console.web.badges import status_badge
from partner_console.web.tables import Column, HeadCell, Table, money, prepared_rows, text, when

NAMES = ["Northwind Trading", "株式会社さくらデータ", "上海云帆科技有限公司", "Contoso Pte Ltd", "=1+1"]
PAYG = [("normal", "Normal"), ("frozen", "Frozen"), ("stopped", "Stopped")]

COLUMNS = (
    Column("uid", "UID", lambda row: text(row.uid, css="mono"), css="stay", heads_row=True),
    Column("name", "Nickname", lambda row: text(row.name), css="clip"),
    Column("payg", "PAYG status", lambda row: str(status_badge(*row.payg))),
    Column("amount", "Quota amount", lambda _row: money(Decimal(5000)), css="num"),
    Column("available", "Available quota", lambda row: money(row.available), css="num"),
    Column("at", "Linked", lambda row: when(row.at)),
)
CHIPS = [
    {"label": "PAYG status", "value": "Frozen", "remove_url": "?"},
    {"label": "Business manager", "value": "Aiko", "remove_url": "?"},
]
BULK = {
    "action": "/gallery/list/",
    "query": "q=1",
    "total": 10_000,
    "is_capped": True,
    "buttons": [{"name": "action", "value": "manager", "label": "Business manager", "icon": "user"}],
}
CONFIRM = {
    "title": "Freeze pay-as-you-go of 1792155717328010?",
    "effect": "All pay-as-you-go instances of this customer stop. Subscriptions keep running.",
    "effects": ["Also stops 1792155717328017, which is under its financial trusteeship."],
    "action": "/gallery/confirm/",
    "submit": "Freeze",
    "icon": "snowflake",
    "is_danger": True,
    "cancel_url": "/gallery/",
    "hidden": [("version", 3)],
}
_JOB = {"url": "/gallery/", "text": "linked-uids.xlsx", "total": 9000}
JOBS: list[dict[str, Any]] = [
    _JOB
    | {"id": "job-1", "is_final": False, "state": "running", "state_label": "Running", "done": 1200}
    | {"cancel_url": "/gallery/"},
    _JOB
    | {"id": "job-2", "is_final": True, "state": "done", "state_label": "Done", "done": 9000}
    | {"result_url": "#", "result_label": "Download"},
]


def table(state: str = "rows", n_rows: int = 30) -> Table:
    """A table of `n_rows` made-up accounts, in one of the four states of `ui/table.html`."""
    now = timezone.now()
    rows = [
        SimpleNamespace(
            pk=number,
            uid=str(1792155717328010 + number * 7),
            name=NAMES[number % len(NAMES)],
            payg=PAYG[number % len(PAYG)],
            available=Decimal(1200 - number * 97),
            at=now - timedelta(hours=number * 9),
        )
        for number in range(n_rows)
    ]
    heads = [HeadCell(c.key, c.label, c.css, f"?sort={c.key}" if c.key != "name" else "") for c in COLUMNS]
    heads[0] = HeadCell("uid", "UID", "stay", "?sort=-uid", "ascending")
    pager = {
        "first": 1,
        "last": n_rows,
        "shown": n_rows,
        "total": 10_000,
        "is_capped": True,
        "previous_url": "",
        "next_url": "?after=30",
        "size": 50,
        "sizes": [(25, "?size=25", False), (50, "?size=50", True)],
    }
    cells = prepared_rows(rows, COLUMNS, label=lambda row: row.uid, is_selectable=True)
    return Table("results", "Linked User ID", heads, body=cells, state=state, pager=pager, is_selectable=True)


def entries() -> list[SimpleNamespace]:
    """Three steps of a timeline."""
    now = timezone.now()
    return [
        SimpleNamespace(
            at=now - timedelta(minutes=4),
            title="Quota changed",
            by="finance@acme.example",
            icon="wallet",
            note="Paid in advance",
            changes=[("Quota amount", "1,000.00 USD", "2,000.00 USD")],
        ),
        SimpleNamespace(at=now - timedelta(days=3), title="Frozen", by="a@b.example", icon="", note="", changes=[]),
        SimpleNamespace(at=now - timedelta(days=90), title="Linked", by="", icon="", note="", changes=[]),
    ]
