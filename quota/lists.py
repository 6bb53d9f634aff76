"""Adjust Detail info as a list of one account, and exposure as a list of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.access.models import Partner
from partner_console.access.policy import Permission
from partner_console.exports.registry import get_spec
from partner_console.exports.selectors import may_export
from partner_console.web.listing import ListPage
from quota.filters import PERIODS, EntryFilters, ExposureFilters
from quota.models import CreditAccount, LedgerEntry
from quota.selectors.breakdown import get_breakdown, list_by_label, list_second_tier
from quota.selectors.credit import Balance, get_balance
from quota.selectors.entries import list_entries
from quota.selectors.exposure import list_exposed
from quota.tables import entry_columns, exposure_columns

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import QueryDict

    from partner_console.access.actor import Actor


class EntryPage(ListPage[LedgerEntry]):
    """The records of one account: the seed's quota changes of the last 6 months unless the filters say otherwise."""

    url_name, template = "quota:account_quota", "quota/account_quota.html"
    permission, caption = Permission.QUOTA_VIEW, gettext_lazy("Adjust Detail info")
    model, filters, default_sort = LedgerEntry, EntryFilters, "-at"

    def __init__(self, actor: Actor, data: QueryDict, balance: Balance) -> None:
        self.balance = balance
        # The partner's currency stands in the heads, so the columns are this page's own.
        self.columns = entry_columns(balance.account.partner)  # type: ignore[misc]
        super().__init__(actor, data)

    def address(self) -> str:
        return reverse(self.url_name, args=[self.balance.account.uid])

    def rows(self) -> QuerySet[LedgerEntry]:
        wanted = dict(self.query.filters)
        months = PERIODS[wanted.pop("period", "")]
        return list_entries(self.actor, account_pk=self.balance.account.pk, months=months, **wanted)

    def about(self) -> str:
        return str(self.balance.account)

    def label(self, row: LedgerEntry) -> str:
        return f"{row.get_kind_display()} {row.seq}"

    def empty_message(self, state: str) -> dict[str, Any] | None:
        if state == "filtered":
            return None
        return {
            "title": _("No quota changes in the last 6 months"),
            "text": _("Older records are kept: choose another period to see them."),
            "icon": "history",
            "url": self.url_with(period="all"),
            "label": _("Show everything"),
        }

    def context(self) -> dict[str, Any]:
        return {"may_export": may_export(self.actor, get_spec("quota.entries"))}

    @property
    def url_of_export(self) -> str:
        return self.export_url("quota.entries")

    def export_url(self, spec: str, scope: str = "filter") -> str:
        """The account goes with the query: the job must find it again."""
        return f"{super().export_url(spec, scope)}&uid={self.balance.account.uid}"


def entry_page(actor: Actor, data: QueryDict) -> EntryPage:
    """The list of a query that names its account with `uid`, as exports keep it."""
    data = data.copy()
    uid = data.pop("uid", [""])[-1]
    return EntryPage(actor, data, get_balance(actor, uid))


class ExposurePage(ListPage[CreditAccount]):
    """What customers may spend, the largest quota first, under the sums of the whole."""

    url_name, template = "quota:exposure", "quota/exposure.html"
    permission, caption = Permission.QUOTA_VIEW, gettext_lazy("Customers by quota")
    model, filters, default_sort = CreditAccount, ExposureFilters, "-amount"

    def __init__(self, actor: Actor, data: QueryDict) -> None:
        partner = Partner.objects.visible_to(actor).first() if actor.partner_pk else None
        self.columns = exposure_columns(partner.currency if partner else "")  # type: ignore[misc]
        super().__init__(actor, data)

    def rows(self) -> QuerySet[CreditAccount]:
        return list_exposed(self.actor, **self.query.filters)

    def label(self, row: CreditAccount) -> str:
        return str(row.account)

    def context(self) -> dict[str, Any]:
        """What only the whole page draws is read when it is drawn."""
        return {
            "may_export": may_export(self.actor, get_spec("quota.exposure")),
            "breakdown": lambda: get_breakdown(self.actor) if self.actor.partner_pk else None,
            "labels": lambda: list_by_label(self.actor) if self.actor.partner_pk else [],
            "second_tier": lambda: list_second_tier(self.actor),
        }

    @property
    def url_of_export(self) -> str:
        return self.export_url("quota.exposure")
