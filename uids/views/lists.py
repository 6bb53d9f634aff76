"""The Linked User ID list."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from partner_console.access.policy import Permission, allows
from partner_console.web.listing import ListPage
from quota.selectors import accounts_with_uid, is_too_short, list_uids_with_quota, uids_to_count
from uids import selectors
from uids.filters import AccountFilters
from uids.models import LinkedAccount
from uids.tables import COLUMNS, AccountCells, fields_to_read

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponse

    from partner_console.access.middleware import ActorRequest
    from partner_console.web.tables import Column, Table

EXPORT = "uids.accounts"
CHANGED = "account-changed"  # the event that says a row may look different now
BULK = (
    ("manager", gettext_lazy("Business manager"), "user-pen", Permission.UID_EDIT_MANAGER),
    ("labels", gettext_lazy("Labels"), "tags", Permission.UID_EDIT),
    ("remarks", gettext_lazy("Remarks"), "notebook-pen", Permission.UID_EDIT),
    ("controls", gettext_lazy("Shutdown control"), "power", Permission.CONTROL_CHANGE),
    ("quotas", gettext_lazy("Set quotas"), "wallet", Permission.QUOTA_EDIT),
    ("export", gettext_lazy("Export"), "download", Permission.UID_EXPORT),
)


class AccountPage(ListPage[LinkedAccount]):
    """Every linked account of a partner: 3 or 1,000,000."""

    url_name, template = "uids:account_list", "uids/account_list.html"
    permission, caption = Permission.UID_VIEW, gettext_lazy("Linked User IDs")
    model, columns, filters, default_sort = LinkedAccount, COLUMNS, AccountFilters, "-linked"
    is_selectable = True

    def rows(self) -> QuerySet[LinkedAccount]:
        keys = {column.key for column in self.query.columns}
        rows = list_uids_with_quota(self.actor, **self.query.filters).only(*fields_to_read(keys))
        return rows.prefetch_related("labels") if "labels" in keys else rows

    def counted(self) -> QuerySet[LinkedAccount]:
        return uids_to_count(self.actor, **self.query.filters)

    def pinned(self) -> list[LinkedAccount]:
        filters = dict(self.query.filters)
        needle = filters.pop("q", "")
        return accounts_with_uid(self.actor, needle, **filters) if needle else []

    def label(self, row: LinkedAccount) -> str:
        return f"{row.uid} {row.nickname}"

    def shown_columns(self) -> list[Column]:
        cells = AccountCells(self.actor, self.query.string() or f"sort={self.default_sort}")
        return [replace(column, cell=getattr(cells, column.key)) for column in self.query.columns]

    def table(self) -> Table:
        table = super().table()
        table.refresh = (CHANGED, self.here)
        if table.pager:
            actions = {
                "export": f"{reverse('exports:job_new')}?spec={EXPORT}",
                "quotas": reverse("uids:bulk_quotas"),
            }
            table.bulk = {
                "action": reverse("uids:bulk_edit"),
                "query": self.query.string(),
                "total": table.pager["total"],
                "is_capped": table.pager["is_capped"],
                "buttons": [
                    {"name": "change", "value": value, "label": label, "icon": icon, "action": actions.get(value, "")}
                    for value, label, icon, permission in BULK
                    if allows(self.actor, permission)
                ],
            }
        return table

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state == "filtered":
            if not is_too_short(self.query.filters.get("q", "???")):
                return None
            return {
                "title": _("Nothing matches"),
                "text": _("Fewer than 3 characters are only looked for at the beginning of UIDs: type one more."),
                "icon": "search-x",
            }
        may_invite = allows(self.actor, Permission.LINK_INVITE)
        return {
            "title": _("No linked accounts yet"),
            "text": _("Invite a customer: when they approve, their account stands here. Or import those you have."),
            "icon": "users",
            "url": reverse("linking:invitation_new") if may_invite else "",
            "label": _("Invite a customer"),
            "reason": may_invite.reason,
        }

    @property
    def view_query(self) -> str:
        """What the page of saved views is asked to keep."""
        return urlencode({"query": self.query.string()})

    def context(self) -> dict[str, Any]:
        """What only the whole page draws is read when it is drawn."""
        return {
            "views": selectors.list_views(self.actor),
            "managers": lambda: selectors.list_business_managers(self.actor),
            "export_url": self.export_url(EXPORT),
            "tools": ("uids/_views_menu.html", "uids/_export_link.html"),
        }


@require_GET
def account_list(request: ActorRequest) -> HttpResponse:
    """The list; opened bare, with the view this person chose to begin with."""
    if not request.GET and (view := selectors.default_view(request.actor)) and view.query:
        return HttpResponseRedirect(f"{reverse('uids:account_list')}?{view.query}")
    return AccountPage(request.actor, request.GET).response(request)
