"""Batches in words: what starting does, how fast it goes, what came of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from linking.models.batch import BatchKind, BatchState, RowOutcome
from linking.services.batches.acting import SENDING
from linking.services.mailing import KEPT_FOR_PEOPLE, PARTNER_WINDOW, PER_PARTNER
from partner_console.web import formats

if TYPE_CHECKING:
    from linking.models import LinkBatch

A_TURN = PER_PARTNER - KEPT_FOR_PEOPLE
MINUTES = int(PARTNER_WINDOW.total_seconds()) // 60


def outcome_label(outcome: RowOutcome, batch: LinkBatch) -> str:
    if outcome is RowOutcome.DONE:
        return {
            BatchKind.INVITE: _("Invited"),
            BatchKind.REMIND: _("Reminded"),
            BatchKind.WITHDRAW: _("Withdrawn"),
            BatchKind.REINVITE: _("Invited anew"),
        }[BatchKind(batch.kind)]
    return str(outcome.label)


def effect(batch: LinkBatch) -> str:
    """What [Start] does."""
    n = batch.n_going
    words = {
        BatchKind.INVITE: ngettext(
            "%(n)s customer is sent an invitation.", "%(n)s customers are sent an invitation each.", n
        ),
        BatchKind.REMIND: ngettext(
            "%(n)s customer is sent a reminder.", "%(n)s customers are sent a reminder each.", n
        ),
        BatchKind.WITHDRAW: ngettext(
            "%(n)s invitation is withdrawn: its link stops working at once and says so. No mail is sent.",
            "%(n)s invitations are withdrawn: their links stop working at once and say so. No mail is sent.",
            n,
        ),
        BatchKind.REINVITE: ngettext(
            "%(n)s customer is sent a new invitation with what was asked before.",
            "%(n)s customers are sent a new invitation each, with what was asked before.",
            n,
        ),
    }
    text = words[BatchKind(batch.kind)] % {"n": formats.count(n)}
    return f"{text} {takes(batch, n)}".strip()


def start_label(batch: LinkBatch) -> str:
    n, words = batch.n_going, {
        BatchKind.INVITE: ngettext("Invite %(n)s customer", "Invite %(n)s customers", batch.n_going),
        BatchKind.REMIND: ngettext("Remind %(n)s customer", "Remind %(n)s customers", batch.n_going),
        BatchKind.WITHDRAW: ngettext("Withdraw %(n)s invitation", "Withdraw %(n)s invitations", batch.n_going),
        BatchKind.REINVITE: ngettext("Invite %(n)s customer anew", "Invite %(n)s customers anew", batch.n_going),
    }  # fmt: skip
    return words[BatchKind(batch.kind)] % {"n": formats.count(n)}


def takes(batch: LinkBatch, n: int) -> str:
    """How long mails to `n` customers take, when that is more than a moment; "" otherwise."""
    if batch.kind not in SENDING or n <= A_TURN:
        return ""
    minutes = (n - 1) // A_TURN * MINUTES
    how_long = (
        ngettext("about %(n)d minute", "about %(n)d minutes", minutes) % {"n": minutes}
        if minutes < 120
        else ngettext("about %(n)d hour", "about %(n)d hours", round(minutes / 60)) % {"n": round(minutes / 60)}
    )
    return _("At most %(mails)d mails go out in 5 minutes, so it takes %(time)s.") % {
        "mails": PER_PARTNER,
        "time": how_long,
    }


def pace(batch: LinkBatch) -> str:
    """What the page says beside the progress."""
    if not batch.is_busy:
        return ""
    if batch.state == BatchState.PACED and batch.next_at is not None:
        soon = takes(batch, batch.n_waiting) or _("The next mails go out in a few minutes.")
        return formats.sentences(soon, _("You may leave this page."))
    if batch.state in (BatchState.CHECK_QUEUED, BatchState.CHECKING):
        return _("Nothing is sent yet. You may leave this page.")
    return _("You may leave this page.")


def result(batch: LinkBatch) -> str:
    """What came of a batch that has ended."""
    done = ngettext("%(n)s row was done.", "%(n)s rows were done.", batch.n_done) % {"n": formats.count(batch.n_done)}
    n_not = batch.n_failed
    if not n_not:
        return done
    rest = ngettext(
        "%(n)s row was not: it is still chosen below, to be tried again.",
        "%(n)s rows were not: they are still chosen below, to be tried again.",
        n_not,
    )
    return f"{done} {rest % {'n': formats.count(n_not)}}"
