"""What the list is measured against, behind the same middleware: raw SQL + a minimal template, and Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import connection
from django.http import HttpResponse
from django.template import engines
from django.urls import path

from partner_console.urls import urlpatterns as console_urls
from uids.models import LinkedAccount

if TYPE_CHECKING:
    from decimal import Decimal

    from partner_console.access.middleware import ActorRequest

_SQL = """
SELECT a.uid, a.nickname, c.available, c.amount, c.warning_percent, a.relationship, a.payg_frozen, a.purchase_control,
  a.business_manager, a.country, a.email, a.linked_at
FROM uids_linkedaccount a LEFT JOIN quota_creditaccount c ON c.account_id = a.id
WHERE a.partner_id = %(partner)s {where} ORDER BY {order} LIMIT 50
"""
_NEWEST = "a.linked_at DESC, a.id DESC"
QUERIES = {
    "first": ("", _NEWEST),
    "deep": ("AND (a.linked_at, a.id) < (%(at)s, %(pk)s)", _NEWEST),
    "filtered": ("AND a.relationship = 'normal' AND a.country = 'SG'", _NEWEST),
    "frozen": (
        "AND (a.payg_frozen OR a.trustee_id IN "
        "(SELECT id FROM uids_linkedaccount WHERE partner_id = %(partner)s AND payg_frozen))",
        _NEWEST,
    ),
    "by available": ("AND c.partner_id = %(partner)s", "c.available, c.account_id"),
    "search": ("AND a.search LIKE %(needle)s", _NEWEST),
}
_TEMPLATE = (
    "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"
)


def floor(request: ActorRequest) -> HttpResponse:
    """`?of=first`: the rows of that page and nothing else: no count, no links, no words, no states."""
    where, order = QUERIES[request.GET["of"]]
    values = {"partner": request.actor.partner_pk, **{name: request.GET.get(name) for name in ("at", "pk", "needle")}}
    with connection.cursor() as cursor:
        cursor.execute(_SQL.format(where=where, order=order), values)
        rows = cursor.fetchall()
    return HttpResponse(engines["django"].from_string(_TEMPLATE).render({"rows": rows}))


class AccountAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """As one would write it in five minutes, without N+1."""

    list_display = (
        "uid", "nickname", "available", "amount", "account_type", "relationship", "payg_frozen", "purchase_control",
        "business_manager", "country", "email", "linked_at",
    )  # fmt: skip
    list_filter = ("relationship", "payg_frozen", "country")
    list_select_related = ("credit",)
    list_per_page = 50
    search_fields = ("uid", "nickname", "login_name", "email")

    @admin.display(ordering="credit__available")
    def available(self, row: Any) -> Decimal | None:
        credit = getattr(row, "credit", None)
        return credit.available if credit else None

    @admin.display(ordering="credit__amount")
    def amount(self, row: Any) -> Decimal | None:
        credit = getattr(row, "credit", None)
        return credit.amount if credit else None


site = admin.AdminSite(name="bench")
site.register(LinkedAccount, AccountAdmin)

urlpatterns = [path("bench/floor/", floor), path("bench/admin/", site.urls), *console_urls]
