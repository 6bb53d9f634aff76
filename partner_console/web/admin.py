"""What every admin page of ours shares: looking up and rescuing, never silent edits (style §18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import ModelAdmin, ShowFacets
from django.core.paginator import Paginator
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django.db.models import Model
    from django.http import HttpRequest

COUNT_CAP = 10_000


class CappedPaginator(Paginator):  # type: ignore[type-arg]  # generic over the page's objects
    """Counts no further than 10,000: an exact count of a million rows is a page's whole time."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list  # a queryset: the admin pages nothing else
        return len(rows.order_by()[:COUNT_CAP].values_list("pk"))


class LookUpAdmin(ModelAdmin):  # type: ignore[type-arg]  # generic over each model
    """Read-only: rows are written by services. Nothing of a tenant is ever deleted here."""

    list_per_page = 50
    list_select_related: ClassVar[Any] = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # facets count the whole table
    paginator = CappedPaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
