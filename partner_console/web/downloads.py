"""A workbook made for one request: written to a folder of its own, sent, gone."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from django.http import FileResponse

if TYPE_CHECKING:
    from collections.abc import Callable

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def workbook_response(write: Callable[[Path], object], *, name: str) -> FileResponse:
    """What `write(path)` writes, as a file to keep. What it raises comes through and leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="workbook-") as folder:
        path = Path(folder) / "workbook.xlsx"
        write(path)
        # Open files outlive their folder: the response reads on.
        content = path.open("rb")
    return FileResponse(content, as_attachment=True, filename=name, content_type=XLSX)
