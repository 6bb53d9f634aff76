"""The judged rows of one import as a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import Permission
from partner_console.web.badges import badge
from partner_console.web.keyset import Sort
from partner_console.web.listing import ListPage
from partner_console.web.listquery import ListFilters
from partner_console.web.tables import Column, clipped, link, text
from quota.models import ImportRow
from quota.models.imports import FINAL, ImportState, RowVerdict
from quota.selectors.imports import list_rows

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict

    from partner_console.access.actor import Actor
    from quota.models import AccountImport

_l = gettext_lazy
TONES = {
    RowVerdict.CREATE: "good",
    RowVerdict.WARN: "warn",
    RowVerdict.UNCHANGED: "off",
    RowVerdict.DIFFERS: "info",
    RowVerdict.REFUSE: "bad",
    RowVerdict.LEFT_OUT: "off",
    RowVerdict.PARKED: "wait",
}
DONE_LABELS = {RowVerdict.CREATE: _l("Imported"), RowVerdict.WARN: _l("Imported, look at it")}
SHOWN_VERDICTS = [(one.value, one.label) for one in RowVerdict if one != RowVerdict.PARKED]
HERE = (RowVerdict.UNCHANGED, RowVerdict.DIFFERS)


def verdict_label(verdict: str, job: AccountImport) -> str:
    """“Will be imported” before the run, “Imported” after it."""
    is_over = (job.state in FINAL and job.state != ImportState.CANCELLED) or bool(job.n_done and job.state in FINAL)
    found = RowVerdict(verdict)
    return str(DONE_LABELS.get(found, found.label) if is_over else found.label)


class RowFilters(ListFilters):
    q = forms.CharField(label=_l("Search"), required=False, max_length=60, help_text=_l("UID or nickname"))
    verdict = forms.MultipleChoiceField(
        label=_l("Verdict"), required=False, choices=SHOWN_VERDICTS, widget=forms.CheckboxSelectMultiple
    )


class RowPage(ListPage[ImportRow]):
    """`/uids/import/<pk>/`: everything about one import, its rows below."""

    url_name, template = "quota:import_detail", "quota/import_detail.html"
    permission, caption = Permission.UID_IMPORT, _l("Rows of the file")
    model, filters, default_sort = ImportRow, RowFilters, "row"

    def __init__(self, actor: Actor, data: QueryDict, job: AccountImport) -> None:
        self.job = job
        self.columns = (  # type: ignore[misc]
            Column("row", _l("Row"), lambda row: text(row.number), sort=Sort("number"), css="num", is_fixed=True),
            Column("uid", _l("UID"), self._uid, is_fixed=True, heads_row=True),
            Column("nickname", _l("Nickname"), lambda row: clipped(row.nickname), css="clip"),
            Column("verdict", _l("Verdict"), self._verdict, is_fixed=True),
            Column("reason", _l("Reason"), lambda row: text(row.reason), css="wrap", is_fixed=True),
        )
        super().__init__(actor, data)

    def address(self) -> str:
        return reverse(self.url_name, args=[self.job.pk])

    def rows(self) -> QuerySet[ImportRow]:
        return list_rows(self.actor, self.job, **self.query.filters)

    def label(self, row: ImportRow) -> str:
        return row.uid or row.typed

    def _uid(self, row: ImportRow) -> str:
        is_here = row.verdict in HERE or (row.verdict in DONE_LABELS and self.job.state == ImportState.DONE)
        if is_here and row.uid:
            return link(reverse("uids:account_detail", args=[row.uid]), row.uid)
        return text(row.uid or row.typed)

    def _verdict(self, row: ImportRow) -> str:
        return str(badge(TONES[RowVerdict(row.verdict)], verdict_label(row.verdict, self.job)))

    def totals(self) -> list[dict[str, Any]]:
        """The verdicts of the file with their numbers; each leads to its rows."""
        return [
            {
                "label": verdict_label(verdict, self.job),
                "n": self.job.counts[verdict],
                "url": self.url_with(verdict=verdict),
            }
            for verdict, _label in SHOWN_VERDICTS
            if self.job.counts.get(verdict)
        ]

    def context(self) -> dict[str, Any]:
        return {"job": self.job, "totals": self.totals(), "progress": progress(self.job)}


def progress(job: AccountImport) -> dict[str, Any]:
    """The context of `ui/progress.html`."""
    words = {
        ImportState.CHECK_QUEUED: _("A worker takes it up in a moment. You may leave this page."),
        ImportState.CHECKING: _("Nothing is imported yet. You may leave this page."),
        ImportState.QUEUED: _("A worker takes it up in a moment. You may leave this page."),
        ImportState.RUNNING: _("You may leave this page."),
    }
    is_stopping = job.is_busy and job.cancel_requested
    return {
        "id": "job",
        "url": reverse("quota:import_progress", args=[job.pk]),
        "is_final": not job.is_busy,
        "state": job.state,
        "state_label": job.get_state_display(),
        "done": job.n_done,
        "total": job.n_rows,
        "text": _("Being cancelled: it ends after the present rows.")
        if is_stopping
        else words.get(ImportState(job.state), ""),
        "cancel_url": reverse("quota:import_cancel", args=[job.pk]) if job.is_busy and not is_stopping else "",
    }
