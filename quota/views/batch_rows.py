"""The rows of one batch as a list: before the run what would happen to each, after it what came of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from partner_console.access.policy import Permission
from partner_console.web import formats
from partner_console.web.badges import badge
from partner_console.web.keyset import Sort
from partner_console.web.listing import ListPage
from partner_console.web.listquery import ListFilters
from partner_console.web.tables import Column, clipped, link, money, text
from quota.models import QuotaBatchRow
from quota.models.quota_batch import QuotaBatchState, QuotaRowOutcome, QuotaRowVerdict
from quota.selectors import batches as selectors

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict

    from partner_console.access.actor import Actor
    from quota.models import QuotaBatch

S = QuotaBatchState
TONES = {
    QuotaRowVerdict.OK: "good",
    QuotaRowVerdict.WARN: "warn",
    QuotaRowVerdict.SAME: "off",
    QuotaRowVerdict.REFUSE: "bad",
    QuotaRowOutcome.WAITING: "wait",
    QuotaRowOutcome.DONE: "good",
    QuotaRowOutcome.FAILED: "bad",
    QuotaRowOutcome.AGAIN: "off",
}


class RowFilters(ListFilters):
    q = forms.CharField(label=_l("Search"), required=False, max_length=60, help_text=_l("UID or nickname"))
    verdict = forms.MultipleChoiceField(
        label=_l("Verdict"), required=False, choices=QuotaRowVerdict.choices, widget=forms.CheckboxSelectMultiple
    )
    outcome = forms.MultipleChoiceField(
        label=_l("Outcome"), required=False, choices=QuotaRowOutcome.choices, widget=forms.CheckboxSelectMultiple
    )


class RowPage(ListPage[QuotaBatchRow]):
    """`/uids/quotas/<pk>/`: everything about one batch, its rows below."""

    url_name, template = "quota:batch_detail", "quota/batches/detail.html"
    permission, caption = Permission.QUOTA_VIEW, _l("Rows")
    model, filters, default_sort = QuotaBatchRow, RowFilters, "row"

    def __init__(self, actor: Actor, data: QueryDict, batch: QuotaBatch) -> None:
        self.batch = batch
        self.has_run = batch.is_busy or bool(batch.n_done or batch.n_failed)
        self.rising_is_red = batch.partner.increase_is_red
        heading = _l("Outcome") if self.has_run else _l("Verdict")
        self.columns = (  # type: ignore[misc]
            Column("row", _l("Row"), lambda row: text(row.number), sort=Sort("number"), css="num", is_fixed=True),
            Column("uid", _l("UID"), self._account, is_fixed=True, heads_row=True, css="clip"),
            Column("before", _l("Total before"), lambda row: money(row.before), css="num", is_fixed=True),
            Column("difference", _l("Difference"), self._difference, css="num", is_fixed=True),
            Column("after", _l("Total after"), lambda row: money(row.after), css="num", is_fixed=True),
            Column("available", _l("Available after"), self._available, css="num"),
            Column("verdict", heading, self._verdict, is_fixed=True),
            Column("reason", _l("Reason"), self._reason, css="wrap", is_fixed=True),
        )
        super().__init__(actor, data)

    def address(self) -> str:
        return reverse(self.url_name, args=[self.batch.pk])

    def rows(self) -> QuerySet[QuotaBatchRow]:
        return selectors.list_rows(self.actor, self.batch, **self.query.filters)

    def label(self, row: QuotaBatchRow) -> str:
        return row.uid or row.typed_uid or str(row.number)

    def _account(self, row: QuotaBatchRow) -> str:
        if row.account is None:
            return text(row.uid or row.typed_uid, css="mono")
        uid = link(reverse("quota:account_quota", args=[row.uid]), row.uid, css="mono")
        return f'{uid}<br><span class="soft">{clipped(row.account.nickname)}</span>' if row.account.nickname else uid

    def _difference(self, row: QuotaBatchRow) -> str:
        if not row.difference:
            return text(row.typed_amount if row.after is None else "")
        return str(formats.delta_html(row.difference, rising_is_red=self.rising_is_red))

    def _available(self, row: QuotaBatchRow) -> str:
        return money(row.available)

    def _verdict(self, row: QuotaBatchRow) -> str:
        outcome, verdict = QuotaRowOutcome(row.outcome), QuotaRowVerdict(row.verdict)
        if outcome is QuotaRowOutcome.AGAIN or (self.has_run and row.is_going):
            return str(badge(TONES[outcome], outcome.label))
        return str(badge(TONES[verdict], verdict.label))

    def _reason(self, row: QuotaBatchRow) -> str:
        is_history = row.outcome == QuotaRowOutcome.DONE  # what was said before it was done
        parts = [text(row.reason, css="soft" if is_history else "")] if row.reason else []
        if row.needs_check and not self.has_run:
            parts.append(text(_("Needs a second person."), css="soft"))
        return "<br>".join(parts) or text("")

    def totals(self) -> list[dict[str, Any]]:
        """The verdicts, or what came of the rows, with their numbers; each leads to its rows."""
        found: list[tuple[str, Any]] = [("outcome", one) for one in QuotaRowOutcome] if self.has_run else []
        verdicts = (QuotaRowVerdict.SAME, QuotaRowVerdict.REFUSE) if self.has_run else tuple(QuotaRowVerdict)
        found += [("verdict", one) for one in verdicts]
        return [
            {
                "label": one.label,
                "n": self.batch.counts[one],
                "url": self.url_with(**{"verdict": None, "outcome": None, name: one.value}),
            }
            for name, one in found
            if self.batch.counts.get(one)
        ]

    def context(self) -> dict[str, Any]:
        batch = self.batch
        has_sums = batch.n_going and not self.has_run
        return {
            "batch": batch,
            "totals": self.totals(),
            "progress": progress(batch),
            "has_run": self.has_run,
            "sums": selectors.get_sums(self.actor, batch) if has_sums else None,
            "rising_is_red": self.rising_is_red,
            "result": result(batch),
            "n_left": selectors.count_not_done(self.actor, batch) if not batch.is_busy else 0,
            "approval_url": selectors.approval_url(self.actor, batch),
        }


def progress(batch: QuotaBatch) -> dict[str, Any]:
    """The context of `ui/progress.html`."""
    is_stopping = batch.is_busy and batch.cancel_requested
    going_on = _("You may leave this page.") if batch.is_busy else ""
    return {
        "id": "job",
        "url": reverse("quota:batch_progress", args=[batch.pk]),
        "is_final": not batch.is_busy,
        "state": batch.state,
        "state_label": batch.get_state_display(),
        "done": batch.n_done + batch.n_failed,
        "total": batch.n_going,
        "text": _("Being stopped: it ends after the present rows.") if is_stopping else going_on,
        "cancel_url": reverse("quota:batch_cancel", args=[batch.pk]) if batch.is_busy and not is_stopping else "",
    }


def result(batch: QuotaBatch) -> str:
    """What came of a batch that has ended."""
    if not batch.n_done and not batch.n_failed:
        return _("Nothing was changed.")
    done = ngettext("%(n)s quota was changed.", "%(n)s quotas were changed.", batch.n_done) % {
        "n": formats.count(batch.n_done)
    }
    if not batch.n_failed:
        return done
    left = ngettext("%(n)s row was not done.", "%(n)s rows were not done.", batch.n_failed) % {
        "n": formats.count(batch.n_failed)
    }
    return formats.sentences(done, left)
