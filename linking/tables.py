"""The columns of the list of links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from linking.states import WITH_CUSTOMER, Turn
from partner_console.access.policy import Permission
from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, clipped, link, money, status, text, when
from uids.states import Environment

if TYPE_CHECKING:
    from linking.models import Invitation


def _customer(row: Invitation) -> str:
    """A test account must not be taken for a customer, whichever columns are shown."""
    name = link(reverse("linking:invitation_detail", args=[row.pk]), row.company or row.email or row.uid)
    return f"{name} {_environment(row)}" if row.environment == Environment.SANDBOX else name


def _status(row: Invitation) -> str:
    return f'{status(row.progress)} <span class="soft">{text(row.current_state.label)}</span>'


def uid_cell(row: Invitation, *, is_hidden: bool) -> str:
    """Hidden from whoever may have to type it as the second person; a draft may have none yet."""
    return text(row.masked_uid if is_hidden else row.uid, css="mono")


def _turn(row: Invitation) -> str:
    return text(row.turn.label) if row.turn is not Turn.NOBODY else text("")


def _expires(row: Invitation) -> str:
    """Only while it matters: an answered invitation has no end any more."""
    return when(row.expires_at) if row.current_state in WITH_CUSTOMER else text("")


def _reminder(row: Invitation) -> str:
    return when(row.next_reminder_at) if row.current_state in WITH_CUSTOMER else text("")


def _environment(row: Invitation) -> str:
    return status(Environment(row.environment))


COLUMNS = (
    Column("company", _("Customer"), _customer, css="stay", is_fixed=True, heads_row=True),
    Column("status", _("Status"), _status, is_fixed=True),
    Column("turn", _("Whose turn"), _turn),
    Column("age", _("Invited"), lambda row: when(row.created_at), sort=Sort("created_at")),
    Column("expires_at", _("Expires"), _expires, sort=Sort("expires_at", is_nullable=True)),
    Column("uid", _("UID")),  # bound by the page
    Column("email", _("E-mail"), css="clip"),  # bound by the page, too
    Column("environment", _("Environment"), _environment),
    Column("quota", _("Starting quota"), lambda row: money(row.quota), css="num", permission=Permission.QUOTA_VIEW),
    Column(
        "manager", _("Business manager"), lambda row: clipped(row.business_manager), css="clip",
        permission=Permission.QUOTA_VIEW, is_shown=False,
    ),
    Column("by", _("Invited by"), lambda row: text(row.created_by or ""), css="clip"),
    Column("crm", _("CRM reference"), lambda row: text(row.crm_reference), is_shown=False),
    Column("purpose", _("Purpose"), lambda row: clipped(row.purpose), css="clip", is_shown=False),
    Column("reminder", _("Next reminder"), _reminder, is_shown=False),
)  # fmt: skip
