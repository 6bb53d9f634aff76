"""Columns and words of the records of freeze, shutdown, purchase control and policy changes."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from partner_console.access.policy import Permission
from partner_console.web import formats
from partner_console.web.badges import status_badge
from partner_console.web.keyset import Sort
from partner_console.web.tables import Column, link, text
from uids.states import Control, PaygStatus, PurchaseControl, ShutdownPolicy

if TYPE_CHECKING:
    from django.db.models import TextChoices
    from django.utils.safestring import SafeString

    from partner_console.cloud.models import CloudCommand
    from uids.models import ControlChange

STATES: dict[str, type[TextChoices]] = {
    Control.PAYG_FREEZE: PaygStatus,
    Control.PAYG_SHUTDOWN: PaygStatus,
    Control.PURCHASE_CONTROL: PurchaseControl,
    Control.SHUTDOWN_POLICY: ShutdownPolicy,
}


def state_in_words(what: str, value: str) -> str:
    """A state of this switch; a word a later version no longer knows stays as it was written."""
    states = STATES[what]
    return str(states(value).label) if value in states.values else value


def state_as_badge(what: str, value: str) -> SafeString:
    return status_badge(value, state_in_words(what, value))


def change_as_badges(what: str, before: str, after: str) -> str:
    """One state, an arrow, the other; heard as “… to …”."""
    becomes = escape(pgettext("from one state to another", "to"))
    arrow = f'<span aria-hidden="true">→</span><span class="visually-hidden">{becomes}</span>'
    return f"{state_as_badge(what, before)} {arrow} {state_as_badge(what, after)}"


def _change(change: ControlChange) -> str:
    """Which switch, from what to what, with what delayed shutdown allows and the master it followed."""
    lines = [text(change.get_what_display(), css="soft"), change_as_badges(change.what, change.before, change.after)]
    if change.overdraft_before != change.overdraft_after:
        before, after = (formats.amount(value) for value in (change.overdraft_before, change.overdraft_after))
        lines.append(text(_("Overdraft %(before)s → %(after)s") % {"before": before, "after": after}, css="soft"))
    if change.cause is not None:
        master = link(reverse("uids:account_detail", args=[change.cause.uid]), change.cause.uid, css="mono")
        followed = escape(_("Followed its master %s")) % master
        lines.append(f'<span class="soft">{followed}</span>')
    return "<br>".join(lines)


def _operator(change: ControlChange) -> str:
    """Who, and below it the UID that acted and by which method."""
    uid = f'<span class="mono">{escape(change.operator_uid)}</span> · ' if change.operator_uid else ""
    return f'{text(change.who)}<br><span class="soft">{uid}{text(change.get_method_display())}</span>'


def _operation(change: ControlChange) -> str:
    """Everything the same action changed, in the trail."""
    url = f"{reverse('audit:entry_list')}?operation={change.operation_id}"
    return link(url, str(change.operation_id)[:8], css="mono")


def at_the_cloud(order: CloudCommand | None) -> str:
    if order is None:
        return formats.NOTHING
    code = f'<br><span class="soft mono">{escape(order.vendor_code)}</span>' if order.vendor_code else ""
    return f"{status_badge(order.state, order.get_state_display())}{code}"


COLUMNS = (
    Column(
        "at",
        gettext_lazy("Operation time"),
        lambda change: str(formats.when_html(change.at, exact=True)),
        sort=Sort("at"),
        is_fixed=True,
        heads_row=True,
    ),
    Column("change", gettext_lazy("Change"), _change, css="wrap", is_fixed=True),
    Column("reason", gettext_lazy("Reason"), lambda change: text(change.why), css="wrap"),
    Column("operator", gettext_lazy("Operator and method"), _operator),
    Column("cloud", gettext_lazy("At the cloud")),
    Column(
        "operation",
        gettext_lazy("Operation"),
        _operation,
        title=gettext_lazy("Everything that was changed in the same action"),
        is_shown=False,
    ),
    Column("undo", gettext_lazy("Undo"), css="end stay-end", is_fixed=True, permission=Permission.CONTROL_CHANGE),
)


def undo_button(url: str, change: ControlChange) -> str:
    """The dialog that takes a change back; what tells the buttons apart is heard only."""
    label, when = escape(_("Undo")), escape(formats.absolute(change.at))
    return (
        f'<a class="btn btn-sm btn-outline-secondary" href="{url}" hx-get="{url}" hx-target="#dialog" '
        f'hx-swap="innerHTML" hx-push-url="false">{label}<span class="visually-hidden"> {when}</span></a>'
    )
