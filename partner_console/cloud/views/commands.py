"""Orders to the cloud: their list, and sending one again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from partner_console.access.policy import Permission
from partner_console.cloud import selectors, services
from partner_console.cloud.filters import CommandFilters
from partner_console.cloud.forms import ByHandForm
from partner_console.cloud.models import CloudCommand
from partner_console.cloud.tables import COLUMNS, retry_cell
from partner_console.web.confirm import ConfirmPage
from partner_console.web.forms import posted
from partner_console.web.htmx import see_other
from partner_console.web.listing import ListPage

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from partner_console.access.middleware import ActorRequest
    from partner_console.web.tables import Column


class CommandPage(ListPage[CloudCommand]):
    """What was asked of the cloud and what became of it, newest first."""

    url_name, template = "cloud:command_list", "cloud/command_list.html"
    permission, caption = Permission.CONTROL_VIEW, gettext_lazy("Orders to the cloud")
    model, columns, filters, default_sort = CloudCommand, COLUMNS, CommandFilters, "-created"

    request: HttpRequest

    def response(self, request: HttpRequest) -> HttpResponse:
        self.request = request
        return super().response(request)

    def rows(self) -> QuerySet[CloudCommand]:
        return selectors.list_commands(self.actor, **self.query.filters)

    def shown_columns(self) -> list[Column]:
        """The retry button carries this browser's token."""
        cell = retry_cell(self.actor, self.request, self.here)
        return [replace(column, cell=cell) if column.key == "retry" else column for column in self.query.columns]

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state == "filtered":
            return None
        return {
            "title": _("Nothing was asked of the cloud yet"),
            "text": _("Changes of quota, warning thresholds and freezes show here with the cloud's answer."),
            "icon": "cloud",
        }


@require_GET
def command_list(request: ActorRequest) -> HttpResponse:
    """`/cloud/`: the outbox of orders."""
    return CommandPage(request.actor, request.GET).response(request)


@require_POST
def command_retry(request: ActorRequest, pk: int) -> HttpResponse:
    """Send a refused order, or one of unknown outcome, again; back to where the button stood."""
    command = services.retry(actor=request.actor, command_pk=pk)
    messages.success(request, _("%(command)s is on its way to the cloud again.") % {"command": command})
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = reverse("cloud:command_list")
    return see_other(request, back)


@require_http_methods(["GET", "HEAD", "POST"])
def command_by_hand(request: ActorRequest, pk: int) -> HttpResponse:
    """Somebody did in the cloud's own console what its API does not offer, and says so."""
    command = selectors.get_command(request.actor, pk)
    services.ensure_by_hand(request.actor, command)
    page = ConfirmPage(
        request,
        None,
        back=reverse("cloud:command_list"),
        form=ByHandForm(posted(request)),
        act=lambda **given: services.record_by_hand(actor=request.actor, command_pk=pk, **given),
        done=_("Recorded: %(command)s was done by hand.") % {"command": command},
        title=_("Record that it was done by hand: %(command)s?") % {"command": command},
        effect=_("It counts as confirmed, with your note. Record it only when the cloud's own console shows it so."),
        submit=_("Record it"),
        icon="check",
    )
    return page.response()
