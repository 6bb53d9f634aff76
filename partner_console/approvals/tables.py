"""The columns of the list of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.web.badges import badge
from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, link, status, text, when

if TYPE_CHECKING:
    from .models import Approval


def state_cell(approval: Approval, *, is_mine: bool = False) -> str:
    """The state; whose turn it is while it waits; and whether it was decided without a second person."""
    if is_mine:
        return str(badge("wait", _("Waiting for you"), "user-check"))
    alone = format_html(' <span class="tag">{}</span>', _("alone")) if approval.is_break_glass else ""
    return f"{status(approval.shown_state)}{alone}"


COLUMNS = (
    Column(
        "subject",
        gettext_lazy("Subject"),
        lambda row: link(reverse("approvals:approval_detail", args=[row.pk]), row.subject_label),
        is_fixed=True,
        heads_row=True,
    ),
    Column("state", gettext_lazy("State"), state_cell, is_fixed=True),
    Column("action", gettext_lazy("Action"), lambda row: text(row.title)),
    Column("asked_by", gettext_lazy("Asked by"), lambda row: text(row.asked_by or row.asked_label)),
    Column("asked", gettext_lazy("Asked"), lambda row: when(row.asked_at), sort=Sort("asked_at")),
    Column("expires", gettext_lazy("Expires"), lambda row: when(row.expires_at if row.is_waiting else None)),
    Column("decided_by", gettext_lazy("Decided by"), lambda row: text(row.decided_by or "")),
    Column("ended", gettext_lazy("Ended"), lambda row: when(row.ended_at)),
)
