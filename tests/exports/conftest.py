"""A place for files, and ways to ask for an export."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from django.utils import timezone

from partner_console.exports.models import FileFormat
from partner_console.exports.registry import Selection
from partner_console.exports.services import request_export

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_django.fixtures import Settings

    from partner_console.access.actor import Actor
    from partner_console.exports.models import ExportJob


@pytest.fixture(autouse=True)
def files(settings: Settings, tmp_path: Path) -> Path:
    """Where finished files lie, empty at the start of each test."""
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def ask() -> Callable[..., ExportJob]:
    """Requests an export without scheduling it."""

    def ask_for(actor: Actor, spec: str = "audit.entries", query: str = "", **fields: Any) -> ExportJob:
        wanted = {
            "selection": Selection(query),
            "all_columns": True,
            "file_format": FileFormat.XLSX,
            "language": "en",
            "in_background": False,
        }
        with timezone.override("Asia/Shanghai"):  # what the middleware finds for these people
            return request_export(actor=actor, spec_name=spec, **{**wanted, **fields})

    return ask_for


def read_workbook(content: bytes) -> tuple[list[list[Any]], list[list[Any]]]:
    """The cover's lines, and the rows of the data sheet with the header first."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    cover, data = book.worksheets
    return [[c.value for c in row] for row in cover.iter_rows()], [[c.value for c in row] for row in data.iter_rows()]


def content_of(job: ExportJob) -> bytes:
    with job.file.open("rb") as file:
        content: bytes = file.read()
    return content
