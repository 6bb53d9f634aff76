"""The list of links: the pipeline by whose turn it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from linking import selectors
from linking.filters import InvitationFilters
from linking.models import Invitation
from linking.models.batch import BatchKind
from linking.overview import open_links_by_turn
from linking.states import Turn
from linking.tables import COLUMNS, uid_cell
from partner_console.access.policy import Permission, allows
from partner_console.access.selectors import managers_for_choice
from partner_console.web.listing import ListPage
from partner_console.web.tables import clipped

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from partner_console.web.tables import Column, Table

EXPORT = "linking.invitations"
RENAMED = {"progress": "progress_is", "turn": "turn_is"}
BULK = (
    (BatchKind.REMIND, gettext_lazy("Remind"), "bell"),
    (BatchKind.WITHDRAW, gettext_lazy("Withdraw"), "undo-2"),
    (BatchKind.REINVITE, gettext_lazy("Invite anew"), "user-plus"),
)
TURNS = (
    (Turn.US, gettext_lazy("Ours to do"), gettext_lazy("Drafts, and links the cloud refused.")),
    (Turn.SECOND_PERSON, gettext_lazy("Second person"), gettext_lazy("To be checked before they are sent.")),
    (Turn.CUSTOMER, gettext_lazy("Customer"), gettext_lazy("They have a mail from us.")),
    (Turn.CLOUD, gettext_lazy("Cloud"), gettext_lazy("Approved; the cloud is working.")),
)


class InvitationPage(ListPage[Invitation]):
    """Every invitation of the partner, newest first: whose turn, how old, when it ends."""

    url_name, template = "linking:invitation_list", "linking/invitation_list.html"
    permission, caption = Permission.LINK_VIEW, gettext_lazy("Links")
    model, columns, filters, default_sort = Invitation, COLUMNS, InvitationFilters, "-age"
    is_selectable = True

    def rows(self) -> QuerySet[Invitation]:
        wanted = {RENAMED.get(name, name): value for name, value in self.query.filters.items()}
        return selectors.list_invitations(self.actor, **wanted)

    def label(self, row: Invitation) -> str:
        return f"{row.company} {selectors.shown_email(self.actor, row)}"

    def shown_columns(self) -> list[Column]:
        def uid(row: Invitation) -> str:
            return uid_cell(row, is_hidden=selectors.hides_uid(self.actor, row))

        def email(row: Invitation) -> str:
            return clipped(selectors.shown_email(self.actor, row))

        bound = {"uid": uid, "email": email}
        return [replace(one, cell=bound[one.key]) if one.key in bound else one for one in self.query.columns]

    def table(self) -> Table:
        table = super().table()
        if table.pager:
            buttons = [
                {"name": "action", "value": kind.value, "label": label, "icon": icon, "action": ""}
                for kind, label, icon in BULK
                if allows(self.actor, Permission.LINK_INVITE)
            ]
            export = f"{reverse('exports:job_new')}?spec={EXPORT}"
            table.bulk = {
                "action": reverse("linking:bulk"),
                "query": self.query.string(),
                "total": table.pager["total"],
                "is_capped": table.pager["is_capped"],
                "buttons": [
                    *buttons,
                    {"name": "action", "value": "export", "label": _("Export"), "icon": "download", "action": export},
                ],
            }
        return table

    def context(self) -> dict[str, Any]:
        return {
            "turns": self._turns,
            "managers": lambda: managers_for_choice(self.actor),
            "export_url": self.export_url(EXPORT),
            "tools": ("linking/_list_export.html",),
        }

    def _turns(self) -> list[dict[str, Any]]:
        """How many wait for whom, each leading to its rows; read only when the whole page is drawn."""
        counts, chosen = open_links_by_turn(self.actor), self.query.filters.get("turn", [])
        return [
            {
                "label": label,
                "hint": hint,
                "n": counts[turn],
                "url": f"{self.url}?turn={turn.value}",
                "is_chosen": chosen == [turn.value],
            }
            for turn, label, hint in TURNS
        ]

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state == "filtered":
            return None
        verdict = allows(self.actor, Permission.LINK_INVITE)
        return {
            "title": _("Nobody was invited yet"),
            "text": _("Invite a customer by mail: they approve on their phone, and the account is linked."),
            "icon": "link-2",
            "url": reverse("linking:invitation_new") if verdict else "",
            "label": _("Invite a customer"),
            "reason": "" if verdict else verdict.reason,
        }


@require_GET
def invitation_list(request: ActorRequest) -> HttpResponse:
    """`/links/`."""
    return InvitationPage(request.actor, request.GET).response(request)
