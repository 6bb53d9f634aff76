"""A workbook made for one request, of some thousand rows at the most: written to a folder of its own, sent, gone."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from django.http import FileResponse

if TYPE_CHECKING:
    from collections.abc import Callable

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook_response(write: Callable[[Path], object], *, name: str) -> FileResponse:
    """What `write(path)` writes, as a file to keep. What it raises comes through."""
    with tempfile.TemporaryDirectory(prefix="workbook-") as folder:
        path = Path(folder) / "workbook.xlsx"
        write(path)
        content = io.BytesIO(path.read_bytes())
    return FileResponse(content, as_attachment=True, filename=name, content_type=XLSX)
