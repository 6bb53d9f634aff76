"""The list of links as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from linking import wording
from linking.scopes import Scope
from linking.selectors import hides_uid, shown_email
from linking.states import WITH_CUSTOMER, Turn
from linking.views.lists import InvitationPage
from partner_console.access.policy import Permission
from partner_console.exports.reading import CHUNK
from partner_console.exports.registry import Column, ExportSpec, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from django.db.models import QuerySet

    from linking.models import Invitation
    from partner_console.access.actor import Actor

QUOTA = Permission.QUOTA_VIEW

CELLS: dict[str, Callable[[Invitation], Any]] = {
    "company": lambda row: row.company,
    "status": lambda row: str(row.progress.label),
    "state": lambda row: str(row.current_state.label),
    "turn": lambda row: str(row.turn.label) if row.turn is not Turn.NOBODY else "",
    "age": lambda row: row.created_at,
    "sent": lambda row: row.sent_at,
    "expires_at": lambda row: row.expires_at if row.current_state in WITH_CUSTOMER else None,
    "reminder": lambda row: row.next_reminder_at if row.current_state in WITH_CUSTOMER else None,
    "opened": lambda row: row.opened_at,
    "approved": lambda row: row.approved_at,
    "closed": lambda row: row.closed_at,
    "language": lambda row: row.get_language_display(),
    "country": lambda row: row.country,
    "type": lambda row: row.get_account_type_display(),
    "environment": lambda row: row.get_environment_display(),
    "purpose": lambda row: row.purpose,
    "crm": lambda row: row.crm_reference,
    "scopes": lambda row: ", ".join(str(Scope(one).label) for one in row.scopes),
    "quota": lambda row: row.quota,
    "warning": lambda row: row.warning_percent,
    "policy": lambda row: row.get_shutdown_policy_display(),
    "purchase": lambda row: row.get_purchase_control_display(),
    "manager": lambda row: row.business_manager,
    "by": lambda row: str(row.created_by or ""),
    "declined": lambda row: " ".join(filter(None, (wording.declined_because(row), row.decline_reason))),
    "failure": wording.failure,
    "number": lambda row: row.pk,
    "reference": lambda row: row.reference if row.attempts else "",
}


def read(actor: Actor, rows: QuerySet[Invitation], columns: Sequence[Column]) -> Iterator[tuple[Any, ...]]:
    """One tuple per invitation, in the active language, with constant memory."""

    def uid(row: Invitation) -> str:
        return row.masked_uid if hides_uid(actor, row) else row.uid

    def email(row: Invitation) -> str:
        return shown_email(actor, row)

    cells = [{"uid": uid, "email": email}.get(column.key) or CELLS[column.key] for column in columns]
    for row in rows.iterator(chunk_size=CHUNK):
        yield tuple(cell(row) for cell in cells)


INVITATIONS = ExportSpec(
    name="linking.invitations",
    title=_("Links"),
    permission=Permission.LINK_VIEW,
    file_stem="links",
    list_page=InvitationPage,
    columns=(
        Column("company", _("Customer")),
        Column("uid", _("UID"), Kind.ID),
        Column("status", _("Status")),
        Column("state", _("Precise state")),
        Column("turn", _("Whose turn")),
        Column("age", _("Invited"), Kind.TIME),
        Column("sent", _("Sent"), Kind.TIME),
        Column("expires_at", _("Expires"), Kind.TIME),
        Column("reminder", _("Next reminder"), Kind.TIME),
        Column("opened", _("Opened"), Kind.TIME),
        Column("approved", _("Approved"), Kind.TIME),
        Column("closed", _("Ended"), Kind.TIME),
        Column("email", _("E-mail")),
        Column("language", _("Language")),
        Column("country", _("Country")),
        Column("type", _("Account type")),
        Column("environment", _("Environment")),
        Column("purpose", _("Purpose")),
        Column("crm", _("CRM reference")),
        Column("scopes", _("Permissions")),
        Column("quota", _("Starting quota"), Kind.MONEY, QUOTA),
        Column("warning", _("Quota Warning Threshold (%)"), Kind.PERCENT, QUOTA),
        Column("policy", _("Shutdown policy"), permission=QUOTA),
        Column("purchase", _("Purchase control"), permission=QUOTA),
        Column("manager", _("Business manager"), permission=QUOTA),
        Column("by", _("Invited by")),
        Column("declined", _("Declined because")),
        Column("failure", _("Failed because")),
        Column("number", _("Invitation number")),
        Column("reference", _("Reference at the cloud")),
    ),
    read=read,
    shown_as={"status": ("status", "state")},
)
