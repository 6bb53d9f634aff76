"""From a job to its file: the rows of the spec, in the job's language and zone, through the safe writers."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from partner_console.web.formats import named

from .cells import Kind
from .delimited import csv_rows
from .models import FileFormat
from .naming import moment_of, zone_of
from .registry import Scope, Selection, get_spec
from .workbook import PROGRESS_EVERY, Cover, write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from partner_console.access.actor import Actor

    from .models import ExportJob
    from .registry import Column, ExportSpec

    type_of_report = Callable[[int, int | None], None]

IN_CURRENCY = (Kind.MONEY, Kind.CONSUMPTION)


@dataclass(slots=True)
class _Counted:
    n_rows: int = 0


def write_file(
    job: ExportJob,
    actor: Actor,
    path: Path,
    *,
    report: type_of_report | None = None,
    read_in: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> int:
    """Write the job's rows to `path` and say how many there were.

    Permission, columns and scope are those of `actor` now. `report(rows done, rows in all)` is called as it goes on and
    may raise to stop. `read_in` is what the reading is wrapped in; it is left before the file is finished.
    """
    spec = get_spec(job.spec)
    selection = Selection.from_json(job.parameters["selection"])
    counted = _Counted()
    with translation.override(job.language):
        columns = spec.choose(actor, job.parameters["columns"])
        with closing(_rows(spec, actor, selection, columns, counted, report, read_in)) as rows:
            if job.file_format == FileFormat.XLSX:
                write_workbook(
                    path,
                    cover=_cover(job, spec, actor, selection),
                    columns=_headed(columns, job),
                    rows=rows,
                    zone=zone_of(job),
                )
            else:
                _write_csv(path, job, columns, rows)
    return counted.n_rows


def _rows(
    spec: ExportSpec,
    actor: Actor,
    selection: Selection,
    columns: list[Column],
    counted: _Counted,
    report: type_of_report | None,
    read_in: Callable[[], AbstractContextManager[None]],
) -> Generator[tuple[Any, ...]]:
    with read_in():
        if report is not None:
            report(0, spec.count(actor, selection))
        for row in spec.rows(actor, selection, columns):
            yield row
            counted.n_rows += 1
            if report is not None and counted.n_rows % PROGRESS_EVERY == 0:
                report(counted.n_rows, None)
    if report is not None:
        report(counted.n_rows, counted.n_rows)


def _write_csv(path: Path, job: ExportJob, columns: list[Column], rows: Iterator[tuple[Any, ...]]) -> None:
    is_for_excel = job.file_format == FileFormat.CSV_FOR_EXCEL
    pieces = csv_rows(_headed(columns, job), rows, zone=zone_of(job), id_safe=is_for_excel, with_mark=is_for_excel)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


def _headed(columns: list[Column], job: ExportJob) -> list[Column]:
    """The columns with the currency in the headings of amounts, as ACPN writes them."""
    currency = job.partner.currency
    return [replace(c, label=f"{c.label} ({currency})") if c.kind in IN_CURRENCY else c for c in columns]


def _cover(job: ExportJob, spec: ExportSpec, actor: Actor, selection: Selection) -> Cover:
    listed = spec.open_list(actor, selection.query)
    filters, about = listed.filter_in_words(), listed.about()
    details = [(_("Partner"), actor.partner_name), (_("Currency"), job.partner.currency)]
    if selection.scope != Scope.FILTER:
        details.append((_("Part of the list"), str(Scope(selection.scope).label)))
    semicolon = pgettext("filters in force", "%(first)s; %(second)s") % {"first": "", "second": ""}
    return Cover(
        title=named(spec.title, about),
        made_by=actor.label,
        made_at=moment_of(job),
        filter_text=semicolon.join(named(label, value) for label, value in filters),
        details=tuple((str(label), text) for label, text in details),
    )
