"""What the page of columns shows: each field beside the file's column and its first values."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from partner_console.exports.cells import zone_label
from quota.services.imports.columns import zone_of
from quota.services.imports.reading import read_stored
from quota.views.import_forms import RereadForm

if TYPE_CHECKING:
    from quota.models import AccountImport
    from quota.views.import_forms import ColumnsForm

SAMPLE = 5


def columns_context(job: AccountImport, form: ColumnsForm) -> dict[str, Any]:
    """Context of `quota/import_columns.html`. Raises `Invalid` when the stored file no longer reads."""
    table = read_stored(job)
    sample = table.sample(SAMPLE)
    chosen = {name: form[name].value() for name in form.fields}
    used = {str(at) for at in chosen.values() if at not in (None, "")}
    return {
        "job": job,
        "form": form,
        "fields": [(form[name], _examples(sample, chosen[name])) for name in form.fields],
        "unused": [name for at, name in enumerate(job.headers) if str(at) not in used],
        "headers": job.headers,
        "sample": [(row.number, row.cells) for row in sample],
        "zone": _zone(job),
        "reread": RereadForm(job=job, sheets=table.other_sheets),
        "can_reread": bool(job.encoding or table.other_sheets),
    }


def _examples(sample: list[Any], at: str | None) -> str:
    if not at or not at.isdecimal():
        return ""
    values = [row.cells[int(at)].strip() for row in sample if int(at) < len(row.cells)]
    return " · ".join(dict.fromkeys(value[:40] for value in values if value))[:120] if values else ""


def _zone(job: AccountImport) -> str:
    """The zone times are read in, from the header or the partner's."""
    at = job.columns.get("linked")
    header = job.headers[at] if at is not None and at < len(job.headers) else ""
    return zone_label(zone_of(header, zoneinfo.ZoneInfo(job.partner.time_zone)))
