"""The URL map of the house, composed by strings: this module imports no app (style §2)."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", include("partner_console.web.urls")),
    path("uids/", include("uids.urls")),
    path("", include("quota.urls")),
    path("", include("linking.urls")),
    path("", include("partner_console.approvals.urls")),
    path("exports/", include("partner_console.exports.urls")),
    path("audit/", include("partner_console.audit.urls")),
    path("settings/", include("partner_console.access.urls")),
    path("cloud/", include("partner_console.cloud.urls")),
    # One's address is one's name here: it changes by a new invitation, on the trail, not by a form.
    path("accounts/email/", RedirectView.as_view(pattern_name="access:profile")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]

handler500 = "partner_console.web.http.server_error"
