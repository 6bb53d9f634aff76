"""A job in words, for its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from partner_console.errors import DomainError
from partner_console.web.formats import named

from .registry import SPECS, Scope, Selection, get_spec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from partner_console.access.actor import Actor

    from .models import ExportJob


@dataclass(frozen=True, slots=True)
class JobPage:
    """`list_url` is "" when the filter is no longer one of the list's."""

    title: str
    scope: str
    filters: list[tuple[str, str]]
    columns: list[str]
    list_url: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job among others, by the name of its list in the reader's language."""

    job: ExportJob
    title: str


def job_rows(jobs: Iterable[ExportJob]) -> list[JobRow]:
    return [JobRow(job, title_of(job)) for job in jobs]


def title_of(job: ExportJob) -> str:
    """The list's name in the reader's language; of a list that is gone, as it was called when asked for."""
    if job.spec not in SPECS:
        return job.title
    title, about = str(get_spec(job.spec).title), job.parameters.get("about")
    return named(title, about)


def job_page(actor: Actor, job: ExportJob) -> JobPage:
    """What the job was asked to write, as far as that can still be said."""
    spec = get_spec(job.spec)
    selection = Selection.from_json(job.parameters["selection"])
    try:
        found = spec.open_list(actor, selection.query)
        filters, list_url = found.filter_in_words(), found.here
    except DomainError:
        filters, list_url = [(str(_("Filter")), selection.query)], ""
    return JobPage(
        title=title_of(job),
        scope=str(Scope(selection.scope).label),
        filters=filters,
        columns=[str(column.label) for column in spec.choose(actor, job.parameters["columns"])],
        list_url=list_url,
    )
