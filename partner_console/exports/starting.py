"""The way into an export: what is asked for, the choices with their counts, and making it now or later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from partner_console.errors import Forbidden
from partner_console.web.formats import named

from .forms import ALL, VISIBLE, ExportForm
from .models import ExportJob, FileFormat
from .registry import ExportSpec, Scope, Selection, get_spec, parse_selection
from .running import run_export
from .selectors import count_up_to_cap, may_export
from .services import request_export

if TYPE_CHECKING:
    from django.http import QueryDict

    from partner_console.access.actor import Actor

OWN = ("spec", "scope", "pk", "csrfmiddlewaretoken")


@dataclass(frozen=True, slots=True)
class Start:
    """A list, the rows somebody came from it with, and how many each choice would write."""

    actor: Actor
    spec: ExportSpec
    selection: Selection
    counts: dict[Scope, tuple[int, bool]]

    @property
    def title(self) -> str:
        about = self.spec.open_list(self.actor, self.selection.query).about()
        return named(self.spec.title, about)

    @property
    def list_url(self) -> str:
        return self.spec.open_list(self.actor, self.selection.query).here

    @property
    def filter_in_words(self) -> list[tuple[str, str]]:
        return self.spec.open_list(self.actor, self.selection.query).filter_in_words()

    def form(self, data: QueryDict | None = None) -> ExportForm:
        """The choices, with what most people want chosen already."""
        n_visible = len(self.spec.visible(self.actor, self.selection.query))
        n_all = len(self.spec.columns_for(self.actor))
        language = get_language() or "en"
        return ExportForm(
            data,
            scopes=[(scope.value, f"{scope.label} ({_rows(*count)})") for scope, count in self.counts.items()],
            columns=[
                (VISIBLE, _("As on the screen (%(n)d)") % {"n": n_visible}),
                (ALL, _("All (%(n)d)") % {"n": n_all}),
            ],
            initial={
                "scope": self.selection.scope.value,
                "columns": VISIBLE,
                "file_format": FileFormat.XLSX.value,
                "language": language,
            },
        )


def open_start(actor: Actor, get: QueryDict, post: QueryDict) -> Start:
    """What a link (`?spec=&scope=&<the list's query>`) or a list's selection (`pk`, `scope`, `query`) asks for.

    Raises `NotFound` for an unknown list, `Forbidden` without the permission, `Invalid` for a bad query or selection.
    """
    spec = get_spec(post.get("spec") or get.get("spec") or "")
    verdict = may_export(actor, spec)
    if not verdict:
        raise Forbidden("not_permitted", verdict.reason)
    query = str(post["query"]) if "query" in post else _rest(get)
    pks = post.getlist("pk") or get.getlist("pk")
    scope = post.get("scope") or get.get("scope") or (Scope.SELECTED if pks else Scope.FILTER)
    selection = parse_selection(scope=scope, query=query, pks=pks)
    # A list hands over a selection without saying which page it stood on, so that page cannot be offered.
    has_page = "query" not in post or scope == Scope.PAGE
    return Start(actor, spec, selection, _counts(actor, spec, selection, has_page=has_page))


def make_export(start: Start, form: ExportForm) -> ExportJob:
    """Ask for the export; a small one is made before this returns, a large one by a worker.

    The job returned says which: done, failed, or waiting.
    """
    scope = Scope(form.cleaned_data["scope"])
    n_rows, _is_capped = start.counts[scope]
    in_background = n_rows > settings.EXPORT_INLINE_ROWS
    job = request_export(
        actor=start.actor,
        spec_name=start.spec.name,
        selection=Selection(start.selection.query, scope, start.selection.pks if scope == Scope.SELECTED else ()),
        all_columns=form.wants_all_columns,
        file_format=form.cleaned_data["file_format"],
        language=form.cleaned_data["language"],
        in_background=in_background,
    )
    if not in_background:
        run_export(job_pk=job.pk, in_background=False)
        job.refresh_from_db()
    return job


def _rest(get: QueryDict) -> str:
    data = get.copy()
    for name in OWN:
        data.pop(name, None)
    return data.urlencode()


def _counts(actor: Actor, spec: ExportSpec, selection: Selection, *, has_page: bool) -> dict[Scope, tuple[int, bool]]:
    counts = {Scope.FILTER: count_up_to_cap(actor, spec, Selection(selection.query))}
    if has_page:
        counts[Scope.PAGE] = (len(spec.open_list(actor, selection.query).page().rows), False)
    if selection.pks:
        counts[Scope.SELECTED] = count_up_to_cap(actor, spec, Selection(selection.query, Scope.SELECTED, selection.pks))
    return counts


def _rows(n: int, is_capped: Any) -> str:
    plus = "+" if is_capped else ""
    return ngettext("%(n)s row", "%(n)s rows", n) % {"n": f"{n:,}{plus}"}
