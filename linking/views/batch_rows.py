"""The rows of one batch as a list: before the run what would happen to each, after it what came of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from linking import batch_wording
from linking.batch_forms import ReasonForm
from linking.batch_selectors import list_rows
from linking.models import BatchRow
from linking.models.batch import BatchKind, BatchState, RowOutcome, RowVerdict
from partner_console.access.policy import Permission
from partner_console.web.badges import badge
from partner_console.web.keyset import Sort
from partner_console.web.listing import ListPage
from partner_console.web.listquery import ListFilters
from partner_console.web.tables import Column, clipped, link, text

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict

    from linking.models import LinkBatch
    from partner_console.access.actor import Actor
    from partner_console.web.tables import Table

VERDICT_TONES = {RowVerdict.OK: "good", RowVerdict.WARN: "warn", RowVerdict.REFUSE: "bad"}
OUTCOME_TONES = {
    RowOutcome.WAITING: "wait",
    RowOutcome.DONE: "good",
    RowOutcome.CHECK: "wait",
    RowOutcome.FAILED: "bad",
}


class RowFilters(ListFilters):
    q = forms.CharField(label=_l("Search"), required=False, max_length=60, help_text=_l("UID, company or e-mail"))
    verdict = forms.MultipleChoiceField(
        label=_l("Verdict"), required=False, choices=RowVerdict.choices, widget=forms.CheckboxSelectMultiple
    )
    outcome = forms.MultipleChoiceField(
        label=_l("Outcome"), required=False, choices=RowOutcome.choices, widget=forms.CheckboxSelectMultiple
    )


class RowPage(ListPage[BatchRow]):
    """`/links/batches/<pk>/`: everything about one batch, its rows below."""

    url_name, template = "linking:batch_detail", "linking/batch_detail.html"
    permission, caption = Permission.LINK_INVITE, _l("Rows")
    model, filters, default_sort = BatchRow, RowFilters, "row"

    def __init__(self, actor: Actor, data: QueryDict, batch: LinkBatch) -> None:
        self.batch = batch
        self.has_run = batch.state in (BatchState.QUEUED, BatchState.RUNNING, BatchState.PACED) or bool(
            batch.n_done or batch.n_failed
        )
        self.is_selectable = batch.is_final and bool(batch.n_failed)  # type: ignore[misc]
        self.columns = (  # type: ignore[misc]
            Column("row", _l("Row"), lambda row: text(row.number), sort=Sort("number"), css="num", is_fixed=True),
            Column("company", _l("Customer"), self._customer, css="clip", is_fixed=True, heads_row=True),
            Column("verdict", _l("Outcome") if self.has_run else _l("Verdict"), self._verdict, is_fixed=True),
            Column("reason", _l("Reason"), self._reason, css="wrap", is_fixed=True),
            Column("uid", _l("UID"), self._uid),
            Column("email", _l("E-mail"), lambda row: clipped(row.email), css="clip"),
        )
        super().__init__(actor, data)

    def address(self) -> str:
        return reverse(self.url_name, args=[self.batch.pk])

    def rows(self) -> QuerySet[BatchRow]:
        return list_rows(self.actor, self.batch, **self.query.filters)

    def label(self, row: BatchRow) -> str:
        return row.company or row.typed or str(row.number)

    def is_selected(self, row: BatchRow) -> bool:
        """What was not done stays chosen, to be tried again."""
        return row.outcome == RowOutcome.FAILED

    def table(self) -> Table:
        table = super().table()
        if self.is_selectable and table.pager:
            again = {"name": "again", "value": "1", "label": _("Try again"), "icon": "rotate-cw", "action": ""}
            table.bulk = {
                "action": reverse("linking:batch_again", args=[self.batch.pk]),
                "query": self.query.string(),
                "total": table.pager["total"],
                "is_capped": table.pager["is_capped"],
                "buttons": [again],
            }
        return table

    def _customer(self, row: BatchRow) -> str:
        if row.invitation_id is None:
            return clipped(row.company)
        return link(reverse("linking:invitation_detail", args=[row.invitation_id]), row.company or row.email)

    def _uid(self, row: BatchRow) -> str:
        """Kept from colleagues who may have to type it as the second person."""
        if row.outcome == RowOutcome.CHECK and self.batch.user_id != self.actor.user_pk:
            return text("•" * len(row.uid), css="mono")
        return text(row.uid or row.typed, css="mono")

    def _verdict(self, row: BatchRow) -> str:
        if self.has_run and row.verdict != RowVerdict.REFUSE:
            outcome = RowOutcome(row.outcome)
            return str(badge(OUTCOME_TONES[outcome], batch_wording.outcome_label(outcome, self.batch)))
        if not row.verdict:  # not checked yet, or the file was stopped as a whole
            return text("")
        return str(badge(VERDICT_TONES[RowVerdict(row.verdict)], RowVerdict(row.verdict).label))

    def _reason(self, row: BatchRow) -> str:
        parts = [text(row.reason)] if row.reason else []
        parts += [f'<span class="soft">{text(one)}</span>' for one in (row.fix, row.note) if one]
        return "<br>".join(parts) or text("")

    def totals(self) -> list[dict[str, Any]]:
        """The verdicts, or what came of the rows, with their numbers; each leads to its rows."""
        counts = self.batch.counts
        found: list[tuple[str, RowVerdict | RowOutcome, str]] = []
        if self.has_run:
            found += [("outcome", one, batch_wording.outcome_label(one, self.batch)) for one in RowOutcome]
            found.append(("verdict", RowVerdict.REFUSE, str(RowVerdict.REFUSE.label)))
        else:
            found += [("verdict", one, str(one.label)) for one in RowVerdict]
        return [
            {
                "label": label,
                "n": counts[one],
                "url": self.url_with(**{"verdict": None, "outcome": None, name: one.value}),
            }
            for name, one, label in found
            if counts.get(one)
        ]

    def _back_url(self) -> str:
        """Where the rows came from: a new file, or the list as it was."""
        if self.batch.kind == BatchKind.INVITE:
            return reverse("linking:batch_new")
        return f"{reverse('linking:invitation_list')}?{self.batch.query}"

    def context(self) -> dict[str, Any]:
        batch = self.batch
        return {
            "batch": batch,
            "totals": self.totals(),
            "progress": progress(batch),
            "has_run": self.has_run,
            "effect": batch_wording.effect(batch),
            "start_label": batch_wording.start_label(batch),
            "result": batch_wording.result(batch),
            "back_url": self._back_url(),
            "form": ReasonForm() if batch.kind == BatchKind.WITHDRAW else None,
        }


def progress(batch: LinkBatch) -> dict[str, Any]:
    """The context of `ui/progress.html`."""
    is_stopping = batch.is_busy and batch.cancel_requested
    is_checking = batch.state in (BatchState.CHECK_QUEUED, BatchState.CHECKING)
    return {
        "id": "job",
        "url": reverse("linking:batch_progress", args=[batch.pk]),
        "is_final": not batch.is_busy,
        "state": batch.state,
        "state_label": batch.get_state_display(),
        "done": batch.n_done + batch.n_failed,
        "total": None if is_checking else batch.n_going,
        "text": _("Being cancelled: it ends after the present row.") if is_stopping else batch_wording.pace(batch),
        "cancel_url": reverse("linking:batch_cancel", args=[batch.pk]) if batch.is_busy and not is_stopping else "",
    }
