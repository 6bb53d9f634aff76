"""The list of links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from linking import selectors
from linking.filters import InvitationFilters
from linking.models import Invitation
from linking.tables import COLUMNS
from partner_console.access.policy import Permission, allows
from partner_console.web.listing import ListPage

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest

RENAMED = {"progress": "progress_is", "turn": "turn_is"}


class InvitationPage(ListPage[Invitation]):
    """Every invitation of the partner, newest first: whose turn, how old, when it ends."""

    url_name, template = "linking:invitation_list", "linking/invitation_list.html"
    permission, caption = Permission.LINK_VIEW, gettext_lazy("Links")
    model, columns, filters, default_sort = Invitation, COLUMNS, InvitationFilters, "-age"

    def rows(self) -> QuerySet[Invitation]:
        wanted = {RENAMED.get(name, name): value for name, value in self.query.filters.items()}
        return selectors.list_invitations(self.actor, **wanted)

    def label(self, row: Invitation) -> str:
        return f"{row.company} {row.uid}"

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
