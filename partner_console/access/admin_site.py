"""The operators' admin: opens only for staff whose login has a second factor (the demo's operator excepted), and
holds only pages of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from partner_console.web.admin import LookUpAdmin

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.admin import ModelAdmin
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase


def lacks_second_factor(request: HttpRequest) -> bool:
    user = request.user
    return user.is_authenticated and user.is_staff and not user.is_demo and not is_mfa_enabled(user)


class ConsoleAdminSite(AdminSite):
    site_header = site_title = gettext_lazy("Partner console: platform")
    index_title = gettext_lazy("Look up and rescue")
    enable_nav_sidebar = True

    def register(
        self,
        model_or_iterable: Any,
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Leaves out the pages packages bring along: they show sessions' keys and authenticators' secrets, write
        past the services and the trail, and carry inline styles that the content security policy refuses."""
        if admin_class is not None and issubclass(admin_class, LookUpAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not lacks_second_factor(request)

    def admin_view(
        self,
        view: Callable[..., HttpResponseBase],
        cacheable: bool = False,  # noqa: FBT001, FBT002 Django's signature
    ) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if lacks_second_factor(request):
                messages.warning(
                    request,
                    _("Set up an authenticator or a passkey first: the platform pages need a second factor."),
                )
                return HttpResponseRedirect(reverse("mfa_index"))
            return inner(request, *args, **kwargs)

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One sign-in for everybody, with its rate limits and second factors; others who are signed in get a 403."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next", reverse("admin:index")), reverse("account_login"))
