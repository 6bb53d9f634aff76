"""What a downloaded file is called, and which zone its times are in."""

from __future__ import annotations

import zoneinfo
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from django.utils.text import slugify

from .registry import get_spec

if TYPE_CHECKING:
    from .models import ExportJob

MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def zone_of(job: ExportJob) -> timezone:
    """One fixed offset for the whole file: that of the person's zone when the rows were read.

    A sheet whose wall clock jumps with summer time cannot be sorted or read back; the heading names the offset.
    """
    offset = moment_of(job).astimezone(zoneinfo.ZoneInfo(job.time_zone)).utcoffset()
    return timezone(offset or timedelta())


def moment_of(job: ExportJob) -> datetime:
    """The moment the file tells of."""
    return job.started_at or job.created_at


def file_name(job: ExportJob) -> str:
    """`linked-user-ids_acme_2026-11-22T1405+0800.xlsx`; what is about one account has its UID in front."""
    at = moment_of(job).astimezone(zone_of(job))
    about = slugify(job.parameters.get("about", "").partition(" ")[0])
    stem = "_".join(filter(None, [get_spec(job.spec).file_stem, about, job.partner.code]))
    return f"{stem}_{at:%Y-%m-%dT%H%M%z}.{job.extension}"


def content_type(job: ExportJob) -> str:
    return MEDIA_TYPES[job.extension]
