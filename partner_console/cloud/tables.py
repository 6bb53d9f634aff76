"""The columns of the list of orders to the cloud."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.policy import allows
from partner_console.cloud.advice import BROUGHT_IN_LINE, TAKEN_BACK, advice
from partner_console.cloud.models import CloudCommand, CommandState, Operation
from partner_console.cloud.services.commands import PERMISSION
from partner_console.web import formats
from partner_console.web.badges import status_badge
from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, link, text, when

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from partner_console.access.actor import Actor

RETRYABLE = (CommandState.REFUSED, CommandState.UNKNOWN)


def _what(command: CloudCommand) -> str:
    """The operation and the value asked for."""
    payload = command.payload
    value = (
        payload.get("amount")
        or payload.get("percent")
        or payload.get("control")
        or payload.get("policy")
        or payload.get("trustee_uid")
        or ""
    )
    shown = f' <span class="soft">{escape(str(value))}</span>' if value else ""
    return f"{text(command.get_operation_display())}{shown}"


def _answer(command: CloudCommand) -> str:
    """The cloud's code and message, and what to do about them."""
    said = " ".join(part for part in (command.vendor_code, command.vendor_message) if part)
    undone = BROUGHT_IN_LINE if command.state == CommandState.UNKNOWN else TAKEN_BACK
    todo = str(undone if command.undone_at else advice(command.state, command.vendor_code))
    if not said and not todo:
        return formats.NOTHING
    hint = f'<p class="hint">{escape(todo)}</p>' if todo else ""
    return f"{escape(said)}{hint}"


def retry_cell(actor: Actor, request: HttpRequest, back: str) -> Callable[[CloudCommand], str]:
    """A button for what may be sent again, for who may order it; afterwards one is at `back`."""

    def cell(command: CloudCommand) -> str:
        if command.state not in RETRYABLE or command.undone_at is not None:
            return ""
        if not allows(actor, PERMISSION[Operation(command.operation)]):
            return ""
        if command.vendor_code == "not_offered":  # asking again would not help: people do it
            return format_html(
                '<a class="btn btn-sm btn-outline-secondary" href="{}">{}<span class="visually-hidden"> {}</span></a>',
                reverse("cloud:command_by_hand", args=[command.pk]),
                _("Done by hand"),
                f"{command.get_operation_display()} {command.uid}",
            )
        return format_html(
            '<form method="post" action="{}"><input type="hidden" name="csrfmiddlewaretoken" value="{}">'
            '<input type="hidden" name="next" value="{}">'
            '<button class="btn btn-sm btn-outline-secondary" type="submit">'
            '{}<span class="visually-hidden"> {}</span></button></form>',
            reverse("cloud:command_retry", args=[command.pk]),
            get_token(request),
            back,
            _("Retry"),
            f"{command.get_operation_display()} {command.uid}",
        )

    return cell


COLUMNS = (
    Column(
        "created", gettext_lazy("Asked at"), lambda row: when(row.created_at), sort=Sort("created_at"), is_fixed=True
    ),
    Column(
        "uid",
        gettext_lazy("UID"),
        lambda row: link(reverse("uids:account_detail", args=[row.uid]), row.uid, css="mono"),
        is_fixed=True,
        heads_row=True,
    ),
    Column("operation", gettext_lazy("Operation"), _what),
    Column(
        "state", gettext_lazy("State"), lambda row: str(status_badge(row.state, row.get_state_display())), is_fixed=True
    ),
    Column("retry", gettext_lazy("Actions"), lambda _command: "", css="end", is_fixed=True),
    Column("answer", gettext_lazy("What the cloud said"), _answer, css="wrap"),
    Column("reason", gettext_lazy("Reason"), lambda row: text(row.reason), css="wrap"),
    Column("asked_by", gettext_lazy("Asked by"), lambda row: text(row.who)),
    Column("attempts", gettext_lazy("Attempts"), lambda row: text(row.attempts), css="num", is_shown=False),
    Column("finished", gettext_lazy("Answered at"), lambda row: when(row.finished_at)),
)
